"""Bodies of the routes of reports, their deliveries and their schedule."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from lsos.core.cadence import Kind
from lsos.core.http.schema import In, Out
from lsos.domains.reports.policy import DeliveryState, Format, ReportState, RunStatus

Recipient = Annotated[str, msgspec.Meta(min_length=1, max_length=254)]
Recipients = Annotated[list[Recipient], msgspec.Meta(max_length=100)]
Section = Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
Sections = Annotated[list[Section], msgspec.Meta(max_length=50)]


class ReportPreview(In):
    campaign_id: UUID
    sections: Sections = msgspec.field(default_factory=list)
    """In this order; empty: all."""


class ReportCreate(ReportPreview):
    recipients: Recipients = msgspec.field(default_factory=list)
    """Who gets it by mail once it is stored."""


class DeliveryCreate(In):
    recipients: Annotated[list[Recipient], msgspec.Meta(min_length=1, max_length=100)]


class ScheduleSet(In):
    cadence: Kind
    local_time: Annotated[str, msgspec.Meta(min_length=5, max_length=5)]
    """HH:MM in `timezone`."""
    timezone: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    """IANA name, such as Europe/Riga."""
    recipients: Annotated[list[Recipient], msgspec.Meta(min_length=1, max_length=100)]
    weekday: Annotated[int, msgspec.Meta(ge=1, le=7)] | None = None
    """Of a weekly one: 1 Monday to 7 Sunday."""
    day_of_month: Annotated[int, msgspec.Meta(ge=1, le=31)] | None = None
    """Of a monthly one; the last day where a month is shorter."""
    sections: Sections = msgspec.field(default_factory=list)
    is_enabled: bool = True


class Artifact(Out):
    format: Format
    bytes: int
    sha256: str


class ReportView(Out):
    id: UUID
    campaign_id: UUID
    state: ReportState
    reason_code: str | None
    """Why it failed, or waits."""
    sections: list[str]
    schedule_id: UUID | None
    due_at: datetime | None
    """When its schedule wanted it."""
    created_at: datetime
    finished_at: datetime | None
    snapshot_hash: str | None
    """Equal for two reports that were made from equal inputs."""
    artifacts: list[Artifact]


class DeliveryView(Out):
    recipient: str
    state: DeliveryState
    attempts: int
    message_id: str
    smtp_code: int | None
    response: str | None
    """Of the mail server, or what the network did."""
    sent_at: datetime | None
    log: list[object]
    """One entry an attempt: at, stage, code, outcome."""


class ReportDetail(ReportView):
    deliveries: list[DeliveryView]


class ScheduleView(Out):
    id: UUID
    campaign_id: UUID
    cadence: Kind
    local_time: str
    timezone: str
    weekday: int | None
    day_of_month: int | None
    recipients: list[str]
    sections: list[str]
    is_enabled: bool
    next_due_at: datetime | None
    """UTC; null while it is switched off."""
    last_due_at: datetime | None
    retry_count: int
    """Failures in a row; more than 3 switch the schedule off."""
    last_status: RunStatus | None
    updated_at: datetime
