"""Body of the dashboard route."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from lsos.core.cadence import Kind
from lsos.core.http.schema import Example, Out
from lsos.domains.crawl.rules import Phase, RunState
from lsos.domains.health.rules import Level, PlatformState
from lsos.domains.intelligence.rules import State
from lsos.domains.reports.policy import DeliveryState, ReportState, RunStatus


class CrawlStatus(Out):
    """The newest crawl run of the campaign, in whatever state."""

    run_id: UUID
    """Id of the run."""
    state: RunState
    """State of the run."""
    phase: Phase
    """What it is doing."""
    admitted: int
    """URLs taken into the run, within its page budget."""
    done: int
    """URLs of these that have a result, measured or not."""
    pages: int
    """HTML pages among the results."""
    errors: int
    """URLs that gave no response, or an error status."""
    started_at: datetime | None
    """When it began; null: it is waiting."""
    finished_at: datetime | None
    """When it ended; null: it has not."""
    issue_counts: dict[str, int] | None
    """Issues by severity; null: the run has not been judged."""


class Visibility(Out):
    """How much of the possible search traffic the measured ranks earn (lsos-visibility-v1)."""

    value: float
    """0 to 100: expected clicks at the measured positions, in percent of the expected clicks if
    every keyword ranked first; both weighted by search volume."""
    of: str
    """What the figure rests on, in words."""


class TopRecommendation(Out):
    """A recommendation, in short."""

    id: UUID
    """Id of the recommendation."""
    code: str
    """Check or signal that it answers."""
    title: str
    """What should be done."""
    room: str
    """Where it was measured, such as crawl or local."""
    state: State
    """State of the recommendation."""
    risk_tier: int
    """0 (texts only) to 4 (can remove pages from the index)."""
    impact: float
    """Expected effect; comparable within a campaign, without a unit."""
    effort: int
    """1 (minutes) to 5 (a project)."""
    priority: float
    """impact * confidence / effort: the order of work."""


class RecommendationOverview(Out):
    """The recommendations of the campaign in figures."""

    total_count: int
    """All, ended ones included: the denominator of the other counts and of the average."""
    open_count: int
    """Neither verified, rejected nor archived."""
    counts_by_state: dict[State, int]
    """By state; states without any are left out."""
    counts_by_risk_tier: dict[str, int]
    """By risk tier, 0 to 4; tiers without any are left out."""
    average_confidence_score: float
    """Mean confidence of all, 0 to 1."""
    top_items: list[TopRecommendation]
    """The five open ones of highest priority."""


class LatestReport(Out):
    """The newest report of the campaign."""

    id: UUID
    """Id of the report."""
    state: ReportState
    """State of the report."""
    reason_code: str | None
    """Why it failed or waits; null: nothing to say."""
    created_at: datetime
    """When it was ordered."""
    finished_at: datetime | None
    """When it was stored or failed; null: not yet."""
    deliveries_by_state: dict[DeliveryState, int]
    """Its e-mails by state; empty: it has none."""


class ScheduleStatus(Out):
    """The report schedule of the campaign, and how it fares."""

    cadence: Kind
    """How often a report is made."""
    is_enabled: bool
    """false: switched off, by a person or after too many failures."""
    next_due_at: datetime | None
    """When the next report is due; null: the schedule is switched off."""
    last_due_at: datetime | None
    """When a report was last due; null: none was yet."""
    last_status: RunStatus | None
    """How the last run ended; null: none has."""
    retry_count: int
    """Failures in a row; more than 3 switch the schedule off."""


class ReportOverview(Out):
    """The reports of the campaign in figures."""

    total_count: int
    """All reports of the campaign."""
    counts_by_state: dict[ReportState, int]
    """By state; states without any are left out."""
    latest: LatestReport | None
    """The newest report; null: there is none."""
    schedule: ScheduleStatus | None
    """The schedule; null: there is none."""


class ServiceLevels(Out):
    """Service levels of the whole installation, as they were last judged."""

    slos: list[Level]
    """Each level with its target and what is left of its error budget."""
    is_ok: bool
    """Every level that could be measured meets its target."""


class Dashboard(Out):
    """The newest figures of a campaign; what was never measured is null, never 0 or 100."""

    campaign_id: UUID
    """The campaign."""
    technical_score: float | None
    """0 to 100, of the newest finished run that has a score; null: not measured."""
    entity_score: float | None
    """0 to 100, of the newest finished entity report; null: not measured."""
    visibility: Visibility | None
    """Visibility in search on the newest measured day; null: not measured."""
    recommendation_summary: RecommendationOverview | None
    """Recommendations in figures; null: nothing was judged yet."""
    latest_crawl_status: CrawlStatus | None
    """The newest run of any state; null: there was none."""
    report_status_summary: ReportOverview | None
    """Reports in figures; null: there is neither a report nor a schedule."""
    slo_health_snapshot: ServiceLevels | None
    """Service levels of the installation; null: nobody has judged them lately."""
    platform_state: PlatformState | None
    """State of the installation; null: nobody has judged it lately."""
    generated_at: datetime
    """When this answer was composed."""

    EXAMPLE: ClassVar[Example] = {
        "campaign_id": "01920000-0000-7000-8000-000000000000",
        "technical_score": 87.5,
        "entity_score": 66.25,
        "visibility": {
            "value": 53.05,
            "of": "keywords with an outcome on the newest measured day",
        },
        "recommendation_summary": {
            "total_count": 3,
            "open_count": 2,
            "counts_by_state": {"validated": 2, "verified": 1},
            "counts_by_risk_tier": {"0": 1, "1": 2},
            "average_confidence_score": 0.82,
            "top_items": [],
        },
        "latest_crawl_status": {
            "run_id": "01920000-0000-7000-8000-000000000001",
            "state": "completed",
            "phase": "ended",
            "admitted": 120,
            "done": 120,
            "pages": 114,
            "errors": 3,
            "started_at": "2026-03-01T09:30:00Z",
            "finished_at": "2026-03-01T09:32:10Z",
            "issue_counts": {"high": 4, "low": 31},
        },
        "report_status_summary": None,
        "slo_health_snapshot": None,
        "platform_state": "Healthy",
        "generated_at": "2026-03-01T10:00:00Z",
    }
