"""Tables of the audit: settings of checks, and issues that an agency lives with."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint, func
from sqlalchemy.dialects.postgresql import BIGINT
from sqlalchemy.orm import Mapped, mapped_column

from lsos.core.db.model import Base, TenantRow


class IgnoredIssue(TenantRow, Base):
    """An issue that the agency decided to live with, in all runs of its campaign."""

    __tablename__ = "audit_ignored_issues"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "campaign_id"],
            ["campaigns.tenant_id", "campaigns.id"],
            ondelete="CASCADE",
        ),
        Index(
            "uq_audit_ignored_issues_subject",
            "tenant_id",
            "campaign_id",
            "code",
            "subject",
            unique=True,
        ),
    )

    campaign_id: Mapped[UUID]
    code: Mapped[str]
    subject: Mapped[int] = mapped_column(BIGINT)
    """Key of the URL, or of the host's name, as in crawl_findings."""
    reason: Mapped[str]
    author_id: Mapped[UUID | None]
    until: Mapped[datetime | None]


class CheckSettings(Base):
    """A tenant's own severity and thresholds of one check."""

    __tablename__ = "check_settings"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "code"),
        ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),
    )

    tenant_id: Mapped[UUID]
    code: Mapped[str]
    is_enabled: Mapped[bool] = mapped_column(default=True)
    severity: Mapped[str | None]
    limits: Mapped[dict[str, object]] = mapped_column(default=dict)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
