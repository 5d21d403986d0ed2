"""Bodies of the health routes."""

from datetime import datetime

import msgspec

from lsos.core.http.schema import Out
from lsos.domains.health.rules import AlertStatus, Level, PlatformState, Status


class Liveness(Out):
    """The process answers."""

    status: Status
    """Always ok."""
    version: str
    """Version of LSOS."""


class Check(Out, omit_defaults=True):
    """Whether one store or part can be used."""

    ok: bool
    """It can be used."""
    ms: float
    """Milliseconds that the check took."""
    detail: str | None = None
    """What is wrong; left out (null): nothing."""


class Checks(Out):
    """What the installation rests on."""

    postgresql: Check
    """The database answers."""
    migrations: Check
    """The database has the newest schema."""
    redis: Check
    """Redis answers."""
    reference_library: Check
    """A release of the reference library is in force, without faults."""


class Readiness(Out):
    """Whether the installation can take work."""

    status: Status
    """ok; degraded: work is taken, but Redis or advice is missing; unavailable: no work is
    taken."""
    checks: Checks
    """Each check."""
    version: str
    """Version of LSOS."""


class Latency(Out):
    """Milliseconds until the head of the answer."""

    p50: float | None
    """Median; null: no request in the window."""
    p95: float | None
    """95th percentile; null: no request in the window."""
    p99: float | None
    """99th percentile; null: no request in the window."""


class PlatformMetrics(Out):
    """Figures over all processes; what was not measured in the window is null, never 0."""

    queue_backlog_tasks: int
    """Jobs that are due and not started, and runs that wait for a permit, now."""
    queue_latency_ms: float | None
    """95th percentile of the milliseconds from due to started; null: no job started."""
    worker_success_rate: float | None
    """Share of the ended jobs that did not die, 0 to 1; null: no job ended."""
    workers_alive: int | None
    """Worker processes now; null: Redis is away."""
    crawl_failure_rate: float | None
    """Share of the ended crawl runs that failed, 0 to 1; null: no run ended."""
    api_latency_ms: Latency
    """Latency of API requests."""
    api_error_rate: float | None
    """Share of the API requests that were answered with 5xx, 0 to 1; null: no request."""
    failure_rate_by_task_type: dict[str, float | None]
    """Share of dead jobs, 0 to 1, of every task type that ran; null: none of its jobs has ended."""
    retry_count_by_task_type: dict[str, int]
    """Attempts that were followed by another, by task type."""
    tasks_exceeded_retry_cap: dict[str, int]
    """Jobs that died after their last attempt, by task type."""
    report_on_time_rate: float | None
    """Share of the scheduled reports that were stored and sent within 15 minutes, 0 to 1; null:
    none was due."""


class Basis(Out):
    """What a figure rests on."""

    window_s: int
    """Length of the window in seconds; 0: this moment."""
    since: datetime
    """Start of the window."""
    denominator: int | None
    """How many events the figure is over; null: it is no share."""
    of: str
    """What is counted."""


class Transition(Out):
    """A change of the platform state."""

    at: datetime
    """When it changed."""
    state: PlatformState
    """State after."""
    previous: PlatformState | None
    """State before; null: it was the first."""
    alerts: list[str]
    """Alerts that were firing."""


class Health(Out):
    """Figures of the whole installation, its service levels and alerts; no data of a tenant."""

    platform_state: PlatformState | None
    """Healthy, Degraded or Critical, from the firing alerts; null: METRICS_ENABLED is false, nobody
    judges."""
    metrics: PlatformMetrics
    """The figures."""
    basis: dict[str, Basis]
    """What each figure rests on, by the name of the metric."""
    slos: list[Level]
    """Service levels with what is left of their error budgets."""
    alert_state: dict[str, AlertStatus]
    """State of each alert, by name."""
    transitions: list[Transition]
    """The newest changes of the platform state, newest first."""
    generated_at: datetime
    """When this answer was composed."""


class Finding(msgspec.Struct, frozen=True):
    """One line of `lsos doctor`: with `ok` and a hint it is advice, without `ok` a fault."""

    name: str
    ok: bool
    detail: str
    hint: str = ""
    """What to type or set."""
