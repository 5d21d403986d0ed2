"""The report of a simulation, with the sections, keys and gates of the checklist."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tools.load.simulation import Run
from tools.load_gates import (
    NOT_MEASURED,
    READINESS,
    Figure,
    Verdict,
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

LETTERS = ("A", "B", "C", "D")


def report_of(run: Run) -> tuple[dict[str, Any], Verdict]:
    """The document, and the worst of its gates."""
    load_s = run.options.load_s
    latencies = sorted(call.ms for call in run.calls)
    queue = queue_of(run.samples, load_s)
    rates, exceeded = _failure_rates(run), _mapping(run, "tasks_exceeded_retry_cap")
    p95 = _percentile(latencies, 0.95)
    degraded = degraded_s(run.samples, load_s)
    transitions = max(transitions_of(run.samples, load_s), run.server_transitions)
    gates = [latency_gate(p95), queue_gate(queue)]
    gates.append(failure_gate(rates, exceeded, *polls_of(run.samples)))
    gates.append(stability_gate(degraded, load_s, transitions, [gate.verdict for gate in gates]))
    by_letter = dict(zip(LETTERS, gates, strict=True))
    verdict = worst([gate.verdict for gate in gates])
    document = {
        "Performance Metrics": {
            "total_requests": len(run.calls),
            **_task_rates(run),
            "P50_latency_ms": _percentile(latencies, 0.50),
            "P95_latency_ms": p95,
            "P99_latency_ms": _percentile(latencies, 0.99),
            "max_latency_ms": round(latencies[-1], 1) if latencies else NOT_MEASURED,
        },
        "Queue Metrics": {
            "queue_depth_over_time": [
                {"t_s": round(s.t_s, 1), "depth": s.depth}
                for s in run.samples
                if s.depth is not None
            ],
            "max_queue_depth": queue.max_depth,
            "backlog_growth_rate": _rounded(queue.growth),
            "drain_rate_after_load": _rounded(queue.drain),
        },
        "Failure Metrics": {
            "failure_rate_by_task_type": _told(rates),
            "retry_count_by_task_type": _told(_mapping(run, "retry_count_by_task_type")),
            "tasks_exceeded_retry_cap": _told(exceeded),
            **_error_rates(run),
        },
        "Worker Health": _workers(run),
        "System Stability": {
            "time_in_degraded_state_seconds": degraded,
            "platform_state_transitions": transitions,
        },
        "Gates": {letter: gate.as_dict() for letter, gate in by_letter.items()},
        "readiness_estimate": READINESS[verdict],
        "tuning_advice": advice(by_letter),
    }
    return document, verdict


def _failure_rates(run: Run) -> dict[str, float | None] | None:
    """The server's rates, and for the work of this run those seen from outside, because work that
    never ends is not in the server's rates."""
    found = _mapping(run, "failure_rate_by_task_type")
    if found is None:
        return None
    rates: dict[str, float | None] = {
        str(name): None if rate is None else float(rate) for name, rate in found.items()
    }
    for kind in sorted({task.kind for task in run.work.tasks}):
        tasks = [task for task in run.work.tasks if task.kind == kind]
        lost = sum(task.has_failed or task.ended_at is None for task in tasks)
        rates[f"simulated {kind}"] = round(lost / len(tasks), 6)
    return rates


def _mapping(run: Run, name: str) -> dict[str, Any] | None:
    found = ((run.final or {}).get("metrics") or {}).get(name)
    return dict(found) if isinstance(found, Mapping) else None


def _told(found: Mapping[str, Any] | None) -> object:
    if found is None:
        return NOT_MEASURED
    return {name: NOT_MEASURED if value is None else value for name, value in found.items()}


def _task_rates(run: Run) -> dict[str, Figure]:
    minutes = run.options.load_s / 60
    tasks = run.work.tasks
    ends = [task.ended_at for task in tasks if task.ended_at is not None]
    until_last = (max(ends) - run.begin) / 60 if ends else 0.0
    return {
        "task_enqueue_rate_per_minute": round(len(tasks) / minutes, 2),
        "task_completion_rate_per_minute": round(len(ends) / max(until_last, minutes), 2),
    }


def _error_rates(run: Run) -> dict[str, Figure]:
    total = len(run.calls)
    if not total:
        return {"upstream_error_rate": NOT_MEASURED, "timeout_rate": NOT_MEASURED}
    errors = sum(call.status >= 500 or call.outcome == "broken" for call in run.calls)
    timeouts = sum(call.outcome == "timeout" for call in run.calls)
    return {
        "upstream_error_rate": round(errors / total, 6),
        "timeout_rate": round(timeouts / total, 6),
    }


def _workers(run: Run) -> dict[str, Figure]:
    alive = [s.workers for s in run.samples if s.workers is not None]
    rate = ((run.final or {}).get("metrics") or {}).get("worker_success_rate")
    return {
        "workers_alive_min": min(alive) if alive else NOT_MEASURED,
        "workers_alive_max": max(alive) if alive else NOT_MEASURED,
        "worker_success_rate": NOT_MEASURED if rate is None else float(rate),
    }


def _percentile(ordered: Sequence[float], q: float) -> Figure:
    """Nearest rank."""
    if not ordered:
        return NOT_MEASURED
    return round(ordered[max(0, math.ceil(q * len(ordered) - 1e-9) - 1)], 1)


def _rounded(figure: Figure) -> Figure:
    return figure if isinstance(figure, str) else round(figure, 2)
