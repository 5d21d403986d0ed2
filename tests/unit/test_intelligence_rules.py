"""Recommendations are computed by the documented formulas, the same list from the same facts."""

import math
import random
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.core.clock import new_id
from lsos.domains.intelligence.rules import (
    ENDED,
    OTHER_PAGES,
    STATES,
    TRANSITIONS,
    UNEXECUTED,
    Affected,
    Candidate,
    Group,
    Known,
    State,
    allowed,
    campaign_score,
    compile_candidates,
    confidence_of,
    group_of,
    impact_of,
    is_money_page,
    known_templates,
    page_share,
    slug,
    step_when_found,
    step_when_gone,
    template_of,
)
from lsos.domains.reference.bundle import BUNDLED, read_release
from lsos.domains.reference.rules import Evidence, Release, read
from lsos.signals import Affected as Items
from lsos.signals import Signal

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def release() -> Release:
    return read(read_release(BUNDLED)[0])


def fact(trust: str = "high", review_by: date = date(2027, 1, 1)) -> Evidence:
    return msgspec.convert(
        {
            "id": "a.fact",
            "statement": "Something that is so.",
            "source": "A page",
            "publisher": "Somebody",
            "url": "https://example.com/",
            "basis": "stored_copy",
            "retrieved_at": None,
            "known_as_of": "2026-01-01",
            "review_by": review_by.isoformat(),
            "trust": trust,
            "sha256": "0" * 64,
        },
        Evidence,
    )


def group(
    code: str = "http_4xx", key: str = "/blog/*", severity: str = "high", **more: object
) -> Group:
    values: dict[str, object] = {
        "affected": Affected(count=25, of=100, unit="eligible pages", share=0.25, sample=["/a"]),
        "measured_share": 1.0,
        "findings": 25,
        "measured_at": AT,
        "facts": {},
        **more,
    }
    return Group(code=code, group_key=key, severity=severity, **values)  # type: ignore[arg-type]  # a test's own values


def signal(code: str = "nap_wrong", **more: object) -> Signal:
    values: dict[str, object] = {
        "room": "local",
        "severity": "high",
        "affected": Items(count=1, of=4),
        "measured_at": AT,
        "source": "synthetic",
        **more,
    }
    return Signal(code=code, **values)  # type: ignore[arg-type]  # a test's own values


def known(state: State, executed_at: datetime | None = None) -> Known:
    return Known(new_id(), "http_4xx", "/blog/*", "crawl", state, executed_at, 3)


# Formulas


@pytest.mark.parametrize(
    "severity, share, expected",
    [("critical", 1.0, 0.6), ("high", 0.25, 0.1), ("medium", 0.04, 0.012), ("info", 1.0, 0.002)],
)
def test_impact(release: Release, severity: str, share: float, expected: float) -> None:
    weight = release.metrics.severity_weights[severity]  # type: ignore[index]  # a literal
    assert impact_of(weight, share) == pytest.approx(expected)


def test_location_and_service_pages_count_double_at_most_the_weight() -> None:
    assert page_share(10, 0, 100) == 0.1
    assert page_share(10, 10, 100) == 0.2
    assert page_share(100, 60, 100) == 1.0
    assert page_share(1, 0, 0) == 1.0


def test_confidence() -> None:
    on = date(2027, 6, 30)
    assert confidence_of(1.0, [fact()], date(2027, 1, 1)) == 1.0
    assert confidence_of(0.5, [fact("medium")], date(2026, 1, 1)) == 0.4
    assert confidence_of(1.0, [fact()], date(2027, 1, 1) + timedelta(days=180)) == 0.5
    best_of_two = confidence_of(1.0, [fact(), fact("medium", date(2028, 1, 1))], on)
    assert best_of_two == 0.8, "fresh evidence of medium trust beats stale one of high trust"
    assert confidence_of(1.0, [], on) == 0.0


