"""Reads of runs, pages and links."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.engine import CheckSetting, usable
from lsos.core.db.reads import Read, columns_of
from lsos.core.errors import NotFound
from lsos.core.http.paging import HotList
from lsos.core.resources import Resources
from lsos.domains.crawl.hosts import unpack
from lsos.domains.crawl.models import (
    CrawlHost,
    CrawlPage,
    CrawlRun,
    CrawlTodo,
    CrawlUrl,
)
from lsos.domains.crawl.rules import FINISHED, OPEN_STATES
from lsos.domains.crawl.schemas import LinkView
from lsos.web.discovery import UrlSource
from lsos.web.facts import PageFacts
from lsos.web.host_facts import HostFacts
from lsos.web.stored import LinkFlag, unpack_facts, unpack_links
from lsos.web.urls import url_key

UNREACHED = 32_767
"""Depth in facts and orders of a page that no click from the start reaches."""

ReadCheckSettings = Callable[[AsyncSession], Awaitable[dict[str, object]]]


async def _no_settings(_: AsyncSession) -> dict[str, object]:
    return {}


def check_settings(_: Resources) -> ReadCheckSettings:
    """How to read the tenant's settings of checks, by code; the audit puts its own here."""
    return _no_settings


async def get_run(session: AsyncSession, tenant_id: UUID, run_id: UUID) -> CrawlRun:
    run = await session.get(CrawlRun, (tenant_id, run_id), populate_existing=True)
    if run is None:
        raise NotFound("no such crawl run", code="crawl_run_not_found")
    return run


async def run_state(session: AsyncSession, run_id: UUID) -> str | None:
    return await session.scalar(select(CrawlRun.state).where(CrawlRun.id == run_id))


