"""Bodies of the job routes."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from lsos.core.http.schema import Example, Out
from lsos.core.queue.jobs import JobState


class JobError(Out):
    """What went wrong in an attempt."""

    type: str
    """Class of the error."""
    reason_code: str
    """What went wrong as a stable word, such as provider_timeout."""
    message: str
    """What went wrong in words, without secrets."""


class JobView(Out):
    """A background job: one piece of work with its attempts and its outcome."""

    id: UUID
    """Id of the job."""
    name: str
    """Kind of work, such as crawl.slice."""
    state: JobState
    """queued: waiting or due later; running; done; dead: given up, until it is retried;
    cancelled."""
    campaign_id: UUID | None
    """Campaign that the work is for; null: for none."""
    attempts: int
    """Attempts so far, the running one included."""
    due_at: datetime
    """When a worker may start it."""
    created_at: datetime
    """When the job was queued."""
    first_started_at: datetime | None
    """When its first attempt began; null: it has not started."""
    finished_at: datetime | None
    """When it ended in any way; null: it has not."""
    summary: dict[str, object] | None
    """What the job reports that it did, depending on `name`; null: it is not done."""
    error: JobError | None
    """What failed in the newest failed attempt; null: nothing failed, or the job is done."""
    request_id: str | None
    """Id of the request that asked for it; null: a schedule or another job did."""

    EXAMPLE: ClassVar[Example] = {
        "id": "01920000-0000-7000-8000-000000000000",
        "name": "crawl.slice",
        "state": "done",
        "campaign_id": "01920000-0000-7000-8000-000000000001",
        "attempts": 1,
        "due_at": "2026-03-01T09:30:00Z",
        "created_at": "2026-03-01T09:30:00Z",
        "first_started_at": "2026-03-01T09:30:01Z",
        "finished_at": "2026-03-01T09:30:26Z",
        "summary": {"pages": 25},
        "error": None,
        "request_id": "9f86d081884c7d65",
    }
