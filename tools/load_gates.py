"""The gates of a load test, from figures to verdicts, with the checklist's thresholds."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["PASS", "WARN", "FAIL"]
NOT_MEASURED = "not measured"
Figure = float | str
"""A number or NOT_MEASURED: no figure is omitted or guessed."""

P95_PASS_MS, P95_WARN_MS = 1_200.0, 2_000.0
DRAIN_WARN = 0.8
DEPTH_PASS, DEPTH_WARN = 0.20, 0.40
FAILURES_PASS, FAILURES_WARN = 0.02, 0.05
DEGRADED_PASS, DEGRADED_WARN = 0.20, 0.35
MAX_TRANSITIONS, TRANSITIONS_WINDOW_S = 4, 300.0
MIN_POLLS_OK = 0.9
IN_HAND = 1
"""A task that is just being claimed is not a backlog."""
MAX_POLL_GAP_S = 15.0

READINESS: Mapping[Verdict, str] = {"PASS": "97-98%", "WARN": "95-96%", "FAIL": "94-95%"}
EXIT_CODES: Mapping[Verdict, int] = {"PASS": 0, "FAIL": 1, "WARN": 3}


@dataclass(frozen=True)
class Gate:
    verdict: Verdict
    figures: Mapping[str, object]
    why: Sequence[str] = field(default_factory=tuple)
    """Why it did not pass."""

    def as_dict(self) -> dict[str, object]:
        return {"verdict": self.verdict, "figures": dict(self.figures), "why": list(self.why)}


@dataclass(frozen=True)
class Sample:
    """One poll of the health metrics; None where it failed."""

    t_s: float
    """Seconds since the start of the load phase."""
    depth: int | None
    state: str | None
    workers: int | None = None
    success_rate: float | None = None


@dataclass(frozen=True)
class Queue:
    """The queue over time; rates are tasks per minute."""

    max_depth: Figure
    final_depth: Figure
    growth: Figure
    drain: Figure
    is_drained_at_once: bool
    """Whether it was back at its starting depth when the load ended: nothing to drain."""


def is_over(value: float, bound: float) -> bool:
    """Tolerance for products that should equal the bound exactly."""
    return value > bound + 1e-9 * abs(bound)


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    order: Sequence[Verdict] = ("PASS", "WARN", "FAIL")
    return max(verdicts, key=order.index, default="PASS")


def queue_of(samples: Sequence[Sample], load_s: float) -> Queue:
    """Growth from the start of the load phase to its peak; drain from the end of the load phase
    until the queue is back at its starting depth or the samples end."""
    known = [(s.t_s, s.depth) for s in samples if s.depth is not None]
    during = [point for point in known if point[0] <= load_s]
    if not during:
        return Queue(NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, False)
    start_t, start = during[0]
    peak_t, peak = max(during, key=lambda point: point[1])
    growth = 60 * (peak - start) / max(peak_t - start_t, 1e-3) if peak > start else 0.0
    end_t, end = during[-1]
    after = [point for point in known if point[0] > load_s]
    highest = max(depth for _, depth in known)
    final = known[-1][1]
    if end <= start + IN_HAND:
        return Queue(highest, final, growth, growth, True)
    if not after:
        return Queue(highest, final, growth, NOT_MEASURED, False)
    back = next((point for point in after if point[1] <= start), after[-1])
    drain = 60 * (end - back[1]) / max(back[0] - end_t, 1e-3)
    return Queue(highest, final, growth, max(0.0, drain), False)


def polls_of(samples: Sequence[Sample]) -> tuple[float, float]:
    """Share of successful polls, and the longest time without one in seconds."""
    answered = [s.t_s for s in samples if s.depth is not None]
    if not samples or not answered:
        return 0.0, math.inf
    times = [samples[0].t_s, *answered, samples[-1].t_s]
    gap = max(later - earlier for earlier, later in itertools.pairwise(times))
    return len(answered) / len(samples), gap


def degraded_s(samples: Sequence[Sample], load_s: float) -> Figure:
    """Seconds of the load phase in which the state was not Healthy, or unknown."""
    during = [s for s in samples if s.t_s <= load_s]
    if not any(s.state for s in during):
        return NOT_MEASURED
    ends = [s.t_s for s in during[1:]] + [load_s]
    spans = zip(during, ends, strict=True)
    return round(sum(max(0.0, end - s.t_s) for s, end in spans if s.state != "Healthy"), 3)


def transitions_of(samples: Sequence[Sample], load_s: float) -> int:
    """State changes in the load phase, as seen by the polls."""
    states = [s.state for s in samples if s.t_s <= load_s and s.state]
    return sum(a != b for a, b in itertools.pairwise(states))


def latency_gate(p95_ms: Figure) -> Gate:
    figures = {"P95_latency_ms": p95_ms, "pass_ms": P95_PASS_MS, "warn_ms": P95_WARN_MS}
    if isinstance(p95_ms, str):
        return Gate("FAIL", figures, ("no request was answered",))
    if p95_ms <= P95_PASS_MS:
        return Gate("PASS", figures)
    return Gate(
        "WARN" if p95_ms <= P95_WARN_MS else "FAIL",
        figures,
        (f"P95 latency {p95_ms:.0f} ms is over {P95_PASS_MS:.0f} ms",),
    )


def queue_gate(queue: Queue) -> Gate:
    figures: dict[str, object] = {
        "drain_rate_after_load": queue.drain,
        "backlog_growth_rate": queue.growth,
        "max_queue_depth": queue.max_depth,
        "final_queue_depth": queue.final_depth,
        "is_drained_at_load_end": queue.is_drained_at_once,
    }
    if (
        isinstance(queue.drain, str)
        or isinstance(queue.growth, str)
        or isinstance(queue.max_depth, str)
        or isinstance(queue.final_depth, str)
    ):
        return Gate("FAIL", figures, ("the queue depth was not measured",))
    verdicts: list[Verdict] = ["PASS"]
    why = []
    if not queue.is_drained_at_once and queue.drain < queue.growth:
        is_far_off = is_over(DRAIN_WARN * queue.growth, queue.drain)
        verdicts.append("FAIL" if is_far_off else "WARN")
        why.append(f"drains at {queue.drain:.1f}, grew at {queue.growth:.1f} tasks a minute")
    if is_over(queue.final_depth, DEPTH_PASS * queue.max_depth):
        is_far_off = is_over(queue.final_depth, DEPTH_WARN * queue.max_depth)
        verdicts.append("FAIL" if is_far_off else "WARN")
        why.append(f"{queue.final_depth:.0f} of at most {queue.max_depth:.0f} tasks are left")
    return Gate(worst(verdicts), figures, why)


def failure_gate(
    rates: Mapping[str, float | None] | None,
    exceeded: Mapping[str, int] | None,
    polls_ok: float,
    longest_gap_s: float,
) -> Gate:
    """`rates`: share of failed among ended tasks by type; None if none of that type ended."""
    figures: dict[str, object] = {
        "failure_rate_by_task_type": NOT_MEASURED
        if rates is None
        else {name: NOT_MEASURED if rate is None else rate for name, rate in rates.items()},
        "tasks_exceeded_retry_cap": NOT_MEASURED if exceeded is None else dict(exceeded),
        "polls_answered": round(polls_ok, 4),
        "longest_poll_gap_s": round(longest_gap_s, 1)
        if math.isfinite(longest_gap_s)
        else NOT_MEASURED,
    }
    why = []
    verdicts: list[Verdict] = ["PASS"]
    if rates is None or exceeded is None:
        return Gate("FAIL", figures, ("failure rates were not measured",))
    for name, rate in rates.items():
        if rate is None:
            verdicts.append("FAIL")
            why.append(f"{name} ran, and none of its tasks has ended")
        elif is_over(rate, FAILURES_PASS):
            verdicts.append("FAIL" if is_over(rate, FAILURES_WARN) else "WARN")
            why.append(f"{rate:.1%} of {name} failed")
    if exceeded:
        verdicts.append("FAIL")
        why.append("out of attempts: " + ", ".join(sorted(exceeded)))
    if polls_ok < MIN_POLLS_OK or longest_gap_s > MAX_POLL_GAP_S:
        verdicts.append("FAIL")
        why.append("polling health/metrics failed too often to interpret it")
    return Gate(worst(verdicts), figures, why)


def stability_gate(
    degraded: Figure, load_s: float, transitions: int, others: Sequence[Verdict]
) -> Gate:
    """`others`: the verdicts of the other gates, because flapping fails if another gate fails."""
    allowed = max(MAX_TRANSITIONS, math.floor(MAX_TRANSITIONS * load_s / TRANSITIONS_WINDOW_S))
    figures: dict[str, object] = {
        "time_in_degraded_state_seconds": degraded,
        "load_phase_seconds": load_s,
        "platform_state_transitions": transitions,
        "transitions_allowed": allowed,
    }
    if isinstance(degraded, str):
        return Gate("FAIL", figures, ("the platform state was not measured",))
    verdict: Verdict = "PASS"
    why = []
    if is_over(degraded, DEGRADED_PASS * load_s):
        verdict = "FAIL" if is_over(degraded, DEGRADED_WARN * load_s) else "WARN"
        why.append(f"{degraded:.0f} of {load_s:.0f} s were not Healthy")
    if transitions > allowed:
        is_failing = verdict == "FAIL" or "FAIL" in others
        verdict = "FAIL" if is_failing else "WARN"
        why.append(f"{transitions} changes of the platform state: it flaps")
    return Gate(verdict, figures, why)


def advice(gates: Mapping[str, Gate]) -> list[str]:
    """Tuning advice by section 9 of the checklist."""
    found = []
    queue, latency = gates["B"].verdict, gates["A"].verdict
    if queue != "PASS" and latency != "FAIL":
        found.append("Increase worker concurrency: the queue lags while latency holds.")
    if latency == "FAIL":
        found.append("Find what makes the API slow before adding workers: they share its database.")
    if gates["C"].verdict != "PASS":
        found.append("Look at GET /jobs?state=dead for the task types over their failure rate.")
    if gates["D"].verdict != "PASS":
        found.append(
            "Tighten alerting only after concurrency is tuned and a rerun confirms stable drain."
        )
    if not found:
        found.append("Nothing to tune at this load.")
    found.append("Keep schema, lifecycle contracts and adapter boundaries as they are.")
    return found
