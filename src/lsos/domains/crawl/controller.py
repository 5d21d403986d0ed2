"""Routes of crawls: schedule, watch, cancel, results, issues, checks."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage, Stream
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.base import Severity
from lsos.checks.catalogue import BY_CODE, CHECKS
from lsos.core.db.database import Sessions
from lsos.core.errors import NotFound
from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, failures, ok, ok_page
from lsos.core.http.principal import needs
from lsos.core.http.schema import DEFAULT_LIMIT, decode_cursor, decode_key, page_of
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


class CrawlController(Controller):
    path = "/crawl"
    tags = ("crawl",)

    @post(
        "/schedule",
        operation_id="scheduleCrawl",
        opt=needs("crawl:write"),
        status_code=202,
        responses=failures(401, 403, 404, 409, 422, 429),
    )
    async def schedule(
        self,
        data: JSONBody[CrawlSchedule],
        session: inject.Session,
        settings: inject.Settings,
        principal: inject.Principal,
    ) -> Response[Envelope[RunAccepted]]:
        """Start one run of a campaign; over the tenant's limit it waits as queued."""
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
        responses=failures(401, 403, 422),
    )
    async def list_runs(
        self,
        session: inject.Session,
        campaign_id: FromQuery[UUID | None] = None,
        wanted_state: Annotated[RunState | None, QueryParameter(name="state")] = None,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[RunView]]:
        """Runs, newest first."""
        before = decode_cursor(cursor)
        rows = await queries.list_runs(session, campaign_id, wanted_state, before, limit)
        views = [run_view(run) for run in rows]
        return ok_page(page_of(views, limit, lambda r: (r.created_at, r.id)))

    @get(
        "/runs/{run_id:uuid}",
        operation_id="getCrawlRun",
        opt=needs("crawl:read"),
        responses=failures(401, 403, 404),
    )
    async def get_run(
        self, run_id: FromPath[UUID], session: inject.Session, principal: inject.Principal
    ) -> Envelope[RunView]:
        """A run with its live progress, and its score once it has ended."""
        return ok(run_view(await queries.get_run(session, principal.tenant_id, run_id)))

    @get(
        "/runs/{run_id:uuid}/events",
        operation_id="watchCrawlRun",
        opt=needs("crawl:read"),
        responses=failures(401, 403, 404),
    )
    async def watch(
        self,
        run_id: FromPath[UUID],
        sessions: inject.Sessions,
        principal: inject.Principal,
        stopping: inject.Stopping,
    ) -> ServerSentEvent:
        """Progress as server-sent events: `progress` while it works, `end` at last."""
        async with sessions() as session:
            await queries.get_run(session, principal.tenant_id, run_id)
        return ServerSentEvent(_events(sessions, principal.tenant_id, run_id, stopping))

    @post(
        "/runs/{run_id:uuid}/cancel",
        operation_id="cancelCrawlRun",
        opt=needs("crawl:write"),
        status_code=200,
        responses=failures(401, 403, 404, 409),
    )
    async def cancel(
        self, run_id: FromPath[UUID], session: inject.Session, principal: inject.Principal
    ) -> Envelope[RunView]:
        """Stop a run; no request to the site begins more than two seconds later."""
        return ok(run_view(await service.cancel(session, principal, run_id)))

    @get(
        "/runs/{run_id:uuid}/pages",
        operation_id="listCrawlPages",
        opt=needs("crawl:read"),
        responses=failures(401, 403, 404, 422),
    )
    async def list_pages(
        self,
        run_id: FromPath[UUID],
        session: inject.Session,
        principal: inject.Principal,
        status: FromQuery[int | None] = None,
        is_indexable: FromQuery[bool | None] = None,
        error: FromQuery[str | None] = None,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[PageView]]:
        """Measured URLs in order of depth."""
        await queries.get_run(session, principal.tenant_id, run_id)
        wanted = queries.PageFilter(status, is_indexable, error)
        after = None if cursor is None else decode_key(cursor, tuple[int, int])
        rows = await queries.list_pages(session, run_id, wanted, after, limit)
        page = page_of(rows, limit, lambda row: (row.depth, row.key))
        views = [page_view(row) for row in page.items]
        return ok_page(msgspec.structs.replace(page, items=views))

    @get(
        "/runs/{run_id:uuid}/links",
        operation_id="listCrawlLinks",
        opt=needs("crawl:read"),
        responses=failures(401, 403, 404, 422),
    )
    async def list_links(
        self,
        run_id: FromPath[UUID],
        url: Annotated[str, QueryParameter(max_length=4_096, description="the page")],
        session: inject.Session,
        principal: inject.Principal,
    ) -> Envelope[list[LinkView]]:
        """All references of one page, in document order."""
        run = await queries.get_run(session, principal.tenant_id, run_id)
        return ok(await queries.links_of_page(session, run, url))

    @get(
        "/runs/{run_id:uuid}/issues",
        operation_id="listCrawlRunIssues",
        opt=needs("crawl:read"),
        responses=failures(401, 403, 404, 422),
    )
    async def list_run_issues(
        self,
        run_id: FromPath[UUID],
        session: inject.Session,
        principal: inject.Principal,
        code: FromQuery[str | None] = None,
        severity: FromQuery[Severity | None] = None,
        show_ignored: FromQuery[bool] = False,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[IssueView]]:
        """Issues of a run, worst first."""
        run = await queries.get_run(session, principal.tenant_id, run_id)
        wanted = queries.IssueFilter(code, severity, show_ignored)
        return await _issues(session, run, wanted, cursor, limit)

    @get(
        "/issues",
        operation_id="listCrawlIssues",
        opt=needs("crawl:read"),
        responses=failures(401, 403, 404, 422),
    )
    async def list_issues(
        self,
        campaign_id: FromQuery[UUID],
        session: inject.Session,
        code: FromQuery[str | None] = None,
        severity: FromQuery[Severity | None] = None,
        show_ignored: FromQuery[bool] = False,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[IssueView]]:
        """Issues of a campaign's newest finished run, worst first."""
        run = await queries.find_latest_scored_run(session, campaign_id)
        if run is None:
            raise NotFound("no finished crawl of this campaign", code="crawl_run_not_found")
        wanted = queries.IssueFilter(code, severity, show_ignored)
        return await _issues(session, run, wanted, cursor, limit)

    @patch(
        "/issues/{issue_id:str}",
        operation_id="updateCrawlIssue",
        opt=needs("crawl:write"),
        responses=failures(401, 403, 404, 422),
    )
    async def update_issue(
        self,
        issue_id: FromPath[str],
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
        responses=failures(401, 403, 404, 422),
    )
    async def export_run(
        self,
        run_id: FromPath[UUID],
        sessions: inject.Sessions,
        principal: inject.Principal,
        kind: FromQuery[ExportKind],
        format_: Annotated[ExportFormat, QueryParameter(name="format")] = "csv",
    ) -> Stream:
        """All pages, links or issues as a file, streamed."""
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
        responses=failures(401, 403),
    )
    async def list_checks(self, session: inject.Session) -> Envelope[list[CheckView]]:
        """All checks with the tenant's own severities and limits."""
        settings = {
            row.code: queries.setting_of(row) for row in await queries.list_check_settings(session)
        }
        return ok([check_view(check, settings.get(check.code)) for check in CHECKS])

    @patch(
        "/checks/{code:str}",
        operation_id="updateCrawlCheck",
        opt=needs("check_settings:write"),
        responses=failures(401, 403, 404, 422),
    )
    async def update_check(
        self,
        code: FromPath[str],
        data: JSONBody[CheckUpdate],
        session: inject.Session,
        principal: inject.Principal,
    ) -> Envelope[CheckView]:
        """Turn a check off, or set its severity and limits for this tenant's later runs."""
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
    after = None if cursor is None else decode_key(cursor, tuple[int, str, int])
    rows = await queries.list_issues(session, run, wanted, after, limit)
    page = page_of(rows, limit, lambda row: (row.rank, row[0].code, row[0].subject))
    views = [issue_view(row[0], row.reason) for row in page.items]
    return ok_page(msgspec.structs.replace(page, items=views))


CONTROLLERS = (CrawlController,)
