"""Routes of what a crawl was found to be worth: issues, exports, checks."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, patch
from litestar.params import FromPath, FromQuery, JSONBody, PathParameter, QueryParameter
from litestar.response import Stream
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.base import Severity
from lsos.checks.catalogue import BY_CODE, CHECKS
from lsos.core.errors import NotFound
from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, ok, ok_page
from lsos.core.http.principal import Principal, needs
from lsos.core.http.schema import DEFAULT_LIMIT, decode_key, page_of
from lsos.domains.audit import queries, service
from lsos.domains.audit.export import download
from lsos.domains.audit.rules import RunIds
from lsos.domains.audit.schemas import (
    CheckUpdate,
    CheckView,
    ExportFormat,
    ExportKind,
    IssueUpdate,
    IssueView,
)
from lsos.domains.audit.views import check_view, decode_issue, issue_view
from lsos.domains.crawl import findings
from lsos.domains.crawl import queries as crawl

Kind = Annotated[ExportKind, QueryParameter(description="What to download.")]
WantedFormat = Annotated[ExportFormat, QueryParameter(name="format", description="Of the file.")]
IssueCode = Annotated[str | None, QueryParameter(description="Only issues of this check.")]
IssueSeverity = Annotated[Severity | None, QueryParameter(description="Only of this severity.")]
ShowIgnored = Annotated[bool, QueryParameter(description="Whether ignored issues are listed too.")]
IssueId = Annotated[str, PathParameter(description="Id of the issue, as lists have it.")]
CheckCode = Annotated[str, PathParameter(description="Code of the check.")]


class AuditController(Controller):
    path = "/crawl"
    tags = ("crawl",)

    @get(
        "/runs/{run_id:uuid}/issues",
        operation_id="listCrawlRunIssues",
        opt=needs("crawl:read"),
    )
    async def list_run_issues(
        self,
        run_id: FromPath[UUID],
        session: inject.Session,
        principal: inject.Principal,
        code: IssueCode = None,
        severity: IssueSeverity = None,
        show_ignored: ShowIgnored = False,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[IssueView]]:
        """List the issues of a crawl run, worst first."""
        run = await crawl.get_run(session, principal.tenant_id, run_id)
        shows = _shows_ignored(principal, wanted=show_ignored)
        wanted = queries.IssueFilter(code, severity, shows)
        return await _issues(session, run.id, run.campaign_id, wanted, cursor, limit)

    @get(
        "/issues",
        operation_id="listCrawlIssues",
        opt=needs("crawl:read"),
    )
    async def list_issues(
        self,
        campaign_id: FromQuery[UUID],
        session: inject.Session,
        principal: inject.Principal,
        code: IssueCode = None,
        severity: IssueSeverity = None,
        show_ignored: ShowIgnored = False,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[IssueView]]:
        """List the issues of a campaign's newest finished run, worst first."""
        run = await crawl.find_latest_scored_run(session, campaign_id)
        if run is None:
            raise NotFound("no finished crawl of this campaign", code="crawl_run_not_found")
        shows = _shows_ignored(principal, wanted=show_ignored)
        wanted = queries.IssueFilter(code, severity, shows)
        return await _issues(session, run.id, run.campaign_id, wanted, cursor, limit)

    @patch(
        "/issues/{issue_id:str}",
        operation_id="updateCrawlIssue",
        opt=needs("crawl:write"),
    )
    async def update_issue(
        self,
        issue_id: IssueId,
        data: JSONBody[IssueUpdate],
        session: inject.Session,
        principal: inject.Principal,
    ) -> Envelope[IssueView]:
        """Ignore an issue with a reason, in this and later runs, or show it again."""
        run_id, code, subject = decode_issue(issue_id)
        run = await crawl.get_run(session, principal.tenant_id, run_id)
        issue = await findings.find_finding(session, run_id, code, subject)
        if issue is None:
            raise NotFound("no such issue", code="issue_not_found")
        await service.ignore_issue(session, principal, run.campaign_id, (code, subject), data)
        return ok(issue_view(issue, data.ignore_reason))

    @get(
        "/runs/{run_id:uuid}/export",
        operation_id="exportCrawlRun",
        opt=needs("crawl:read"),
    )
    async def export_run(
        self,
        run_id: FromPath[UUID],
        sessions: inject.Sessions,
        principal: inject.Principal,
        kind: Kind,
        format_: WantedFormat = "csv",
    ) -> Stream:
        """Download all pages, links or issues of a crawl run as a file."""
        async with sessions() as session:
            run = await crawl.get_run(session, principal.tenant_id, run_id)
        types = {"csv": "text/csv", "jsonl": "application/jsonl"}
        return Stream(
            download(sessions, RunIds(run.id, run.campaign_id), kind, format_),
            media_type=types[format_],
            headers={"Content-Disposition": f'attachment; filename="{kind}.{format_}"'},
        )

    @get(
        "/checks",
        operation_id="listCrawlChecks",
        opt=needs("crawl:read"),
    )
    async def list_checks(self, session: inject.Session) -> Envelope[list[CheckView]]:
        """List all checks, with the severities and limits of the tenant."""
        settings = await queries.list_check_settings(session)
        return ok([check_view(check, settings.get(check.code)) for check in CHECKS])

    @patch(
        "/checks/{code:str}",
        operation_id="updateCrawlCheck",
        opt=needs("check_settings:write"),
    )
    async def update_check(
        self,
        code: CheckCode,
        data: JSONBody[CheckUpdate],
        session: inject.Session,
        principal: inject.Principal,
    ) -> Envelope[CheckView]:
        """Switch a check off, or set its severity and limits, for later runs of the tenant."""
        setting = await service.set_check(session, principal, code, data)
        return ok(check_view(BY_CODE[code], setting))


def _shows_ignored(principal: Principal, *, wanted: bool) -> bool:
    """Reasons are notes of the agency, which its clients do not read."""
    return wanted and "crawl:write" in principal.scopes


async def _issues(
    session: AsyncSession,
    run_id: UUID,
    campaign_id: UUID,
    wanted: queries.IssueFilter,
    cursor: str | None,
    limit: int,
) -> Envelope[list[IssueView]]:
    after = None if cursor is None else decode_key(cursor, tuple[int, str, int])
    rows = await queries.list_issues(session, run_id, campaign_id, wanted, after, limit)
    page = page_of(rows, limit, lambda row: (row.rank, row.code, row.subject))
    reasons = {}
    if wanted.show_ignored:
        shown = [(row.code, row.subject) for row in page.items]
        reasons = await queries.ignored_reasons(session, campaign_id, shown)
    views = [issue_view(row, reasons.get((row.code, row.subject))) for row in page.items]
    return ok_page(msgspec.structs.replace(page, items=views))


CONTROLLERS = (AuditController,)
