"""Tables of reports, their deliveries and their schedules."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lsos.core.cadence import Kind
from lsos.core.db.keys import one_of, tenant_foreign_key
from lsos.core.db.model import Base, TenantRow
from lsos.domains.reports.policy import DeliveryState, ReportState


class ReportSchedule(TenantRow, Base):
    """When a campaign's report is made and to whom it is mailed; one a campaign."""

    __tablename__ = "report_schedules"
    __table_args__ = (
        tenant_foreign_key("campaign_id", "campaigns"),
        UniqueConstraint("tenant_id", "campaign_id"),
        one_of("cadence", Kind),
        Index("ix_report_schedules_due", "next_due_at", postgresql_where=text("is_enabled")),
    )

    campaign_id: Mapped[UUID]
    cadence: Mapped[str]
    local_time: Mapped[str]
    """HH:MM in `timezone`."""
    timezone: Mapped[str]
    """IANA name."""
    weekday: Mapped[int | None]
    """ISO, 1 Monday to 7 Sunday, of a weekly one."""
    day_of_month: Mapped[int | None]
    """1 to 31 of a monthly one; the last day where a month is shorter."""
    recipients: Mapped[list[str]]
    sections: Mapped[list[str]]
    is_enabled: Mapped[bool] = mapped_column(default=True)
    next_due_at: Mapped[datetime | None]
    last_due_at: Mapped[datetime | None]
    retry_count: Mapped[int] = mapped_column(default=0)
    last_status: Mapped[str | None]
    """delivered | partly_delivered | failed | max_retries_exceeded"""
    updated_at: Mapped[datetime]


class Report(TenantRow, Base):
    """One report, from request to stored artifacts."""

    __tablename__ = "reports"
    __table_args__ = (
        tenant_foreign_key("campaign_id", "campaigns"),
        UniqueConstraint("tenant_id", "schedule_id", "due_at"),
        one_of("state", ReportState),
        Index("ix_reports_created", "tenant_id", "campaign_id", "created_at", "id"),
    )

    campaign_id: Mapped[UUID]
    schedule_id: Mapped[UUID | None]
    due_at: Mapped[datetime | None]
    state: Mapped[str]
    sections: Mapped[list[str]]
    snapshot: Mapped[dict[str, object] | None]
    """All inputs, content-addressed."""
    snapshot_hash: Mapped[str | None]
    artifacts: Mapped[dict[str, object]] = mapped_column(default=dict)
    """By format: key, sha256, bytes."""
    requested_by: Mapped[UUID | None]
    attempts: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]
    reason_code: Mapped[str | None]


class ReportDelivery(TenantRow, Base):
    """A mail of a report to one recipient; written before the mail server is asked."""

    __tablename__ = "report_deliveries"
    __table_args__ = (
        tenant_foreign_key("campaign_id", "campaigns"),
        tenant_foreign_key("report_id", "reports"),
        UniqueConstraint("tenant_id", "report_id", "recipient"),
        one_of("state", DeliveryState),
    )

    campaign_id: Mapped[UUID]
    report_id: Mapped[UUID]
    recipient: Mapped[str]
    message_id: Mapped[str]
    """Stable: from report and recipient."""
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    smtp_code: Mapped[int | None]
    response: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    log: Mapped[list[object]] = mapped_column(JSONB, default=list)
    """One entry an attempt: at, stage, code."""
