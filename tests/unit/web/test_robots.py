"""If these fail, the crawler asks for what it must not, or takes open pages for blocked ones."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.web.facts import FetchError
from lsos.web.host_facts import RobotsGroup
from lsos.web.robots import (
    MAX_INVALID_LINES,
    MAX_ROBOTS_BYTES,
    Robots,
    Verdict,
    parse_robots,
    verdict,
)

DATA = Path(__file__).parents[2] / "data"
GOOGLE: dict[str, Any] = json.loads((DATA / "robots_google.json").read_text("utf-8"))
PROTEGO: dict[str, Any] = json.loads((DATA / "robots_protego_and_fetch.json").read_text("utf-8"))
# RFC 9309 section 2.2.1: tokens are compared whole. Protego takes hedwig-news for hedwig-news2.
WHOLE_TOKENS = {
    "protego/test_user_agent_precedence/2/group1",
    "protego/test_user_agent_precedence/2/group2",
}
ALL_BLOCKED = "User-agent: *\nDisallow: /\n"


@pytest.mark.parametrize("case", GOOGLE["cases"] + PROTEGO["matching"], ids=lambda case: case["id"])
def test_we_decide_as_the_standard_does(case: dict[str, Any]) -> None:
    is_allowed = parse_robots(case["robots_txt"]).allows(case["user_agent"], case["url"])
    assert (is_allowed == (case["expected"] == "allow")) is (case["id"] not in WHOLE_TOKENS)


@pytest.mark.parametrize("url, path", GOOGLE["aux"]["path_extraction"])
def test_the_path_of_a_url_is_found_in_any_spelling(url: str, path: str) -> None:
    robots = parse_robots(f"User-agent: *\nDisallow: /\nAllow: {path}$\n")
    assert robots.allows("bot", url)


@pytest.mark.parametrize("pattern, expected", GOOGLE["aux"]["pattern_escape"])
def test_patterns_are_percent_encoded(pattern: str, expected: str) -> None:
    robots = parse_robots(f"User-agent: *\nDisallow: {pattern}\n")
    assert robots.groups[0].rules == [("disallow", expected)]


@pytest.mark.parametrize(
    "status, error, expected",
    [
        (200, None, "parse"),
        (204, None, "parse"),
        (200, "too_large", "parse"),
        (404, None, "allow_all"),
        (410, None, "allow_all"),
        (401, None, "allow_all"),
        (403, None, "allow_all"),
        (400, None, "allow_all"),
        (304, None, "allow_all"),
        (301, "too_many_redirects", "allow_all"),
        (0, "too_many_redirects", "allow_all"),
        (429, None, "disallow_all"),
        (500, None, "disallow_all"),
        (502, None, "disallow_all"),
        (503, None, "disallow_all"),
        (600, None, "disallow_all"),
        (0, None, "disallow_all"),
        (0, "dns", "disallow_all"),
        (0, "timeout", "disallow_all"),
        (0, "refused", "disallow_all"),
        (0, "tls", "disallow_all"),
        (0, "address_blocked", "disallow_all"),
        (200, "timeout", "disallow_all"),
        (200, "bad_encoding", "disallow_all"),
        (404, "reset", "disallow_all"),
    ],
)
def test_what_a_response_means(status: int, error: FetchError | None, expected: Verdict) -> None:
    assert verdict(status, error) == expected


FETCH_BODIES = {
    "rf-01": b"",
    "rf-17": ALL_BLOCKED.encode(),
    "rf-21": b"<!doctype html>\n<title>Not found</title>\n<p style='color: red'>Oops: sorry</p>\n",
    "rf-22": b"User-agent: *\nAllow: /\n" + b"#" * 549_999 + b"\nDisallow: /\n",
}


@pytest.mark.parametrize("case_id", FETCH_BODIES)
def test_bodies_of_the_fetch_cases(case_id: str) -> None:
    expected = next(c["expected"] for c in PROTEGO["fetch_status"] if c["id"] == case_id)
    is_allowed = parse_robots(FETCH_BODIES[case_id]).allows("bot", "http://a.test/x")
    assert expected.startswith("allow" if is_allowed else "disallow")


@pytest.mark.parametrize(
    "body",
    [
        ALL_BLOCKED.encode("utf-8-sig"),
        ALL_BLOCKED.encode("utf-16"),
        ALL_BLOCKED.encode("utf-16-be"),
        ALL_BLOCKED.encode("utf-16-le"),
        ("# für uns\n" + ALL_BLOCKED).encode("latin-1"),
        ALL_BLOCKED.replace("\n", "\r").encode(),
        ALL_BLOCKED.replace("\n", "\r\n").encode(),
        ALL_BLOCKED.replace(":", " : ").upper().encode(),
    ],
)
def test_rules_are_obeyed_in_any_encoding(body: bytes) -> None:
    assert not parse_robots(body).allows("bot", "http://a.test/x")


def test_the_cut_never_makes_a_rule_wider() -> None:
    head = "User-agent: *\n"
    filler = "#" * (MAX_ROBOTS_BYTES - len(head) - len("\nDisallow: /")) + "\n"
    robots = parse_robots(head + filler + "Disallow: /private/\n")
    assert robots.allows("bot", "http://a.test/x")
    assert parse_robots("Disallow: /" + "x" * MAX_ROBOTS_BYTES).groups == []


@pytest.mark.parametrize(
    "pattern, url, is_allowed",
    [
        ("/a%62c", "http://a.test/abc", False),
        ("/abc", "http://a.test/a%62c", False),
        ("/a%2fb", "http://a.test/a%2Fb", False),
        ("/a%2Fb", "http://a.test/a/b", True),
        ("/ü", "http://a.test/%C3%BC", False),
        ("/a b", "http://a.test/a%20b", False),
        ("/a%2Ab", "http://a.test/a*b", False),
        ("/a%2Ab", "http://a.test/axb", True),
        ("/a$b", "http://a.test/a$b", False),
        ("/a$b", "http://a.test/a", True),
        ("/a%24", "http://a.test/a$", False),
        ("*.pdf$", "http://a.test/x.pdf", False),
        ("*.pdf$", "http://a.test/x.pdf?y", True),
        ("/?q='a'", "http://a.test/?q=%27a%27", False),
        ("/{a}", "http://a.test/%7Ba%7D", False),
        ("", "http://a.test/", True),
        ("x", "http://a.test/x", True),
        ("/", "http://a.test/robots.txt", True),
        ("/", "http://a.test/robots.txt.bak", False),
    ],
)
def test_patterns_and_paths_are_compared_in_one_spelling(
    pattern: str, url: str, is_allowed: bool
) -> None:
    robots = parse_robots(f"User-agent: *\nDisallow: {pattern}\n")
    assert robots.allows("bot", url) is is_allowed


@pytest.mark.parametrize(
    "text, agent, is_allowed",
    [
        ("user-agent: a\ndisallow: /\nuser-agent: *\nallow: /", "A", False),
        (
            "user-agent: a\nallow: /y\nuser-agent: b\nallow: /\nuser-agent: a\ndisallow: /",
            "a",
            False,
        ),
        ("user-agent: MJ12bot\ndisallow: /", "mj12bot", False),
        ("user-agent: Bot/2.0\ndisallow: /", "bot", False),
        ("user-agent: bot\n" + ALL_BLOCKED, "bot", False),
        ("user-agent: bot\ndisallow:\n" + ALL_BLOCKED, "bot", True),
        ("user-agent: *x\ndisallow: /", "bot", True),
        ("user-agent:\ndisallow: /", "bot", True),
        ("useragent: *\ndisalow: /", "bot", False),
        ("user-agent: a\nsitemap: /s\nuser-agent: b\ndisallow: /", "a", False),
    ],
)
def test_groups(text: str, agent: str, is_allowed: bool) -> None:
    assert parse_robots(text).allows(agent, "http://a.test/x") is is_allowed


def test_a_delay_belongs_to_the_agents_above_it_while_rules_are_shared() -> None:
    robots = parse_robots("User-agent: slurp\nCrawl-delay: 10\n\nUser-agent: *\nDisallow: /x\n")
    assert robots.crawl_delay_s("slurp") == 10
    assert robots.crawl_delay_s("other") is None
    assert not robots.allows("slurp", "http://a.test/x")
    assert [group.agents for group in robots.groups] == [["slurp"], ["*"]]


@pytest.mark.parametrize(
    "value, delay_s",
    [("5", 5.0), ("0.5", 0.5), ("0", 0.0), ("1e9", 1e9)]
    + [(bad, None) for bad in ("nan", "inf", "-1", "", "5s", "-inf", "1e999")],
)
def test_crawl_delay(value: str, delay_s: float | None) -> None:
    robots = parse_robots(f"User-agent: *\nCrawl-delay: {value}\nDisallow:\n")
    assert robots.crawl_delay_s("bot") == delay_s


@pytest.mark.parametrize(
    "text, sitemaps",
    [
        ("", []),
        ("\ufeffSitemap: https://a.test/s.xml", ["https://a.test/s.xml"]),
        (
            "SITEMAP:https://a.test/1\nUser-agent: *\n"
            "sitemap : /2 # old\nSiteMap: /3\nsitemap:\nsitemap: /3",
            ["https://a.test/1", "/2", "/3"],
        ),
    ],
)
def test_sitemaps_are_found_anywhere(text: str, sitemaps: list[str]) -> None:
    assert parse_robots(text).sitemaps == sitemaps


def test_content_signals_stay_with_their_group() -> None:
    robots = parse_robots(
        "Content-Signal: search=no\n"
        "User-agent: *\nContent-Signal: Search=yes, ai-train=no,, bare\nAllow: /\n"
        "User-agent: GPTBot\nDisallow: /\n"
    )
    assert robots.groups[0].content_signals == [("search", "yes"), ("ai-train", "no"), ("bare", "")]
    assert robots.groups[1].content_signals == []
    assert robots.invalid_lines == []


def test_lines_that_no_crawler_reads_are_listed_with_their_number() -> None:
    robots = parse_robots(
        "Disallow: /early\n\n# fine\nUser-agent: *\nDisallow: /x # fine\nNoindex: /y\n"
        "Crawl-delay: 1\nHost: a.test\nClean-param: a\nContent-Usage: ai=n\nDisalow: /z\n"
        "Disallow /w\nhello\n"
    )
    assert robots.invalid_lines == [
        "1: Disallow: /early",
        "6: Noindex: /y",
        "11: Disalow: /z",
        "12: Disallow /w",
        "13: hello",
    ]
    assert robots.groups[0].rules == [("disallow", "/x"), ("disallow", "/z"), ("disallow", "/w")]


def test_a_web_page_lists_few_lines() -> None:
    robots = parse_robots("<p>hello</p>\n" * 1_000)
    assert len(robots.invalid_lines) == MAX_INVALID_LINES
    assert robots.allows("bot", "http://a.test/x")


def test_stored_groups_answer_as_the_file_did() -> None:
    stored = [RobotsGroup(agents=["gptbot"], rules=[("disallow", "/"), ("allow", "/index.html")])]
    robots = Robots(stored)
    assert robots.allows("GPTBot", "https://a.test/")
    assert not robots.allows("GPTBot", "https://a.test/x")
    assert robots.allows("Googlebot", "https://a.test/x")


def test_a_hostile_pattern_does_not_hang() -> None:
    robots = parse_robots("user-agent: *\ndisallow: /" + "*a" * 8_000 + "*b$\n")
    assert robots.allows("bot", "http://a.test/" + "a" * 4_000)


LINES = st.lists(
    st.tuples(
        st.sampled_from(["user-agent", "allow", "disallow", "crawl-delay", "sitemap", "x", "#"]),
        st.sampled_from([":", " ", "", ": "]),
        st.text(alphabet="*$/ab%2F ü#", max_size=8),
    ).map("".join)
).map("\n".join)


@given(st.one_of(st.binary(), LINES, st.text()), st.text(max_size=8), st.text(max_size=20))
def test_nothing_raises(source: str | bytes, agent: str, url: str) -> None:
    robots = parse_robots(source)
    assert isinstance(robots.allows(agent, url), bool)
    assert robots.allows(agent, "http://a.test/robots.txt")


@given(LINES, st.text(alphabet="/ab%2F*$", max_size=8))
def test_a_disallow_of_everything_leaves_only_what_is_allowed(text: str, path: str) -> None:
    robots = parse_robots("user-agent: bot\ndisallow: /\n" + text)
    if robots.allows("bot", "http://a.test/" + path):
        kinds = {
            kind for group in robots.groups if "bot" in group.agents for kind, _ in group.rules
        }
        assert "allow" in kinds
