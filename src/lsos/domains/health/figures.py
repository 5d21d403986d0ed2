"""From sums to figures: what the health routes, the alerts and the service levels say."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from lsos.core.metrics.histogram import BUCKETS, count_over, quantile
from lsos.core.metrics.metrics import API_REQUEST, CRAWL_RUN, JOB_WAIT, TASK
from lsos.domains.health.rollup import Raw, Sum, Sums
from lsos.domains.health.rules import (
    ENDED_WELL,
    RUN_TASKS,
    SLOS,
    UNCOUNTED_ROUTES,
    Level,
    Measured,
    Reading,
    judge_level,
    share,
)
from lsos.domains.health.schemas import Basis, Latency, PlatformMetrics
from lsos.domains.reports.policy import DUE_WINDOW_S

_FAILED = frozenset({"dead", "exceeded"})


class Counted:
    """Numbers of one window."""

    def __init__(self, sums: Sums) -> None:
        api: dict[str, list[Sum]] = {}
        for label, cell in sums.get(API_REQUEST, {}).items():
            route, _, status = label.rpartition(":")
            if route not in UNCOUNTED_ROUTES:
                api.setdefault(status, []).append(cell)
        self.api = _add(cell.buckets for cells in api.values() for cell in cells)
        self.requests = sum(self.api)
        self.server_errors = sum(cell.count for cell in api.get("5xx", []))
        self.waits = _add(cell.buckets for cell in sums.get(JOB_WAIT, {}).values())
        self.starts = sum(self.waits)
        self.tasks: dict[str, dict[str, int]] = {}
        for label, cell in sums.get(TASK, {}).items():
            name, _, outcome = label.rpartition(":")
            self.tasks.setdefault(name, {})[outcome] = cell.count
        self.failed_jobs = sum(self._failed(name) for name in self.tasks)
        self.ended_jobs = self.failed_jobs + sum(t.get("done", 0) for t in self.tasks.values())
        runs = sums.get(CRAWL_RUN, {})
        self.failed_runs = runs["failed"].count if "failed" in runs else 0
        self.failed_runs += sum(self._failed(name) for name in RUN_TASKS)
        well = sum(cell.count for state, cell in runs.items() if state in ENDED_WELL)
        self.ended_runs = self.failed_runs + well

    def _failed(self, task: str) -> int:
        outcomes = self.tasks.get(task, {})
        return sum(outcomes.get(outcome, 0) for outcome in _FAILED)

    def failure_rates(self) -> dict[str, float | None]:
        """Of every task type that ran; None while none of its jobs has ended."""
        return {
            name: share(self._failed(name), self._failed(name) + outcomes.get("done", 0))
            for name, outcomes in sorted(self.tasks.items())
        }

    def by_task(self, outcome: str) -> dict[str, int]:
        return {name: n for name, o in sorted(self.tasks.items()) if (n := o.get(outcome, 0))}


def metrics_of(raw: Raw, window_s: int) -> tuple[PlatformMetrics, dict[str, Basis]]:
    counted = Counted(raw.recent)
    metrics = PlatformMetrics(
        queue_backlog_tasks=raw.jobs_due + raw.runs_waiting,
        queue_latency_ms=_rounded(counted.waits, 0.95),
        worker_success_rate=share(counted.ended_jobs - counted.failed_jobs, counted.ended_jobs),
        workers_alive=raw.workers,
        crawl_failure_rate=share(counted.failed_runs, counted.ended_runs),
        api_latency_ms=Latency(
            p50=_rounded(counted.api, 0.50),
            p95=_rounded(counted.api, 0.95),
            p99=_rounded(counted.api, 0.99),
        ),
        api_error_rate=share(counted.server_errors, counted.requests),
        failure_rate_by_task_type=counted.failure_rates(),
        retry_count_by_task_type=counted.by_task("retried"),
        tasks_exceeded_retry_cap=counted.by_task("exceeded"),
        report_on_time_rate=share(raw.reports_on_time, raw.reports_due),
    )
    return metrics, _basis(raw, counted, window_s)


def _basis(raw: Raw, counted: Counted, window_s: int) -> dict[str, Basis]:
    def over(events: int | None, of: str) -> Basis:
        return Basis(window_s=window_s, since=raw.since, denominator=events, of=of)

    def at_once(of: str) -> Basis:
        return Basis(window_s=0, since=raw.at, denominator=None, of=of)

    jobs = over(counted.ended_jobs, "ended jobs; per task type its own")
    requests = over(counted.requests, "API requests but for health, metrics, schema and unknown")
    return {
        "queue_backlog_tasks": at_once("jobs due and not started, and runs waiting for a permit"),
        "queue_latency_ms": over(counted.starts, "started jobs, waits for permits left out; p95"),
        "worker_success_rate": jobs,
        "workers_alive": at_once("worker processes of the default queue"),
        "crawl_failure_rate": over(counted.ended_runs, "ended crawl runs, cancelled ones left out"),
        "api_latency_ms": requests,
        "api_error_rate": requests,
        "failure_rate_by_task_type": jobs,
        "retry_count_by_task_type": over(None, "attempts that were followed by another"),
        "tasks_exceeded_retry_cap": over(None, "jobs dead for want of another attempt"),
        "report_on_time_rate": Basis(
            window_s=DUE_WINDOW_S,
            since=_ago(raw.at, DUE_WINDOW_S),
            denominator=raw.reports_due,
            of="scheduled reports due; stored and mailed within 15 minutes",
        ),
    }


def levels_of(raw: Raw) -> list[Level]:
    counted = Counted(raw.hour)
    failed_jobs, ended_jobs = counted.failed_jobs, counted.ended_jobs
    good_runs = counted.ended_runs - counted.failed_runs
    late = raw.reports_due - raw.reports_on_time
    measured = {
        "api_latency_p95_ms": Measured(
            _rounded(counted.api, 0.95), counted.requests, count_over(counted.api, 1_200)
        ),
        "worker_success_rate": Measured(
            share(ended_jobs - failed_jobs, ended_jobs), ended_jobs, failed_jobs
        ),
        "queue_latency_p95_ms": Measured(
            _rounded(counted.waits, 0.95), counted.starts, count_over(counted.waits, 60_000)
        ),
        "crawl_success_rate": Measured(
            share(good_runs, counted.ended_runs), counted.ended_runs, counted.failed_runs
        ),
        "report_on_time_rate": Measured(
            share(raw.reports_on_time, raw.reports_due), raw.reports_due, late
        ),
    }
    return [judge_level(slo, measured[slo.name]) for slo in SLOS]


def readings_of(raw: Raw) -> Mapping[str, Reading]:
    """The value of each alert; `raw` has the default window."""
    counted = Counted(raw.recent)
    return {
        "api_latency": Reading(_rounded(counted.api, 0.95), counted.requests),
        "api_errors": Reading(share(counted.server_errors, counted.requests), counted.requests),
        "queue_latency": Reading(_rounded(counted.waits, 0.95), counted.starts),
        "queue_stalled": Reading(round(raw.oldest_due_s or 0.0, 1)),
        "worker_failures": Reading(
            share(counted.failed_jobs, counted.ended_jobs), counted.ended_jobs
        ),
        "workers_missing": Reading(None if raw.workers is None else float(raw.workers == 0)),
        "redis_away": Reading(float(raw.workers is None)),
        "crawl_failures": Reading(
            share(counted.failed_runs, counted.ended_runs), counted.ended_runs
        ),
        "reports_late": Reading(share(raw.reports_due - raw.reports_on_time, raw.reports_due)),
        "report_schedules_failed": Reading(float(raw.schedules_failed)),
    }


def _add(histograms: Iterable[list[int]]) -> list[int]:
    total = [0] * BUCKETS
    for histogram in histograms:
        for index, count in enumerate(histogram):
            total[index] += count
    return total


def _rounded(counts: list[int], q: float) -> float | None:
    value = quantile(counts, q)
    return None if value is None else round(value, 1)


def _ago(at: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(at.timestamp() - seconds, tz=at.tzinfo)
