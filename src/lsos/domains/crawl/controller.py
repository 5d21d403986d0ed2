"""Routes of crawls: schedule, watch, cancel, pages and links."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from lsos.core.db.database import Sessions
from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, failures, ok, ok_page
from lsos.core.http.principal import needs
from lsos.core.http.schema import DEFAULT_LIMIT
from lsos.domains.crawl import queries, service
from lsos.domains.crawl.rules import OPEN_STATES, RunState
from lsos.domains.crawl.schemas import (
    CrawlSchedule,
    LinkView,
    PageView,
    RunAccepted,
    RunView,
)
from lsos.domains.crawl.views import page_view, run_view

EVENT_S = 1.0
"""Between two looks at a run that is streamed."""
WantedState = Annotated[RunState | None, QueryParameter(name="state", description="Of the runs.")]
Status = Annotated[int | None, QueryParameter(description="Only URLs with this HTTP status.")]
Indexable = Annotated[bool | None, QueryParameter(description="Only URLs that are, or are not.")]
FetchError = Annotated[str | None, QueryParameter(description="Only with this error: timeout, …")]
PageUrl = Annotated[str, QueryParameter(max_length=4_096, description="URL of the page.")]


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
        """List the measured URLs of a crawl run in order of depth, unreached ones last."""
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


CONTROLLERS = (CrawlController,)
