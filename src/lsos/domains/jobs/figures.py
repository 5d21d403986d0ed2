"""What the platform's health shows of jobs."""

from lsos.core.redis.client import DEFAULT_QUEUE
from lsos.room import Statement

MAX_BACKLOG = 50_000
"""More is counted as this many."""
HEALTH = (
    Statement(
        "jobs_due",
        """
        select count(*) from (
            select 1 from jobs where state = 'queued' and due_at <= now() limit :jobs_most
        ) due
        """,
        {"jobs_most": MAX_BACKLOG},
    ),
    Statement(
        "oldest_due_s",
        """
        select extract(epoch from now() - min(due_at))::float8 from jobs
        where state = 'queued' and due_at <= now() and queue = :jobs_queue
        """,
        {"jobs_queue": DEFAULT_QUEUE},
    ),
)
