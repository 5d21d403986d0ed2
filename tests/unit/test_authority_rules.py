"""Authority: the score beside competitors, and links that keep their identity."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.domains.authority import rules, synthetic
from lsos.domains.authority.rules import RawLink

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "own, competitors, score",
    [
        (99, [99], 100.0),
        (9, [99], 50.0),
        (0, [99], 0.0),
        (200, [99, 10], 100.0),
        (9, [None, 99, 3], 50.0),
        (9, [], None),
        (9, [None], None),
        (None, [99], None),
        (3, [0], 100.0),
        (0, [0], None),
    ],
)
def test_the_score(own: int | None, competitors: list[int | None], score: float | None) -> None:
    found = rules.score(own, competitors)
    assert found == (None if score is None else pytest.approx(score))


@given(st.integers(0, 10**7), st.lists(st.integers(0, 10**7), min_size=1, max_size=9))
def test_the_score_stays_in_its_range_and_never_falls_with_a_domain_more(
    own: int, competitors: list[int]
) -> None:
    found, more = rules.score(own, competitors), rules.score(own + 1, competitors)
    if found is None:
        assert own == max(competitors) == 0
        return
    assert 0 <= found <= 100
    assert more is not None
    assert more >= found or math.isclose(more, found)


def _link(source: str, target: str = "https://own.example/") -> RawLink:
    return RawLink(source_url=source, target_url=target, anchor="", is_followed=True)


def test_a_link_is_its_two_ends() -> None:
    one, same = _link("https://a.example/1"), _link("https://a.example/1")
    assert one.key == same.key
    assert one.key != _link("https://a.example/2").key
    assert one.key != _link("https://a.example/1", "https://own.example/contact").key
    assert -(2**63) <= one.key < 2**63


@pytest.mark.parametrize(
    "url, host",
    [
        ("https://WWW.Example.com/a", "example.com"),
        ("http://127.0.0.1:8099/", "127.0.0.1"),
        ("https://a.b.example./", "a.b.example"),
        ("", ""),
        ("https://[::1", ""),
    ],
)
def test_hosts(url: str, host: str) -> None:
    assert rules.host_of(url) == host


def test_synthetic_links_are_the_same_each_time_and_live_on() -> None:
    today = synthetic.make_links("own.example", AT)
    assert today == synthetic.make_links("own.example", AT)
    tomorrow = {link.key for link in synthetic.make_links("own.example", AT + timedelta(days=1))}
    kept = tomorrow & {link.key for link in today}
    assert len(kept) > len(today) * 0.8
    assert synthetic.make_links("other.example", AT) != today
