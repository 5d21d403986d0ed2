"""Lines of robots.txt that are no rules: fields of one's own are no faults, misspelt ones are."""

import pytest

from lsos.web.robots import parse_robots


@pytest.mark.parametrize(
    "line, is_fault",
    [
        ("License: https://www.example.com/license.xml", False),
        ("Content-Signal: search=yes, ai-train=no", False),
        ("Request-rate: 1/5", False),
        ("Visit-time: 0600-0845", False),
        ("Noindex: /private", True),  # no crawler has read it since 2019
        ("Dissalow: /x", True),
        ("Dsallow: /x", True),
        ("Alow: /x", True),
        ("User agent: *", True),
        ("Sitmap: /sitemap.xml", True),
        ("foo bar baz", True),
        ("<html>: x", True),
    ],
)
def test_only_what_was_meant_otherwise_is_a_fault(line: str, is_fault: bool) -> None:
    found = parse_robots(f"User-agent: *\nAllow: /\n{line}\n").invalid_lines
    assert found == ([f"3: {line}"] if is_fault else [])
