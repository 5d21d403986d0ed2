"""What a user reads as rank, visibility and change must follow the written formulas."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.domains.rank.providers.synthetic import search
from lsos.domains.rank.rules import (
    CTR_CURVES,
    DEFAULT_CURVE,
    DEPTH,
    SIGNALS,
    BusinessIdentity,
    Organic,
    Place,
    Point,
    RankQuery,
    SearchPage,
    Unit,
    judge,
    natural_key,
    steps,
    visibility,
)
from lsos.domains.rank.signals import signals_of
from lsos.domains.rank.sites import site_of

CURVE = CTR_CURVES[DEFAULT_CURVE]
DAY = date(2026, 3, 10)
OWN = BusinessIdentity(site="alder.co.uk", cids=frozenset({"17"}), place_ids=frozenset({"ChIJ1"}))


# Visibility


@pytest.mark.parametrize(
    ("units", "value", "volume"),
    [
        ([], None, 0),
        ([Unit(100, 1)], 100.0, 100),
        ([Unit(100, None)], 0.0, 100),
        # 100 * (300 * 15.7 + 100 * 28.5) / (400 * 28.5 + 100 * 28.5)
        ([Unit(300, 2), Unit(100, 1), Unit(100, None)], 100 * 7_560 / 14_250, 500),
        # Beyond the curve: nothing.
        ([Unit(10, 11), Unit(10, 20)], 0.0, 20),
        # Unknown: the median of the known, (10 + 40) / 2.
        ([Unit(None, 1), Unit(10, None), Unit(40, None)], 100 * 25 / 75, 75),
        ([Unit(None, 1), Unit(None, None)], 50.0, 2),
        ([Unit(0, 1)], None, 0),
        ([Unit(0, 1), Unit(50, 1)], 100.0, 50),
    ],
)
def test_visibility_follows_its_formula(
    units: list[Unit], value: float | None, volume: float
) -> None:
    found = visibility(units, CURVE)
    assert found.value == (None if value is None else pytest.approx(value))
    assert (found.keywords, found.volume) == (len(units), volume)


unit = st.builds(
    Unit,
    st.none() | st.integers(0, 10**9),
    st.none() | st.integers(1, 100),
)


@given(st.lists(unit, max_size=30))
def test_visibility_is_a_share(units: list[Unit]) -> None:
    value = visibility(units, CURVE).value
    assert value is None or 0 <= value <= 100 + 1e-9


@given(st.lists(unit, min_size=1, max_size=10), st.data())
def test_a_better_rank_never_lowers_visibility(units: list[Unit], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(units) - 1))
    better = list(units)
    better[index] = Unit(units[index].volume, max(1, (units[index].position or 12) - 1))
    before, after = visibility(units, CURVE).value, visibility(better, CURVE).value
    assert before is None or (after is not None and after >= before - 1e-9)


# Whose result it is


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.alder.co.uk/a?b#c", "alder.co.uk"),
        ("http://shop.alder.co.uk:8080/", "shop.alder.co.uk"),
        ("https://www.leeds.franchise.example/", "www.leeds.franchise.example"),
        (
            "https://sites.google.com/view/Alder-Plumbing/home",
            "sites.google.com/view/alder-plumbing",
        ),
        ("https://m.facebook.com/alderplumbing?ref=1", "facebook.com/alderplumbing"),
        ("https://www.youtube.com/channel/UC1", "youtube.com/channel/uc1"),
        ("https://www.youtube.com/@alder", "youtube.com/@alder"),
        ("https://www.facebook.com/", ""),
        ("https://ALDER.co.uk./", "alder.co.uk"),
        ("https://one.github.io/", "one.github.io"),
        ("https://münchen.de/", "xn--mnchen-3ya.de"),
        ("https://www.alder.example/", "alder.example"),
        ("https://co.uk/", "co.uk"),
        ("http://127.0.0.1:8099/x", "127.0.0.1"),
        ("http://[::1]/", "::1"),
        ("http://localhost/", "localhost"),
        ("not a url", ""),
        ("mailto:a@alder.co.uk", ""),
    ],
)
def test_the_site_of_a_url(url: str, site: str) -> None:
    assert site_of(url) == site


@pytest.mark.parametrize(
    ("site", "result", "is_own"),
    [
        ("https://alder.example/", "https://notalder.example/", False),
        ("https://alder.example/", "https://www.alder.example/x", True),
        ("https://www.alder.example/", "https://blog.alder.example/x", True),
        ("https://alder.example/", "https://info.example/alder.example", False),
        ("https://sites.google.com/view/alder", "https://sites.google.com/view/other", False),
        ("https://sites.google.com/view/alder", "https://sites.google.com/view/alder/home", True),
        ("https://sites.google.com/view/alder", "https://sites.google.com/view/alders", False),
        ("https://www.facebook.com/alder", "https://www.facebook.com/other", False),
        ("https://www.facebook.com/alder", "https://m.facebook.com/alder/photos", True),
        ("https://www.linkedin.com/company/alder", "https://linkedin.com/company/other", False),
        ("https://www.youtube.com/channel/UC1", "https://www.youtube.com/channel/UC2", False),
        ("https://leeds.franchise.example/", "https://york.franchise.example/", False),
        ("https://leeds.franchise.example/", "https://leeds.franchise.example/team", True),
        ("https://leeds.franchise.example/", "https://www.leeds.franchise.example/", True),
        ("https://alder.github.io/", "https://other.github.io/", False),
        ("not a url", "not a url", False),
    ],
)
def test_a_result_belongs_to_the_business_and_not_to_its_neighbour_on_the_host(
    site: str, result: str, is_own: bool
) -> None:
    assert BusinessIdentity(site=site_of(site)).matches(result) is is_own


def test_own_results_are_known_by_domain_and_ids_never_by_name() -> None:
    namesake = Place(1, "Alder Plumbing", "99", "", "https://alder.co.uk.evil.example/")
    page = SearchPage(
        organic=[
            Organic(1, "https://alder.co.uk.evil.example/", "Alder Plumbing"),
            Organic(2, "https://notalder.co.uk/", "Alder Plumbing"),
            Organic(4, "https://blog.alder.co.uk/x", "Other"),
        ],
        pack=[namesake, Place(2, "Other", "17", "")],
    )
    result = judge(page, OWN)
    assert (result.state, result.position, result.url) == ("found", 4, "https://blog.alder.co.uk/x")
    assert (result.pack_state, result.pack_position) == ("found", 2)
    by_place_id = SearchPage(organic=[], pack=[Place(3, "X", "", "ChIJ1")])
    assert judge(by_place_id, OWN).pack_position == 3
    assert judge(SearchPage(organic=[], pack=[namesake]), OWN).pack_state == "not_found"


@pytest.mark.parametrize(
    ("page", "own", "states"),
    [
        (SearchPage(organic=[], pack=[]), OWN, ("empty", "empty")),
        (SearchPage(organic=[], pack=None), OWN, ("empty", "unmeasured")),
        (SearchPage([Organic(1, "https://b.example/", "")], []), OWN, ("not_found", "empty")),
        (
            SearchPage([], [Place(1, "A", "5")]),
            BusinessIdentity(site="a.example"),
            ("empty", "unmeasured"),
        ),
        (SearchPage([], None, pack_error="provider_timeout"), OWN, ("empty", "error")),
    ],
)
def test_states_tell_what_was_seen(
    page: SearchPage, own: BusinessIdentity, states: tuple[str, str]
) -> None:
    result = judge(page, own)
    assert (result.state, result.pack_state) == states
    assert result.position is None
    assert result.pack_position is None


def test_a_place_without_ids_is_nobodys() -> None:
    page = SearchPage(organic=[], pack=[Place(1, "A")])
    assert judge(page, BusinessIdentity(site="", cids=frozenset({"1"}))).pack_state == "not_found"


# What is one keyword


def key(**changes: object) -> str:
    values: dict[str, object] = {
        "text": "Plumber Austin",
        "language": "en",
        "country": "US",
        "location": "",
        "latitude": None,
        "longitude": None,
        "device": "desktop",
    }
    return natural_key(**{**values, **changes})  # type: ignore[arg-type]  # a test names fields as it likes


def test_spellings_of_one_search_are_one_keyword() -> None:
    for text in (
        "plumber austin",
        "  PLUMBER   Austin ",
        "plumber\tAustin",
        "ｐｌｕｍｂｅｒ austin",
    ):
        assert key(text=text) == key()
    assert key(country="us") == key(language="EN") == key()
    assert key(latitude=30.267151, longitude=-97.0) == key(latitude=30.2671512, longitude=-97.0)


def test_what_searches_differently_is_another_keyword() -> None:
    others = [
        key(text="plumbers austin"),
        key(device="mobile"),
        key(location="Austin"),
        key(latitude=30.2, longitude=-97.7),
        key(latitude=30.3, longitude=-97.7),
        key(country="CA"),
        key(language="es"),
    ]
    assert len({key(), *others}) == len(others) + 1


# Changes


def test_a_change_stands_between_two_measured_values_only() -> None:
    series = [
        ("found", 8),
        ("error", None),
        ("found", 5),
        ("unmeasured", None),
        ("not_found", None),
        ("found", 12),
        ("found", 12),
        ("found", 15),
    ]
    points = [
        Point(DAY + timedelta(days=i), state, position)  # type: ignore[arg-type]  # a literal
        for i, (state, position) in enumerate(series)
    ]
    assert [(s.change, s.delta, s.since and (s.since - DAY).days) for s in steps(points)] == [
        (None, None, None),
        (None, None, None),
        ("up", 3, 0),
        (None, None, None),
        ("lost", None, 2),
        ("new", None, 4),
        ("same", 0, 5),
        ("down", -3, 6),
    ]


# Signals


def row(text: str, state: str, position: int | None, **more: object) -> SimpleNamespace:
    values = {
        "keyword_id": uuid4(),
        "text": text,
        "state": state,
        "position": position,
        "pack_state": "empty",
        "volume": 100,
        "day": DAY,
        "measured_at": datetime(2026, 3, 10, tzinfo=UTC),
        "source": "synthetic",
        **more,
    }
    return SimpleNamespace(**values)


def test_signals_say_what_fell_what_is_near_and_what_is_missing() -> None:
    rows = [
        row("fell", "found", 9, volume=300),
        row("lost", "not_found", None),
        row("near", "found", 4, volume=None, pack_state="not_found"),
        row("first", "found", 1, pack_state="found"),
        row("broken", "error", None),
    ]
    before = {
        rows[0].keyword_id: row("fell", "found", 4, day=DAY - timedelta(days=1)),
        rows[1].keyword_id: row("lost", "found", 20, day=DAY - timedelta(days=2)),
        rows[2].keyword_id: row("near", "found", 8, day=DAY - timedelta(days=1)),
    }
    found = {signal.code: signal for signal in signals_of(rows, before)}
    assert set(found) == {kind.code for kind in SIGNALS}
    affected = {code: (s.affected.count, s.affected.of) for code, s in found.items()}
    # The unknown volume counts as the median of 300, 100 and 100.
    assert affected == {
        "rank_dropped": (400, 600),
        "rank_striking_distance": (400, 600),
        "rank_not_found": (100, 600),
        "pack_absent": (100, 200),
        "rank_errors": (1, 5),
    }
    assert found["rank_dropped"].affected.sample == ["fell", "lost"]
    assert found["rank_dropped"].measured_share == pytest.approx(0.8)
    assert {signal.source for signal in found.values()} == {"synthetic"}


def test_nothing_measured_gives_no_signal() -> None:
    assert signals_of([], {}) == []
    quiet = [row("a", "found", 1, pack_state="found")]
    assert signals_of(quiet, {}) == []


# Synthetic ranks


def question(number: int, day: date = DAY, **changes: object) -> RankQuery:
    values = {"text": f"plumber {number}", "language": "en", "country": "US", "day": day}
    return RankQuery(**{**values, **changes})  # type: ignore[arg-type]  # a test names fields as it likes


def test_synthetic_ranks_repeat_and_have_plausible_shares() -> None:
    own = BusinessIdentity(site="alder.example", cids=frozenset({"17"}))
    results = [judge(search(question(i), own), own) for i in range(3_000)]
    assert results[:50] == [judge(search(question(i), own), own) for i in range(50)]
    states = Counter(result.state for result in results)
    assert 0.06 < states["not_found"] / 3_000 < 0.10
    assert 0.01 < states["empty"] / 3_000 < 0.03
    assert {r.position for r in results} > set(range(1, DEPTH + 1))
    packs = Counter(result.pack_state for result in results)
    assert packs["found"] > packs["not_found"] > 100


def test_synthetic_ranks_drift_slowly() -> None:
    own = BusinessIdentity(site="alder.example")
    jumps, changed = [], 0
    for number in range(60):
        series = [
            judge(search(question(number, DAY + timedelta(days=d)), own), own).position
            for d in range(40)
        ]
        both = [(a, b) for a, b in pairwise(series) if a and b]
        jumps += [abs(a - b) for a, b in both]
        changed += len(set(series)) > 1
    assert max(jumps) <= 2
    assert changed > 30


def test_a_point_ranks_otherwise_than_its_town() -> None:
    own = BusinessIdentity(site="alder.example")
    at = [search(question(i, latitude=30.2, longitude=-97.7), own) for i in range(40)]
    off = [search(question(i, latitude=30.3, longitude=-97.7), own) for i in range(40)]
    assert at != off
