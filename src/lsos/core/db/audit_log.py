"""The append-only audit log of privileged actions, one per tenant."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped

from lsos.core.db.model import Base, TenantRow
from lsos.core.observability.log import request_id


class AuditEntry(TenantRow, Base):
    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_created", "tenant_id", "created_at", "id"),)

    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    target: Mapped[str]
    detail: Mapped[dict[str, object]]
    request_id: Mapped[str]


def record(
    session: AsyncSession,
    *,
    tenant_id: UUID,
    actor_id: UUID | None,
    action: str,
    target: object,
    **detail: object,
) -> None:
    """Record a privileged action in the same transaction; `detail` must hold no secrets."""
    session.add(
        AuditEntry(
            tenant_id=tenant_id,
            actor_id=actor_id,
            action=action,
            target=str(target),
            detail=detail,
            request_id=request_id(),
        )
    )
