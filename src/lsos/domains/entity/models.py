"""Table of entity reports."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from lsos.core.db.keys import one_of, tenant_foreign_key
from lsos.core.db.model import Base, TenantRow
from lsos.domains.entity.rules import ReportState


class EntityReport(TenantRow, Base):
    """The analysis of one crawl run; the newest done one is the campaign's."""

    __tablename__ = "entity_reports"
    __table_args__ = (
        tenant_foreign_key("campaign_id", "campaigns"),
        one_of("state", ReportState),
        Index("ix_entity_reports_created", "tenant_id", "campaign_id", "created_at", "id"),
    )

    campaign_id: Mapped[UUID]
    crawl_run_id: Mapped[UUID | None]
    state: Mapped[str]
    score: Mapped[float | None]
    parts: Mapped[dict[str, object] | None]
    """identity, agreement, same_as, coverage, topics: points, of, evidence; points null when
    there were no facts."""
    graph: Mapped[dict[str, object] | None]
    """Nodes, references, conflicts, dangling ids."""
    requested_by: Mapped[UUID | None]
    finished_at: Mapped[datetime | None]
    reason_code: Mapped[str | None]
