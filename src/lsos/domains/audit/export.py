"""Pages, links and issues of a run as files, in bounded memory."""

from collections.abc import AsyncIterator
from uuid import UUID

from lsos.core.db.database import Sessions
from lsos.domains.audit.schemas import ExportFormat, ExportKind
from lsos.domains.crawl import findings
from lsos.domains.crawl.export import (
    LINK_COLUMNS,
    PAGE_COLUMNS,
    Rows,
    csv_lines,
    json_lines,
    links,
    pages,
)

ISSUE_COLUMNS = ("code", "severity", "scope", "url", "count", "evidence")


def export(
    sessions: Sessions, run_id: UUID, kind: ExportKind, format_: ExportFormat
) -> AsyncIterator[str]:
    """Pieces of the file."""
    columns, rows = {
        "pages": (PAGE_COLUMNS, pages),
        "links": (LINK_COLUMNS, links),
        "issues": (ISSUE_COLUMNS, _issues),
    }[kind]
    writer = {"csv": csv_lines, "jsonl": json_lines}[format_]
    return writer(columns, rows(sessions, run_id))


async def _issues(sessions: Sessions, run_id: UUID) -> Rows:
    async with sessions() as session:
        async for row in findings.stream_findings(session, run_id):
            yield tuple(getattr(row, name) for name in ISSUE_COLUMNS)
