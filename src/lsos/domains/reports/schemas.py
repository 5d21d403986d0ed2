"""Bodies of the routes of reports, their deliveries and their schedule."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from lsos.core.cadence import Kind
from lsos.core.http.schema import Example, In, Out
from lsos.domains.reports.policy import (
    DeliveryState,
    Format,
    Outcome,
    ReportState,
    RunStatus,
    Stage,
)

Recipient = Annotated[str, msgspec.Meta(min_length=1, max_length=254)]
Recipients = Annotated[list[Recipient], msgspec.Meta(max_length=100)]
Section = Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
Sections = Annotated[list[Section], msgspec.Meta(max_length=50)]


class ReportPreview(In):
    """What a report should hold."""

    campaign_id: UUID
    """Campaign that the report is about."""
    sections: Sections = msgspec.field(default_factory=list)
    """Sections in this order, of: summary, recommendations, technical, visibility, local, reviews,
    authority, entity, method; empty: all."""


class ReportCreate(ReportPreview):
    """A report to be made."""

    recipients: Recipients = msgspec.field(default_factory=list)
    """Who gets it by e-mail once it is stored, at most 50; empty: nobody."""

    EXAMPLE: ClassVar[Example] = {
        "campaign_id": "01920000-0000-7000-8000-000000000000",
        "sections": ["summary", "technical", "recommendations"],
        "recipients": ["client@customer.example"],
    }


class DeliveryCreate(In):
    """Who should get a report by e-mail."""

    recipients: Annotated[list[Recipient], msgspec.Meta(min_length=1, max_length=100)]
    """E-mail addresses, at most 50; those that already got it are left out."""


class ScheduleSet(In):
    """When a report is made and to whom it is sent."""

    cadence: Kind
    """How often."""
    local_time: Annotated[str, msgspec.Meta(min_length=5, max_length=5)]
    """HH:MM in `timezone`."""
    timezone: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    """IANA name, such as Europe/Riga."""
    recipients: Annotated[list[Recipient], msgspec.Meta(min_length=1, max_length=100)]
    """E-mail addresses that get each report, at most 50."""
    weekday: Annotated[int, msgspec.Meta(ge=1, le=7)] | None = None
    """Of a weekly cadence: 1 (Monday) to 7 (Sunday); null or left out: another cadence."""
    day_of_month: Annotated[int, msgspec.Meta(ge=1, le=31)] | None = None
    """Of a monthly cadence: 1 to 31, the last day where a month is shorter; null or left out:
    another cadence."""
    sections: Sections = msgspec.field(default_factory=list)
    """Sections in this order; empty: all."""
    is_enabled: bool = True
    """false: keep the schedule, but make no reports."""

    EXAMPLE: ClassVar[Example] = {
        "cadence": "weekly",
        "weekday": 1,
        "local_time": "09:00",
        "timezone": "Europe/Riga",
        "recipients": ["client@customer.example"],
    }


class Artifact(Out):
    """A stored file of a report."""

    format: Format
    """Format of the file."""
    bytes: int
    """Size in bytes."""
    sha256: str
    """SHA-256 of the file, verified when it was stored."""


class ReportView(Out):
    """A report, from its order to its stored files."""

    id: UUID
    """Id of the report."""
    campaign_id: UUID
    """Campaign that it is about."""
    state: ReportState
    """queued; building; stored: its files can be downloaded; failed."""
    reason_code: str | None
    """Why it failed or waits; null: nothing to say."""
    sections: list[str]
    """Its sections, in order."""
    schedule_id: UUID | None
    """Schedule that ordered it; null: a person did."""
    due_at: datetime | None
    """When the schedule wanted it; null: a person ordered it."""
    created_at: datetime
    """When it was ordered."""
    finished_at: datetime | None
    """When it was stored or failed; null: not yet."""
    snapshot_hash: str | None
    """Equal for two reports that were made from equal inputs; null: not built yet."""
    artifacts: list[Artifact]
    """Its files; empty: none is stored yet."""

    EXAMPLE: ClassVar[Example] = {
        "id": "01920000-0000-7000-8000-000000000001",
        "campaign_id": "01920000-0000-7000-8000-000000000000",
        "state": "stored",
        "reason_code": None,
        "sections": ["summary", "technical", "recommendations"],
        "schedule_id": None,
        "due_at": None,
        "created_at": "2026-03-01T09:30:00Z",
        "finished_at": "2026-03-01T09:30:04Z",
        "snapshot_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "artifacts": [
            {
                "format": "pdf",
                "bytes": 81243,
                "sha256": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
            }
        ],
    }


class DeliveryAttempt(Out):
    """One attempt to hand an e-mail to the mail server."""

    at: datetime
    """When the attempt ended."""
    stage: Stage
    """How far the SMTP conversation came; dot: the text had been sent."""
    code: int | None
    """Code of the mail server's answer; null: it gave none."""
    outcome: Outcome
    """What became of it."""


class DeliveryView(Out):
    """An e-mail of a report to one recipient."""

    recipient: str
    """E-mail address."""
    state: DeliveryState
    """intent: not tried yet; sending; sent; retry: will be tried again; failed; outcome_unknown:
    the connection was lost after the text, it may have arrived."""
    attempts: int
    """Attempts so far."""
    message_id: str
    """Message-ID of the e-mail, the same for every attempt."""
    smtp_code: int | None
    """Code of the mail server's last answer; null: it gave none."""
    response: str | None
    """The mail server's last answer, or what the network did; null: nothing was said."""
    sent_at: datetime | None
    """When the mail server took it; null: it has not."""
    log: list[DeliveryAttempt]
    """One entry per attempt, oldest first."""


class ReportDetail(ReportView):
    """A report with its e-mails."""

    deliveries: list[DeliveryView]
    """Its e-mails; empty: nobody was to get it."""


class ScheduleView(Out):
    """The report schedule of a campaign."""

    id: UUID
    """Id of the schedule."""
    campaign_id: UUID
    """Campaign that the reports are about."""
    cadence: Kind
    """How often."""
    local_time: str
    """HH:MM in `timezone`."""
    timezone: str
    """IANA name."""
    weekday: int | None
    """1 (Monday) to 7 (Sunday); null: the cadence is not weekly."""
    day_of_month: int | None
    """1 to 31, the last day where a month is shorter; null: the cadence is not monthly."""
    recipients: list[str]
    """E-mail addresses that get each report."""
    sections: list[str]
    """Sections in order; empty: all."""
    is_enabled: bool
    """false: switched off, by a person or after too many failures."""
    next_due_at: datetime | None
    """When the next report is due (UTC); null: the schedule is switched off."""
    last_due_at: datetime | None
    """When a report was last due; null: none was yet."""
    retry_count: int
    """Failures in a row; more than 3 switch the schedule off."""
    last_status: RunStatus | None
    """How the last run ended; null: none has."""
    updated_at: datetime
    """When the schedule was last set."""
