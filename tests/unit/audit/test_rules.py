"""If these fail, two people who run the same audit read different scores."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.domains.audit.rules import (
    WEIGHTS,
    Coverage,
    Fired,
    affected,
    damp,
    technical_score,
)

FULL = Coverage(admitted=100, measured=100)


def score(*fired: Fired, eligible: int) -> float | None:
    return technical_score(fired, eligible, FULL, robots_reachable=True)


@pytest.mark.parametrize(
    "fired, eligible, expected",
    [
        ([Fired("a", "critical", 1)], 100, 94.3),
        ([Fired("a", "critical", 100)], 100, 40.0),
        ([Fired("a", "critical", 1)], 5, 83.4),
        ([Fired("a", "medium", 25)], 100, 97.1),
        ([Fired(f"low{n}", "low", 100) for n in range(72)], 100, 90.0),
        ([Fired(f"m{n}", "medium", 100) for n in range(40)], 100, 70.0),
        ([Fired("a", "info", 100)], 100, 100.0),
        ([], 1, 100.0),
    ],
)
def test_published_examples(fired: list[Fired], eligible: int, expected: float) -> None:
    found = score(*fired, eligible=eligible)
    assert found is not None
    assert round(found, 1) == expected


@pytest.mark.parametrize(
    "eligible, coverage, is_reachable",
    [
        (0, FULL, True),
        (10, Coverage(admitted=0, measured=0), True),
        (10, Coverage(admitted=100, measured=94), True),
        (10, FULL, False),
    ],
)
def test_too_little_measured_is_no_score(
    eligible: int, coverage: Coverage, is_reachable: bool
) -> None:
    assert technical_score([], eligible, coverage, robots_reachable=is_reachable) is None


def test_coverage_of_95_percent_is_enough() -> None:
    assert technical_score([], 1, Coverage(100, 95), robots_reachable=True) == 100.0


SIZES = st.integers(1, 5_000)


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, list[Fired]]:
    eligible = draw(SIZES)
    fired = st.builds(
        Fired,
        code=st.text("abc", min_size=1, max_size=3),
        severity=st.sampled_from([*WEIGHTS, "info"]),
        affected=st.integers(0, eligible + 5).map(float),
    )
    return eligible, draw(st.lists(fired, max_size=120))


@given(cases(), st.sampled_from([*WEIGHTS, "info"]), st.integers(0, 5_000))
def test_a_score_is_in_range_and_never_up_with_one_more_finding(
    case: tuple[int, list[Fired]], severity: str, affected: int
) -> None:
    eligible, fired = case
    before = score(*fired, eligible=eligible)
    more = Fired("more", severity, float(affected))  # type: ignore[arg-type]  # a sampled literal
    after = score(*fired, more, eligible=eligible)
    assert before is not None
    assert after is not None
    assert 0 < after <= before <= 100


@given(SIZES, st.data())
def test_more_affected_pages_never_weigh_less(eligible: int, data: st.DataObject) -> None:
    few = data.draw(st.integers(0, eligible))
    many = data.draw(st.integers(few, eligible))
    assert 0 <= damp(few, eligible) <= damp(many, eligible) <= 1


ELIGIBLE = {1: "/", 2: "/a", 3: "/b"}
LINKING = {7: [1, 2], 8: [2]}


@pytest.mark.parametrize(
    "subjects, pages, alone",
    [
        ([1, 2], {1, 2}, 0),
        ([7], {1, 2}, 0),  # it fails: those that link to it
        ([7, 8, 3], {1, 2, 3}, 0),  # each page once
        ([9], set(), 1),  # it does not fail, or nobody links to it: it counts as itself
        ([9, 10, 2], {2}, 2),
        ([], set(), 0),
    ],
)
def test_what_findings_affect(subjects: list[int], pages: set[int], alone: int) -> None:
    found = affected(subjects, ELIGIBLE, lambda key: LINKING.get(key, ()))
    assert found == (pages, alone)
    assert found.count(3) == min(3, len(pages) + alone)
