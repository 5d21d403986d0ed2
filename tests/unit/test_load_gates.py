"""A gate that is off by one at its bound lets a slow platform out, or holds a good one back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.load_gates import (
    EXIT_CODES,
    NOT_MEASURED,
    READINESS,
    Gate,
    Queue,
    Sample,
    advice,
    degraded_s,
    failure_gate,
    latency_gate,
    polls_of,
    queue_gate,
    queue_of,
    stability_gate,
    transitions_of,
    worst,
)


@pytest.mark.parametrize(
    "p95_ms, verdict",
    [
        (0.0, "PASS"),
        (1_200.0, "PASS"),
        (1_200.1, "WARN"),
        (2_000.0, "WARN"),
        (2_000.1, "FAIL"),
        (NOT_MEASURED, "FAIL"),
    ],
)
def test_gate_a(p95_ms: float | str, verdict: str) -> None:
    assert latency_gate(p95_ms).verdict == verdict


@pytest.mark.parametrize(
    "growth, drain, most, final, verdict",
    [
        (10.0, 10.0, 100, 20, "PASS"),
        (10.0, 9.99, 100, 20, "WARN"),
        (10.0, 8.0, 100, 20, "WARN"),
        (10.0, 7.99, 100, 20, "FAIL"),
        (10.0, 10.0, 100, 21, "WARN"),
        (10.0, 10.0, 100, 40, "WARN"),
        (10.0, 10.0, 100, 41, "FAIL"),
        (10.0, 8.0, 100, 41, "FAIL"),
        (0.0, 0.0, 0, 0, "PASS"),
        (NOT_MEASURED, 1.0, 1, 0, "FAIL"),
        (1.0, NOT_MEASURED, 1, 0, "FAIL"),
    ],
)
def test_gate_b(
    growth: float | str, drain: float | str, most: int, final: int, verdict: str
) -> None:
    assert queue_gate(Queue(most, final, growth, drain, False)).verdict == verdict


@pytest.mark.parametrize(
    "rates, exceeded, polls_ok, gap_s, verdict",
    [
        ({"a": 0.02, "b": 0.0}, {}, 1.0, 1.0, "PASS"),
        ({"a": 0.0201}, {}, 1.0, 1.0, "WARN"),
        ({"a": 0.05}, {}, 1.0, 1.0, "WARN"),
        ({"a": 0.0501}, {}, 1.0, 1.0, "FAIL"),
        ({"a": 0.0}, {"a": 1}, 1.0, 1.0, "FAIL"),
        ({"a": 0.0}, {}, 0.9, 15.0, "PASS"),
        ({"a": 0.0}, {}, 0.89, 1.0, "FAIL"),
        ({"a": 0.0}, {}, 1.0, 15.1, "FAIL"),
        ({"a": None}, {}, 1.0, 1.0, "FAIL"),
        (None, {}, 1.0, 1.0, "FAIL"),
        ({}, None, 1.0, 1.0, "FAIL"),
    ],
)
def test_gate_c(
    rates: dict[str, float | None] | None,
    exceeded: dict[str, int] | None,
    polls_ok: float,
    gap_s: float,
    verdict: str,
) -> None:
    assert failure_gate(rates, exceeded, polls_ok, gap_s).verdict == verdict


@pytest.mark.parametrize(
    "degraded, transitions, others, verdict",
    [
        (60.0, 4, ["PASS"], "PASS"),
        (60.1, 0, ["PASS"], "WARN"),
        (105.0, 0, ["PASS"], "WARN"),
        (105.1, 0, ["PASS"], "FAIL"),
        (0.0, 5, ["PASS", "WARN"], "WARN"),
        (0.0, 5, ["PASS", "FAIL"], "FAIL"),
        (0.0, 4, ["FAIL"], "PASS"),
        (105.1, 5, ["PASS"], "FAIL"),
        (NOT_MEASURED, 0, ["PASS"], "FAIL"),
    ],
)
def test_gate_d(degraded: float | str, transitions: int, others: list[str], verdict: str) -> None:
    gate = stability_gate(degraded, 300.0, transitions, others)  # type: ignore[arg-type]  # literals
    assert gate.verdict == verdict


def test_readiness_and_exit_codes_are_those_of_the_checklist() -> None:
    assert READINESS == {"PASS": "97-98%", "WARN": "95-96%", "FAIL": "94-95%"}
    assert EXIT_CODES == {"PASS": 0, "FAIL": 1, "WARN": 3}
    assert (worst(["PASS", "WARN"]), worst(["WARN", "FAIL", "PASS"]), worst([])) == (
        "WARN",
        "FAIL",
        "PASS",
    )


@pytest.mark.parametrize(
    "a, b, is_advised",
    [
        ("PASS", "WARN", True),
        ("WARN", "FAIL", True),
        ("FAIL", "FAIL", False),
        ("PASS", "PASS", False),
    ],
)
def test_more_workers_are_advised_while_latency_holds(a: str, b: str, is_advised: bool) -> None:
    verdicts = {"A": a, "B": b, "C": "PASS", "D": "PASS"}
    gates = {name: Gate(verdict, {}) for name, verdict in verdicts.items()}  # type: ignore[arg-type]  # literals
    assert any("worker concurrency" in line for line in advice(gates)) is is_advised


# From samples to figures


def samples(*points: tuple[float, int | None], state: str = "Healthy") -> list[Sample]:
    return [Sample(t, depth, state if depth is not None else None) for t, depth in points]


def test_growth_is_to_the_peak_and_drain_back_to_the_start() -> None:
    queue = queue_of(samples((0, 2), (30, 12), (60, 8), (70, 4), (80, 2), (120, 0)), 60.0)
    assert queue.growth == pytest.approx(60 * 10 / 30)
    assert queue.drain == pytest.approx(60 * 6 / 20)
    assert (queue.max_depth, queue.final_depth) == (12, 0)


def test_a_queue_that_never_comes_back_drains_until_the_phase_ends() -> None:
    queue = queue_of(samples((0, 0), (60, 30), (120, 15)), 60.0)
    assert (queue.growth, queue.drain, queue.final_depth) == (30.0, 15.0, 15)
    assert queue_gate(queue).verdict == "FAIL"


def test_a_queue_that_is_empty_when_the_load_ends_has_nothing_to_drain() -> None:
    queue = queue_of(samples((0, 0), (1, 5), (60, 0), (61, 0)), 60.0)
    assert queue.is_drained_at_once
    assert queue_gate(queue).verdict == "PASS"


def test_a_queue_that_still_grows_after_the_load_is_no_drain() -> None:
    queue = queue_of(samples((0, 0), (60, 10), (120, 40)), 60.0)
    assert queue.drain == 0.0
    assert queue_gate(queue).verdict == "FAIL"


def test_without_samples_nothing_is_guessed() -> None:
    queue = queue_of(samples((0, None), (1, None)), 60.0)
    assert queue.growth == NOT_MEASURED
    assert polls_of(samples((0, None))) == (0.0, float("inf"))
    assert degraded_s(samples((0, None)), 60.0) == NOT_MEASURED


def test_unknown_time_counts_as_degraded() -> None:
    points = [
        Sample(0, 0, "Healthy"),
        Sample(10, None, None),
        Sample(15, 0, "Degraded"),
        Sample(30, 0, "Healthy"),
        Sample(70, 0, "Critical"),
    ]
    assert degraded_s(points, 60.0) == 20.0
    assert transitions_of(points, 60.0) == 2
    share, gap = polls_of(points)
    assert (share, gap) == (0.8, 40)


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 50)), min_size=1, max_size=60))
def test_no_samples_break_the_arithmetic(points: list[tuple[float, int]]) -> None:
    ordered = [Sample(t, depth, "Healthy") for t, depth in sorted(points)]
    queue = queue_of(ordered, 60.0)
    assert queue_gate(queue).verdict in ("PASS", "WARN", "FAIL")
