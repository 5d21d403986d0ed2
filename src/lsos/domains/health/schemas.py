"""Bodies of the health routes."""

from datetime import datetime

import msgspec

from lsos.core.http.schema import Out
from lsos.domains.health.rules import AlertStatus, Level, PlatformState, Status


class Liveness(Out):
    status: Status
    version: str


class Check(Out, omit_defaults=True):
    ok: bool
    ms: float
    """Time that the check took."""
    detail: str | None = None


class Checks(Out):
    postgresql: Check
    migrations: Check
    redis: Check
    reference_library: Check


class Readiness(Out):
    status: Status
    checks: Checks
    version: str


class Latency(Out):
    """Milliseconds until the head of the answer; null without requests in the window."""

    p50: float | None
    p95: float | None
    p99: float | None


class PlatformMetrics(Out):
    """Over all processes; what was not measured in the window is null, never 0."""

    queue_backlog_tasks: int
    queue_latency_ms: float | None
    """95th percentile."""
    worker_success_rate: float | None
    workers_alive: int | None
    """Null while Redis is away."""
    crawl_failure_rate: float | None
    api_latency_ms: Latency
    api_error_rate: float | None
    failure_rate_by_task_type: dict[str, float | None]
    """Every task type that ran; null while none of its jobs has ended."""
    retry_count_by_task_type: dict[str, int]
    tasks_exceeded_retry_cap: dict[str, int]
    report_on_time_rate: float | None


class Basis(Out):
    """What a figure rests on."""

    window_s: int
    """0: this moment."""
    since: datetime
    denominator: int | None
    of: str


class Transition(Out):
    at: datetime
    state: PlatformState
    previous: PlatformState | None
    alerts: list[str]
    """Those that fired."""


class Health(Out):
    platform_state: PlatformState | None
    """Null when METRICS_ENABLED is false: nobody judges."""
    metrics: PlatformMetrics
    basis: dict[str, Basis]
    """By the name of the metric."""
    slos: list[Level]
    alert_state: dict[str, AlertStatus]
    transitions: list[Transition]
    """The newest ones, newest first."""
    generated_at: datetime


class Finding(msgspec.Struct, frozen=True):
    """One line of `lsos doctor`: with `ok` and a hint it is advice, without `ok` a fault."""

    name: str
    ok: bool
    detail: str
    hint: str = ""
    """What to type or set."""
