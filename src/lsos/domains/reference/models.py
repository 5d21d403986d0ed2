"""Tables of releases and of their activations: they belong to the platform, not to a tenant."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from lsos.core.clock import new_id
from lsos.core.db.keys import one_of
from lsos.core.db.model import Base
from lsos.domains.reference.rules import ReleaseState


class ReferenceRelease(Base):
    """An immutable release: three artifacts and the hash over them."""

    __tablename__ = "reference_releases"
    __table_args__ = (
        one_of("state", ReleaseState),
        Index(
            "uq_reference_releases_active",
            "state",
            unique=True,
            postgresql_where=text("state = 'active'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    version: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str]
    metrics: Mapped[dict[str, object]]
    recommendations: Mapped[dict[str, object]]
    evidence: Mapped[dict[str, object]]
    state: Mapped[str] = mapped_column(default="draft")
    origin: Mapped[str]
    """bundled | uploaded"""
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ReferenceActivation(Base):
    """Who put which release in force, in order; the newest tells what is in force."""

    __tablename__ = "reference_activations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    release_id: Mapped[UUID] = mapped_column(ForeignKey("reference_releases.id"))
    previous_id: Mapped[UUID | None] = mapped_column(ForeignKey("reference_releases.id"))
    action: Mapped[str]
    """activate | rollback | load"""
    actor_id: Mapped[UUID | None]
    warnings: Mapped[list[str]]
    """Faults that were let through because validation is not enforced."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
