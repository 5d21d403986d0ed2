"""Body of the dashboard route."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from lsos.core.http.schema import Example, Out
from lsos.domains.crawl.figures import CrawlStatus
from lsos.domains.health.rules import Level, PlatformState
from lsos.domains.intelligence.figures import RecommendationOverview
from lsos.domains.rank.figures import Visibility
from lsos.domains.reports.figures import ReportOverview


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
    figures: dict[str, float | None]
    """Figures of further rooms by name; null: not measured."""
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
        "figures": {},
        "generated_at": "2026-03-01T10:00:00Z",
    }