def test_priority_is_impact_times_confidence_by_effort(release: Release) -> None:
    (made,), silent = compile_candidates([group()], [], release)
    advice = release.advice["http_4xx"]
    trusts = [release.evidence[name].trust for name in advice.evidence]
    trust = 1.0 if "high" in trusts else 0.8
    assert silent == []
    assert made.impact == pytest.approx(0.2 * math.sqrt(0.25))
    assert made.confidence == pytest.approx(trust)
    assert made.priority == pytest.approx(0.1 * trust / advice.effort)
    assert (made.risk_tier, made.effort) == (advice.risk_tier, advice.effort)


def test_synthetic_data_stay_labelled(release: Release) -> None:
    (made,), _ = compile_candidates([], [signal()], release)
    assert made.evidence[0]["source"] == "synthetic"
    assert made.affected.share == 0.25


def test_codes_without_advice_are_named_not_guessed_at(release: Release) -> None:
    made, silent = compile_candidates([group("new_check")], [signal("new_signal")], release)
    assert (made, silent) == ([], ["new_check", "new_signal"])


def test_the_list_does_not_depend_on_the_order_of_the_facts(release: Release) -> None:
    groups = [group(code, key) for code in ("http_4xx", "noindex", "h1_missing") for key in "abc"]
    signals = [signal(code, group_key=key) for code in ("nap_wrong", "nap_missing") for key in "ab"]
    wanted, _ = compile_candidates(groups, signals, release)
    for seed in range(5):
        chance = random.Random(seed)
        chance.shuffle(groups)
        chance.shuffle(signals)
        assert compile_candidates(groups, signals, release)[0] == wanted
    assert [made.priority for made in wanted] == sorted(
        (made.priority for made in wanted), reverse=True
    )


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_impact_grows_with_the_share_and_never_beyond_the_weight(
    weight: float, share: float, more: float
) -> None:
    assert 0 <= impact_of(weight, share) <= weight
    assert impact_of(weight, share) <= impact_of(weight, min(1.0, share + more))


# Groups


@pytest.mark.parametrize(
    "url, template",
    [
        ("https://a.example/", "/"),
        ("https://a.example", "/"),
        ("https://a.example/?p=1", "/"),
        ("https://a.example/about", "/*"),
        ("https://a.example/blog/", "/*"),
        ("https://a.example/blog/one", "/blog/*"),
        ("https://a.example/blog/2024/one/", "/blog/*"),
        ("https://a.example/2024/one", "/{n}/*"),
        ("https://a.example/caf%C3%A9/x", "/café/*"),
    ],
)
def test_templates(url: str, template: str) -> None:
    assert template_of(url) == template


def test_only_large_templates_are_groups_of_their_own() -> None:
    urls = [f"https://a.example/{chr(97 + n)}/{m}" for n in range(12) for m in range(n)]
    templates = known_templates(urls)
    assert len(templates) == 10
    assert group_of("https://a.example/l/x", templates) == "/l/*"
    assert group_of("https://a.example/b/x", templates) == OTHER_PAGES
    assert group_of("https://a.example/", templates) == "/"


def test_location_and_service_pages() -> None:
    landing = frozenset({"https://a.example/locations/millbrook/"})
    services = frozenset(map(slug, ["Teeth Whitening", "Dental implants", "歯"]))
    assert is_money_page("https://a.example/locations/millbrook/", landing, services)
    assert is_money_page("https://a.example/services/teeth-whitening/", landing, services)
    assert is_money_page("https://a.example/Dental_Implants", landing, services)
    assert not is_money_page("https://a.example/blog/teeth", landing, services)
    assert not is_money_page("https://a.example/", landing, services)


# States


def test_every_transition_names_states_and_every_state_is_reached() -> None:
    for (start, end), actors in TRANSITIONS.items():
        assert {start, end} <= set(get_args(State))
        assert actors
        assert start not in ENDED, "what has ended stays so"
    assert {end for _, end in TRANSITIONS} == set(STATES) - {"generated"}


