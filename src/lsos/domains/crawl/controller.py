"""Routes of crawls: schedule, watch, cancel, results, issues, checks."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, PathParameter, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage, Stream
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.base import Severity
from lsos.checks.catalogue import BY_CODE, CHECKS
from lsos.core.db.database import Sessions
from lsos.core.errors import NotFound
from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, failures, ok, ok_page
from lsos.core.http.principal import needs
from lsos.core.http.schema import DEFAULT_LIMIT
from lsos.domains.crawl import export, issues, queries, service
from lsos.domains.crawl.models import CrawlRun
from lsos.domains.crawl.rules import OPEN_STATES, RunState
from lsos.domains.crawl.schemas import (
    CheckUpdate,
    CheckView,
    CrawlSchedule,
    ExportFormat,
    ExportKind,
    IssueUpdate,
    IssueView,
    LinkView,
    PageView,
    RunAccepted,
    RunView,
)
from lsos.domains.crawl.views import check_view, decode_issue, issue_view, page_view, run_view

EVENT_S = 1.0
"""Between two looks at a run that is streamed."""
WantedState = Annotated[RunState | None, QueryParameter(name="state", description="Of the runs.")]
Status = Annotated[int | None, QueryParameter(description="Only URLs with this HTTP status.")]
Indexable = Annotated[bool | None, QueryParameter(description="Only URLs that are, or are not.")]
FetchError = Annotated[str | None, QueryParameter(description="Only with this error: timeout, …")]
PageUrl = Annotated[str, QueryParameter(max_length=4_096, description="URL of the page.")]
Kind = Annotated[ExportKind, QueryParameter(description="What to download.")]
WantedFormat = Annotated[ExportFormat, QueryParameter(name="format", description="Of the file.")]
IssueCode = Annotated[str | None, QueryParameter(description="Only issues of this check.")]
IssueSeverity = Annotated[Severity | None, QueryParameter(description="Only of this severity.")]
ShowIgnored = Annotated[bool, QueryParameter(description="Whether ignored issues are listed too.")]
IssueId = Annotated[str, PathParameter(description="Id of the issue, as lists have it.")]
CheckCode = Annotated[str, PathParameter(description="Code of the check.")]


class CrawlController(Controller):
    path = "/crawl"
    tags = ("crawl",)

    @post(
        "/schedule",
        operation_id="scheduleCrawl",
        opt=needs("crawl:write"),
        status_code=202,
        responses=failures(429),
    )
    async def schedule(
        self,
        data: JSONBody[CrawlSchedule],
        session: inject.Session,
        settings: inject.Settings,
        principal: inject.Principal,
    ) -> Response[Envelope[RunAccepted]]:
        """Start one crawl run of a campaign.

        Over the limits of the tenant and the campaign it waits as queued.
        """
        run = await service.schedule(session, settings, principal, data)
        body = ok(RunAccepted(run_id=run.id, state="queued"))
        return Response(
            body,
            status_code=202,
            headers={"Location": f"{settings.api_v1_prefix}/crawl/runs/{run.id}"},
        )

    @get(
        "/runs",
        operation_id="listCrawlRuns",
        opt=needs("crawl:read"),
    )
    async def list_runs(
        self,
        session: inject.Session,
        campaign_id: FromQuery[UUID | None] = None,
        wanted_state: WantedState = None,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[RunView]]:
        """List crawl runs, newest first."""
        page = await queries.RUNS.page(
            session, cursor, limit, campaign_id=campaign_id, state=wanted_state
        )
        return ok_page(page.map(run_view))

    @get(
        "/runs/{run_id:uuid}",
        operation_id="getCrawlRun",
        opt=needs("crawl:read"),
    )
    async def get_run(
        self, run_id: FromPath[UUID], session: inject.Session, principal: inject.Principal
    ) -> Envelope[RunView]:
        """Show a crawl run with its live progress, and its score once it has ended."""
        return ok(run_view(await queries.get_run(session, principal.tenant_id, run_id)))

    @get(
        "/runs/{run_id:uuid}/events",
        operation_id="watchCrawlRun",
        opt=needs("crawl:read"),
    )
    async def watch(
        self,
        run_id: FromPath[UUID],
        sessions: inject.Sessions,
        principal: inject.Principal,
        stopping: inject.Stopping,
    ) -> ServerSentEvent:
        """Watch a crawl run as server-sent events.

        `progress` follows each change, `end` comes last; the data of both is the run.
        """
        async with sessions() as session:
            await queries.get_run(session, principal.tenant_id, run_id)
        return ServerSentEvent(_events(sessions, principal.tenant_id, run_id, stopping))

    @post(
        "/runs/{run_id:uuid}/cancel",
        operation_id="cancelCrawlRun",
        opt=needs("crawl:write"),
        status_code=200,
    )
    async def cancel(
        self, run_id: FromPath[UUID], session: inject.Session, principal: inject.Principal
    ) -> Envelope[RunView]:
        """Cancel a crawl run; no request to the site begins more than two seconds later."""
        return ok(run_view(await service.cancel(session, principal, run_id)))

    @get(
        "/runs/{run_id:uuid}/pages",
        operation_id="listCrawlPages",
        opt=needs("crawl:read"),
    )
    async def list_pages(
        self,
        run_id: FromPath[UUID],
        session: inject.Session,
        status: Status = None,
        is_indexable: Indexable = None,
        error: FetchError = None,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[PageView]]:
        """List the measured URLs of a crawl run in order of depth."""
        await queries.check_run(session, run_id)
        page = await queries.PAGES.page(
            session,
            cursor,
            limit,
            run_id=run_id,
            status=status,
            is_indexable=is_indexable,
            error=error,
        )
        return ok_page(page.map(page_view))

    @get(
        "/runs/{run_id:uuid}/links",
        operation_id="listCrawlLinks",
        opt=needs("crawl:read"),
    )
    async def list_links(
        self,
        run_id: FromPath[UUID],
        url: PageUrl,
        session: inject.Session,
        principal: inject.Principal,
    ) -> Envelope[list[LinkView]]:
        """List all references of one page, in document order."""
        run = await queries.get_run(session, principal.tenant_id, run_id)
        return ok(await queries.links_of_page(session, run, url))

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
        run = await queries.get_run(session, principal.tenant_id, run_id)
        wanted = queries.IssueFilter(code, severity, show_ignored)
        return await _issues(session, run, wanted, cursor, limit)

    @get(
        "/issues",
        operation_id="listCrawlIssues",
        opt=needs("crawl:read"),
    )
    async def list_issues(
        self,
        campaign_id: FromQuery[UUID],
        session: inject.Session,
        code: IssueCode = None,
        severity: IssueSeverity = None,
        show_ignored: ShowIgnored = False,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[IssueView]]:
        """List the issues of a campaign's newest finished run, worst first."""
        run = await queries.find_latest_scored_run(session, campaign_id)
        if run is None:
            raise NotFound("no finished crawl of this campaign", code="crawl_run_not_found")
        wanted = queries.IssueFilter(code, severity, show_ignored)
        return await _issues(session, run, wanted, cursor, limit)

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
        run = await queries.get_run(session, principal.tenant_id, run_id)
        issue = await issues.find_issue(session, run, code, subject)
        await issues.ignore_issue(session, principal, run, (code, subject), data)
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
            await queries.get_run(session, principal.tenant_id, run_id)
        writers = {"csv": export.csv_lines, "jsonl": export.json_lines}
        types = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
        return Stream(
            writers[format_](sessions, run_id, kind),
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
        settings = {
            row.code: queries.setting_of(row) for row in await queries.list_check_settings(session)
        }
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
        setting = await issues.set_check(session, principal, code, data)
        return ok(check_view(BY_CODE[code], setting))


async def _events(
    sessions: Sessions, tenant_id: UUID, run_id: UUID, stopping: asyncio.Event
) -> AsyncIterator[ServerSentEventMessage]:
    before = b""
    while not stopping.is_set():
        async with sessions() as session:
            view = run_view(await queries.get_run(session, tenant_id, run_id))
        data = msgspec.json.encode(view)
        is_over = view.state not in OPEN_STATES
        if data != before or is_over:
            yield ServerSentEventMessage(data=data, event="end" if is_over else "progress")
        if is_over:
            return
        before = data
        try:
            async with asyncio.timeout(EVENT_S):
                await stopping.wait()
        except TimeoutError:
            continue


async def _issues(
    session: AsyncSession,
    run: CrawlRun,
    wanted: queries.IssueFilter,
    cursor: str | None,
    limit: int,
) -> Envelope[list[IssueView]]:
    page = await queries.list_issues(session, run, wanted, cursor, limit)
    return ok_page(page.map(lambda row: issue_view(row[0], row.reason)))


CONTROLLERS = (CrawlController,)
