"""Bodies of the entity routes."""

from datetime import datetime
from uuid import UUID

from lsos.core.http.schema import In, Out
from lsos.domains.entity.rules import Part, PartName


class EntityAnalyze(In):
    campaign_id: UUID


class AnalysisAccepted(Out):
    job_id: UUID
    report_id: UUID
    crawl_run_id: UUID
    """The run whose pages are judged."""


class EntityReportView(Out):
    id: UUID
    campaign_id: UUID
    crawl_run_id: UUID | None
    source: str
    """Always crawl: the site's own pages."""
    formula: str
    score: float | None
    """0 to 100 over the measured parts; null when fewer than 50 of 100 points were measured."""
    measured_points: int
    """Denominator of the score."""
    parts: dict[PartName, Part]
    """identity, agreement, same_as, coverage and topics; points are null without facts."""
    graph: dict[str, object]
    created_at: datetime
    finished_at: datetime | None
