"""Body of the dashboard route."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from lsos.core.http.schema import Out


class CrawlStatus(Out):
    run_id: UUID
    state: str
    phase: str
    admitted: int
    done: int
    pages: int
    errors: int
    started_at: datetime | None
    finished_at: datetime | None
    issue_counts: dict[str, object] | None


class Dashboard(Out):
    """The newest figures of a campaign; what was never measured is null, never 0 or 100."""

    campaign_id: UUID
    technical_score: float | None
    """0 to 100, of the newest finished run that has a score."""
    entity_score: float | None
    visibility: dict[str, object] | None
    """Share of searches in which the business is seen."""
    recommendation_summary: dict[str, object] | None
    """Recommendations by state and severity."""
    latest_crawl_status: CrawlStatus | None
    """The newest run of any state; null before the first."""
    report_status_summary: dict[str, object] | None
    """Reports by state, and the next one that is due."""
    slo_health_snapshot: dict[str, object] | None
    """Service levels and how much of their error budgets is left."""
    platform_state: Literal["Healthy", "Degraded", "Critical"] | None
    generated_at: datetime
