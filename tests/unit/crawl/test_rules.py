"""If these fail, two people who run the same audit read different scores."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.domains.crawl.rules import (
    MAX_TRIES,
    WEIGHTS,
    Coverage,
    Fired,
    damp,
    end_state,
    is_retryable,
    retry_delay_s,
    technical_score,
)
from lsos.web.stored import LinkFlag

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


@given(st.integers(100, 599), st.sampled_from([None, "timeout", "dns", "tls", "too_large"]))
def test_only_faults_that_may_pass_are_tried_again(status: int, error: str | None) -> None:
    assert is_retryable(status, error) is (status >= 500 or error in ("timeout", "dns"))


def test_tries_of_a_url_are_spread() -> None:
    assert [retry_delay_s(tries) for tries in range(1, MAX_TRIES)] == [0.5, 2.0]


@pytest.mark.parametrize(
    "responses, unmeasured, state",
    [(0, 0, "failed"), (0, 3, "failed"), (5, 0, "completed"), (5, 1, "completed_with_errors")],
)
def test_the_state_of_a_run_says_what_was_measured(
    responses: int, unmeasured: int, state: str
) -> None:
    assert end_state(responses=responses, unmeasured=unmeasured) == state


def test_kinds_of_links_are_named_for_exports() -> None:
    assert LinkFlag(0).kind == LinkFlag.NOFOLLOW.kind == "link"
    assert (LinkFlag.NOFOLLOW | LinkFlag.IFRAME).kind == "iframe"
    assert LinkFlag.REDIRECT.kind == "redirect"
