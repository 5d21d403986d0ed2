"""Tables of roll-ups, alerts and the platform state: the platform's, not a tenant's."""

from datetime import datetime

from sqlalchemy import PrimaryKeyConstraint
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.orm import Mapped, mapped_column

from lsos.core.db.keys import one_of
from lsos.core.db.model import Base
from lsos.domains.health.rules import PlatformState, State


class MetricMinute(Base):
    """What one process has counted in one minute; sums over processes are the truth."""

    __tablename__ = "metric_minutes"
    __table_args__ = (PrimaryKeyConstraint("minute", "name", "label", "process"),)

    minute: Mapped[datetime]
    name: Mapped[str]
    label: Mapped[str]
    """Of a bounded set: task name, route class, status class."""
    process: Mapped[str]
    count: Mapped[int] = mapped_column(BIGINT)
    total: Mapped[float]
    buckets: Mapped[list[int]] = mapped_column(ARRAY(BIGINT))
    """Histogram counts by core.histogram.BOUNDS_MS; empty for plain counters."""


class AlertState(Base):
    __tablename__ = "alert_states"
    __table_args__ = (one_of("state", State),)

    name: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    since: Mapped[datetime]
    value: Mapped[float | None]
    threshold: Mapped[float]


class PlatformTransition(Base):
    """A change of the platform state; the newest row is the state."""

    __tablename__ = "platform_transitions"
    __table_args__ = (one_of("state", PlatformState),)

    at: Mapped[datetime] = mapped_column(primary_key=True)
    state: Mapped[str]
    previous: Mapped[str | None]
    alerts: Mapped[list[str]]