def test_what_only_measurements_may_say() -> None:
    for start in STATES:
        by_hand = allowed(start, "person")
        assert not {"validated", "verified", "not_verified"} & set(by_hand)
    assert allowed("generated", "person") == ["rejected", "archived"]
    assert allowed("validated", "person") == ["approved", "rejected", "archived"]
    assert allowed("not_verified", "person") == ["scheduled", "rejected", "archived"]
    assert allowed("not_verified", "rules") == ["verified"]
    assert allowed("verified", "person") == []


def candidate(release: Release, **changes: object) -> Candidate:
    (made,), _ = compile_candidates([group()], [], release)
    return msgspec.structs.replace(made, **changes)


def test_validated_when_every_input_was_measured(release: Release) -> None:
    step = step_when_found(known("generated"), candidate(release))
    assert step is not None
    assert step.state == "validated"
    partial = candidate(release, is_measured=False)
    assert step_when_found(known("generated"), partial) is None
    assert step_when_found(known("approved"), candidate(release)) is None


def test_a_fault_that_is_still_there_is_not_verified_by_a_later_measurement_only(
    release: Release,
) -> None:
    before, after = known("executed", AT - timedelta(hours=1)), known("executed", AT)
    step = step_when_found(before, candidate(release))
    assert step is not None
    assert step.state == "not_verified"
    assert "25" in step.note
    assert step_when_found(after, candidate(release)) is None, "it began before the change"


@pytest.mark.parametrize("state", sorted(UNEXECUTED))
def test_what_vanishes_before_it_was_executed_is_archived(state: State) -> None:
    step = step_when_gone(known(state), AT)
    assert step is not None
    assert step.state == "archived"


@pytest.mark.parametrize("state", ["executed", "not_verified"])
def test_what_vanishes_after_it_was_executed_is_verified(state: State) -> None:
    step = step_when_gone(known(state, AT - timedelta(seconds=1)), AT)
    assert step is not None
    assert step.state == "verified"
    assert step_when_gone(known(state, AT), AT) is None
    assert step_when_gone(known(state, AT - timedelta(days=1)), None) is None


@pytest.mark.parametrize("state", sorted(ENDED))
def test_ended_ones_are_left_alone(state: State, release: Release) -> None:
    assert step_when_gone(known(state, AT - timedelta(days=1)), AT) is None
    assert step_when_found(known(state, AT - timedelta(days=1)), candidate(release)) is None


def test_every_step_of_the_rules_is_in_the_table(release: Release) -> None:
    early = AT - timedelta(days=1)
    for state in STATES:
        for step in (
            step_when_found(known(state, early), candidate(release)),
            step_when_gone(known(state, early), AT),
        ):
            if step is not None:
                assert "rules" in TRANSITIONS[state, step.state]


# Score


def test_unmeasured_parts_of_the_score_are_dropped_and_named() -> None:
    weights = {"technical": 0.3, "visibility": 0.2, "local": 0.5}
    score = campaign_score({"technical": 80.0, "visibility": None, "local": 60.0}, weights)
    assert score.value == pytest.approx((0.3 * 80 + 0.5 * 60) / 0.8)
    assert score.parts["visibility"] == {"value": None, "weight": 0.2, "share": 0.0}
    assert score.parts["technical"] == {"value": 80.0, "weight": 0.3, "share": 0.375}


def test_without_a_measurement_there_is_no_score() -> None:
    assert campaign_score({}, {"technical": 1.0}).value is None
    assert campaign_score({"technical": 0.0}, {"technical": 1.0}).value == 0.0


@given(st.dictionaries(st.sampled_from("abcdef"), st.none() | st.floats(0, 100)))
def test_the_score_lies_between_its_parts(values: dict[str, float | None]) -> None:
    score = campaign_score(values, dict.fromkeys("abcdef", 0.2)).value
    measured = [value for value in values.values() if value is not None]
    if score is None:
        assert not measured
    else:
        assert min(measured) - 0.01 <= score <= max(measured) + 0.01
