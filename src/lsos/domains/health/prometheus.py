"""The health figures as Prometheus text: any API process answers for the whole platform.

They are gauges over the stated window, not counters: those of one process would jump with every
scrape that another process answers. Labels are names of our own tables and tasks, never a tenant.
"""

from collections.abc import Iterator

from lsos.domains.health.rules import ALERTS
from lsos.domains.health.schemas import Health

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_STATES = ("Healthy", "Degraded", "Critical")
_ALERT_STATES = {"ok": 0, "pending": 1, "firing": 2}

Samples = list[tuple[dict[str, str], float | None]]


def text(health: Health) -> str:
    """One gauge a figure; what was not measured has no sample."""
    lines: list[str] = []
    for name, help_, samples in _gauges(health):
        lines += [f"# HELP lsos_{name} {help_}", f"# TYPE lsos_{name} gauge"]
        for labels, value in samples:
            if value is not None:
                shown = ",".join(f'{key}="{_escape(text)}"' for key, text in labels.items())
                lines.append(
                    f"lsos_{name}{{{shown}}} {value:.10g}" if shown else _bare(name, value)
                )
    return "\n".join(lines) + "\n"


def _gauges(health: Health) -> Iterator[tuple[str, str, Samples]]:
    metrics, basis = health.metrics, health.basis
    for name in (
        "queue_backlog_tasks",
        "queue_latency_ms",
        "worker_success_rate",
        "workers_alive",
        "crawl_failure_rate",
        "api_error_rate",
        "report_on_time_rate",
    ):
        yield name, basis[name].of, [({}, getattr(metrics, name))]
    latency = metrics.api_latency_ms
    quantiles = (("0.5", latency.p50), ("0.95", latency.p95), ("0.99", latency.p99))
    of = basis["api_latency_ms"].of
    yield "api_latency_ms", of, [({"quantile": q}, value) for q, value in quantiles]
    rates = metrics.failure_rate_by_task_type.items()
    yield "task_failure_rate", "of ended jobs", [({"task": t}, v) for t, v in rates]
    retried = metrics.retry_count_by_task_type.items()
    yield "task_retries", "in the window", [({"task": t}, v) for t, v in retried]
    exceeded = metrics.tasks_exceeded_retry_cap.items()
    yield "tasks_exceeded_retry_cap", "in the window", [({"task": t}, v) for t, v in exceeded]
    yield "slo_value", "of its own window", [({"slo": s.name}, s.value) for s in health.slos]
    yield "slo_target", "see slo_value", [({"slo": s.name}, s.target) for s in health.slos]
    left = [({"slo": s.name}, s.error_budget_remaining) for s in health.slos]
    yield "slo_error_budget_remaining", "1: untouched, 0: used up", left
    severities = {alert.name: alert.severity for alert in ALERTS}
    states: Samples = [
        ({"alert": name, "severity": severities[name]}, _ALERT_STATES[status.state])
        for name, status in health.alert_state.items()
    ]
    yield "alert_state", "0: ok, 1: pending, 2: firing", states
    if health.platform_state is not None:
        now: Samples = [({"state": s}, float(s == health.platform_state)) for s in _STATES]
        yield "platform_state", "1 for the state that holds", now


def _bare(name: str, value: float) -> str:
    return f"lsos_{name} {value:.10g}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
