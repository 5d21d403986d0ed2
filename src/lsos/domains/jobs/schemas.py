"""Bodies of the job routes."""

from datetime import datetime
from uuid import UUID

from lsos.core.http.schema import Out
from lsos.core.queue.jobs import JobState


class JobError(Out):
    type: str
    """Class of the error."""
    reason_code: str
    message: str


class JobView(Out):
    id: UUID
    name: str
    state: JobState
    campaign_id: UUID | None
    attempts: int
    due_at: datetime
    created_at: datetime
    first_started_at: datetime | None
    finished_at: datetime | None
    summary: dict[str, object] | None
    """What the job says that it did; null until it is done."""
    error: JobError | None
    """Of the newest attempt that failed; null once the job is done."""
    request_id: str | None
    """Of the request that asked for it."""
