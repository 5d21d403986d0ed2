"""Service levels, alerts and the platform state: what is measured, against what, and what follows.

Every threshold stands in one of the two tables here.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from lsos.domains.reports.policy import DUE_WINDOW_S

Status = Literal["ok", "degraded", "unavailable"]
State = Literal["ok", "pending", "firing"]
PlatformState = Literal["Healthy", "Degraded", "Critical"]
Severity = Literal["degraded", "critical"]

WINDOW_S = 300
SLO_WINDOW_S = 3_600
HOLD_S = 60
"""An alert fires at least this long, so that the state can't flap faster."""
STALE_S = 30
"""Alerts that nobody has judged for this long say nothing: no worker is there."""
ENDED_WELL = frozenset({"completed", "completed_with_errors"})
RUN_TASKS = frozenset({"crawl.begin", "crawl.slice", "crawl.finish", "audit.judge"})
"""A dead job of these has failed its run."""
UNCOUNTED_ROUTES = frozenset({"health", "metrics", "schema", "unmatched"})
"""Probes and scrapers ask often and cheaply: they would hide what users see."""


class Slo(msgspec.Struct, frozen=True):
    name: str
    target: float
    """`at_most` and `at_least`: of the value; the budget is the share of bad events allowed."""
    is_at_most: bool
    budget: float
    window_s: int
    events: str
    """What the denominator counts."""


SLOS = (
    Slo("api_latency_p95_ms", 1_200, True, 0.05, SLO_WINDOW_S, "API requests"),
    Slo("worker_success_rate", 0.98, False, 0.02, SLO_WINDOW_S, "ended jobs"),
    Slo("queue_latency_p95_ms", 60_000, True, 0.05, SLO_WINDOW_S, "started jobs"),
    Slo("crawl_success_rate", 0.95, False, 0.05, SLO_WINDOW_S, "ended crawl runs"),
    Slo("report_on_time_rate", 0.99, False, 0.01, DUE_WINDOW_S, "scheduled reports due"),
)


class Measured(msgspec.Struct, frozen=True):
    """A level as it was measured; the value is None without events."""

    value: float | None
    events: int
    bad: int
    """Events that use up the error budget."""


class Level(msgspec.Struct, frozen=True):
    """A service level, its target, and whether it is met."""

    name: str
    """Name of the service level."""
    target: float
    """Target of the value; for a latency in ms at most, for a share at least."""
    window_s: int
    """Length of the window in seconds."""
    value: float | None
    """Measured value; null: no events in the window."""
    error_budget_remaining: float | None
    """1: untouched; 0: used up; below 0: overspent; null: no events."""
    ok: bool | None
    """The target is met; null: no events."""
    events: int
    """Events in the window: the denominator."""
    bad: int
    """Events of these that use up the error budget."""
    events_of: str
    """What is counted."""


def judge_level(slo: Slo, measured: Measured) -> Level:
    value, left, ok = measured.value, None, None
    if value is not None and measured.events:
        left = round(1 - measured.bad / measured.events / slo.budget, 4)
        ok = value <= slo.target if slo.is_at_most else value >= slo.target
    return Level(
        name=slo.name,
        target=slo.target,
        window_s=slo.window_s,
        value=value,
        error_budget_remaining=left,
        ok=ok,
        events=measured.events,
        bad=measured.bad,
        events_of=slo.events,
    )


class Alert(msgspec.Struct, frozen=True):
    """Pending when its value exceeds the threshold, firing when it has done so for `pending_s`.

    It ends when the value is at `clear` or below.
    """

    name: str
    severity: Severity
    threshold: float
    clear: float
    pending_s: int
    unit: str
    min_events: int = 0
    """Below that many events the value says nothing."""


ALERTS = (
    Alert("api_latency", "degraded", 1_200, 960, 60, "ms, p95", 20),
    Alert("api_errors", "degraded", 0.05, 0.02, 60, "share of 5xx", 20),
    Alert("queue_latency", "degraded", 60_000, 45_000, 60, "ms, p95", 5),
    Alert("queue_stalled", "critical", 300, 60, 30, "s, oldest job due"),
    Alert("worker_failures", "degraded", 0.02, 0.01, 60, "share of dead jobs", 20),
    Alert("workers_missing", "critical", 0, 0, 30, "1 without a worker"),
    Alert("redis_away", "critical", 0, 0, 30, "1 without Redis"),
    Alert("crawl_failures", "degraded", 0.05, 0.03, 60, "share of failed runs", 5),
    Alert("reports_late", "degraded", 0.01, 0.005, 60, "share of late reports"),
    Alert("report_schedules_failed", "degraded", 0, 0, 0, "schedules out of retries"),
)


class Reading(msgspec.Struct, frozen=True):
    """An alert's value, and how many events it rests on (None where it counts none)."""

    value: float | None
    events: int | None = None


class AlertStatus(msgspec.Struct, frozen=True):
    """State of an alert."""

    state: State
    """ok; pending: over the threshold, not long enough; firing."""
    since: datetime
    """Since when it is in this state."""
    value: float | None
    """Newest value; null: not measured, or too few events."""
    threshold: float
    """Value above which it is pending."""


def judge_alert(
    alert: Alert, reading: Reading, before: AlertStatus | None, at: datetime
) -> AlertStatus:
    value = reading.value
    if reading.events is not None and reading.events < alert.min_events:
        value = None
    was: State = before.state if before else "ok"
    since = before.since if before else at
    if was == "firing":
        is_over = value is None or value <= alert.clear
        if is_over and at - since >= timedelta(seconds=HOLD_S):
            was, since = "ok", at
    elif value is None or value <= alert.threshold:
        was, since = "ok", since if was == "ok" else at
    else:
        since = since if was == "pending" else at
        was = "pending"
        if at - since >= timedelta(seconds=alert.pending_s):
            was, since = "firing", at
    return AlertStatus(state=was, since=since, value=value, threshold=alert.threshold)


def platform_state(firing: Iterable[str]) -> PlatformState:
    """What the firing alerts add up to; their own hysteresis is the state's."""
    severities = {alert.severity for alert in ALERTS if alert.name in set(firing)}
    if "critical" in severities:
        return "Critical"
    return "Degraded" if severities else "Healthy"


def firing_of(alerts: Mapping[str, AlertStatus]) -> list[str]:
    return sorted(name for name, status in alerts.items() if status.state == "firing")


def overall(
    *, postgresql: bool, migrations: bool, redis: bool, reference_library: bool = True
) -> Status:
    """Without Redis the API still takes work: jobs wait in PostgreSQL.

    Without a faultless reference library it serves the older advice, or none.
    """
    if not (postgresql and migrations):
        return "unavailable"
    return "ok" if redis and reference_library else "degraded"


def share(part: int, of: int) -> float | None:
    return round(part / of, 6) if of else None