async def list_runs(
    session: AsyncSession, campaign_id: UUID, state: str, limit: int
) -> Sequence[CrawlRun]:
    """A campaign's newest runs in this state, newest first."""
    query = (
        select(CrawlRun)
        .where(CrawlRun.campaign_id == campaign_id, CrawlRun.state == state)
        .order_by(CrawlRun.created_at.desc(), CrawlRun.id.desc())
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def find_latest_scored_run(
    session: AsyncSession, campaign_id: UUID, *, before: CrawlRun | None = None
) -> CrawlRun | None:
    """The campaign's newest finished run; with `before`, the newest one older than that run."""
    query = (
        select(CrawlRun)
        .where(CrawlRun.campaign_id == campaign_id, CrawlRun.state.in_(FINISHED))
        .order_by(CrawlRun.created_at.desc(), CrawlRun.id.desc())
        .limit(1)
    )
    if before is not None:
        query = query.where(CrawlRun.id != before.id)
    return await session.scalar(query)


async def count_open_runs(session: AsyncSession) -> int:
    """Runs of the tenant that wait or work."""
    return (
        await session.scalar(
            select(func.count()).select_from(CrawlRun).where(CrawlRun.state.in_(OPEN_STATES))
        )
        or 0
    )


def check_settings_of(run: CrawlRun) -> dict[str, CheckSetting]:
    """Of the checks that were set when the run began, and that this release still knows."""
    settings = msgspec.convert(run.check_settings or {}, dict[str, CheckSetting], strict=False)
    return usable(settings)


async def load_hosts(session: AsyncSession, run_id: UUID) -> dict[str, HostFacts]:
    """Hosts of a run by origin."""
    rows = await session.execute(
        select(CrawlHost.origin, CrawlHost.facts).where(CrawlHost.run_id == run_id)
    )
    return {origin: unpack(facts) for origin, facts in rows}


DEPTH_RANK = func.coalesce(CrawlPage.depth, UNREACHED).label("depth_rank")
PAGE_COLUMNS = (
    CrawlPage.key,
    CrawlPage.url,
    CrawlPage.depth,
    CrawlPage.status,
    CrawlPage.error,
    CrawlPage.redirect_url,
    CrawlPage.content_type,
    CrawlPage.is_html,
    CrawlPage.is_indexable,
    CrawlPage.is_reused,
    CrawlPage.canonical,
    CrawlPage.title,
    CrawlPage.words,
    CrawlPage.body_bytes,
    CrawlPage.ttfb_ms,
    CrawlPage.fetched_at,
)

PAGES = HotList(
    select(*PAGE_COLUMNS, DEPTH_RANK).where(CrawlPage.run_id == bindparam("run_id")),
    key=(DEPTH_RANK, CrawlPage.key),
    filters={
        "status": CrawlPage.status == bindparam("status"),
        "is_indexable": CrawlPage.is_indexable == bindparam("is_indexable"),
        "error": CrawlPage.error == bindparam("error"),
    },
)
"""Pages in order of depth, those that no click reaches last, without their facts."""

RUNS = HotList(
    select(*columns_of(CrawlRun)),
    key=(CrawlRun.created_at.desc(), CrawlRun.id.desc()),
    filters={
        "campaign_id": CrawlRun.campaign_id == bindparam("campaign_id"),
        "state": CrawlRun.state == bindparam("state"),
    },
)
"""Newest first."""

_EXISTS = Read(select(CrawlRun.id).where(CrawlRun.id == bindparam("run_id")))


async def check_run(session: AsyncSession, run_id: UUID) -> None:
    """NotFound unless the caller sees this run; its pages alone carry no campaign."""
    if await _EXISTS.row(session, run_id=run_id) is None:
        raise NotFound("no such crawl run", code="crawl_run_not_found")


async def links_of_page(session: AsyncSession, run: CrawlRun, url: str) -> list[LinkView]:
    """References of one page of a run; NotFound when it has no such page."""
    key = url_key(run.campaign_id.bytes, url)
    row = (
        await session.execute(
            select(CrawlPage.url, CrawlPage.links).where(
                CrawlPage.run_id == run.id, CrawlPage.key == key
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound("this run has no such page", field="url", code="page_not_found")
    stored = unpack_links(row.links)
    found = await session.execute(
        select(CrawlUrl.key, CrawlUrl.url, CrawlUrl.is_internal).where(
            CrawlUrl.run_id == run.id, CrawlUrl.key.in_(set(stored.targets))
        )
    )
    targets = {target.key: target for target in found}
    return [
        LinkView(
            source=row.url,
            target=targets[key].url,
            kind=LinkFlag(flag).kind,
            is_followed=LinkFlag(flag).is_followed,
            is_internal=targets[key].is_internal,
            anchor=anchor,
        )
        for key, flag, anchor in zip(stored.targets, stored.flags, stored.anchors, strict=True)
        if key in targets
    ]


async def has_open_urls(session: AsyncSession, run_id: UUID) -> bool:
    return bool(await session.scalar(select(exists().where(CrawlTodo.run_id == run_id))))


async def has_ok_page(session: AsyncSession, run_id: UUID) -> bool:
    """An HTML page has answered, and not just redirects, errors and files."""
    found = exists().where(
        CrawlPage.run_id == run_id, CrawlPage.is_html, CrawlPage.status.between(200, 299)
    )
    return bool(await session.scalar(select(found)))


async def has_unasked_urls(session: AsyncSession, run_id: UUID) -> bool:
    """The run has discovered URLs of its site that lie deeper, or found no place in its budget."""
    page = exists().where(CrawlPage.run_id == run_id, CrawlPage.key == CrawlUrl.key)
    found = exists().where(
        CrawlUrl.run_id == run_id,
        CrawlUrl.is_internal,
        CrawlUrl.source != int(UrlSource.REDIRECT),  # beyond the last hop is no cut
        ~page,
    )
    return bool(await session.scalar(select(found)))


async def redirect_targets(session: AsyncSession, run_id: UUID) -> dict[str, str]:
    """URL -> target of the redirects of a run, at most 50."""
    rows = await session.execute(
        select(CrawlPage.url, CrawlPage.redirect_url)
        .where(CrawlPage.run_id == run_id, CrawlPage.redirect_url.is_not(None))
        .limit(50)
    )
    return {url: target for url, target in rows if target}


async def stream_pages(session: AsyncSession, run_id: UUID) -> AsyncIterator[PageFacts]:
    """Facts of the pages that answered 200 with HTML, from the start on; links are not among them.

    In bounded memory, like all streams here. `depth` is that in clicks, or UNREACHED.
    """
    statement = (
        select(CrawlPage.facts, DEPTH_RANK)
        .where(CrawlPage.run_id == run_id, CrawlPage.is_html, CrawlPage.status == 200)
        .order_by(DEPTH_RANK, CrawlPage.key)
    )
    async for raw, depth in stream(session, statement, 100):
        yield _facts(raw, depth)


async def stream_eligible(session: AsyncSession, run_id: UUID) -> AsyncIterator[PageFacts]:
    """The same of the pages that scores are about, in a fixed order."""
    statement = (
        select(CrawlPage.facts, DEPTH_RANK)
        .where(CrawlPage.run_id == run_id, CrawlPage.is_eligible)
        .order_by(CrawlPage.key)
    )
    async for raw, depth in stream(session, statement, 100):
        yield _facts(raw, depth)


def _facts(raw: bytes, depth: int) -> PageFacts:
    page = unpack_facts(raw)
    page.depth = depth
    return page


async def count_indexable(session: AsyncSession, run_id: UUID) -> int:
    query = select(func.count()).where(CrawlPage.run_id == run_id, CrawlPage.is_indexable)
    return await session.scalar(query) or 0


async def stream(session: AsyncSession, statement: Any, size: int = 1_000) -> AsyncIterator[Any]:
    """Rows one by one, fetched `size` at a time: bounded memory for exports and analysis."""
    result = await session.stream(statement.execution_options(yield_per=size))
    async for row in result:
        yield row
