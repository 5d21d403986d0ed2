"""What the dashboard and the platform's health show of crawls."""

from datetime import datetime
from uuid import UUID

import msgspec

from lsos.core.http.schema import Out
from lsos.domains.crawl.rules import FINISHED, Phase, RunState
from lsos.room import Statement


class CrawlStatus(Out):
    """The newest crawl run of the campaign, in whatever state."""

    run_id: UUID
    """Id of the run."""
    state: RunState
    """State of the run."""
    phase: Phase
    """What it is doing."""
    admitted: int
    """URLs taken into the run, within its page budget."""
    done: int
    """URLs of these that have a result, measured or not."""
    pages: int
    """HTML pages among the results."""
    errors: int
    """URLs that gave no response, or an error status."""
    started_at: datetime | None
    """When it began; null: it is waiting."""
    finished_at: datetime | None
    """When it ended; null: it has not."""
    issue_counts: dict[str, int] | None
    """Issues by severity; null: the run has not been judged."""


def _status(found: object) -> CrawlStatus | None:
    return msgspec.convert(found, CrawlStatus | None)


DASHBOARD = (
    Statement(
        "technical_score",
        """
        select coalesce(
            (select technical_score from crawl_runs where campaign_id = :campaign_id
                order by created_at desc, id desc limit 1),
            (select technical_score from crawl_runs
                where campaign_id = :campaign_id and state = any(:crawl_finished)
                order by created_at desc, id desc limit 1)
        )
        """,
        {"crawl_finished": list(FINISHED)},
    ),
    Statement(
        "latest_crawl_status",
        """
        select to_jsonb(r) from (
            select id as run_id, state, phase, admitted, done, pages, errors, started_at,
                finished_at, issue_counts
            from crawl_runs where campaign_id = :campaign_id
            order by created_at desc, id desc limit 1
        ) r
        """,
        read=_status,
    ),
)
HEALTH = (Statement("runs_waiting", "select count(*) from crawl_runs where state = 'queued'"),)
