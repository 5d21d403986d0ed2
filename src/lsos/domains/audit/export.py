"""Pages, links and issues of a run as files, in bounded memory."""

from collections.abc import AsyncIterator

from lsos.core.db.database import Sessions
from lsos.domains.audit import queries
from lsos.domains.audit.rules import RunIds
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

_STORED = ("code", "severity", "scope", "url", "count", "evidence")
ISSUE_COLUMNS = (*_STORED, "is_ignored")


def export(
    sessions: Sessions, run: RunIds, kind: ExportKind, format_: ExportFormat
) -> AsyncIterator[str]:
    """Pieces of the file."""
    writer = {"csv": csv_lines, "jsonl": json_lines}[format_]
    match kind:
        case "pages":
            return writer(PAGE_COLUMNS, pages(sessions, run.run_id))
        case "links":
            return writer(LINK_COLUMNS, links(sessions, run.run_id))
        case "issues":
            return writer(ISSUE_COLUMNS, _issues(sessions, run))


async def download(
    sessions: Sessions, run: RunIds, kind: ExportKind, format_: ExportFormat
) -> AsyncIterator[str]:
    """The same as a browser saves it: Excel takes CSV for UTF-8 only behind a byte order mark."""
    if format_ == "csv":
        yield "\ufeff"
    async for piece in export(sessions, run, kind, format_):
        yield piece


async def _issues(sessions: Sessions, run: RunIds) -> Rows:
    async with sessions() as session:
        ignored = await queries.ignored_reasons(session, run.campaign_id)
        async for row in findings.stream_findings(session, run.run_id):
            stored = (getattr(row, name) for name in _STORED)
            yield (*stored, (row.code, row.subject) in ignored)
