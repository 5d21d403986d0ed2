"""Reads of runs, pages, links, issues and check settings."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import exists, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.engine import Bound, CheckSetting, bind
from lsos.core.errors import NotFound
from lsos.core.http.schema import TimeKey
from lsos.domains.crawl.hosts import unpack
from lsos.domains.crawl.models import (
    CheckSettings,
    CrawlHost,
    CrawlIssue,
    CrawlPage,
    CrawlRun,
    CrawlTodo,
    CrawlUrl,
    IgnoredIssue,
)
from lsos.domains.crawl.rules import OPEN_STATES
from lsos.domains.crawl.schemas import LinkView
from lsos.web.discovery import UrlSource
from lsos.web.facts import PageFacts
from lsos.web.host_facts import HostFacts
from lsos.web.stored import LinkFlag, unpack_links
from lsos.web.urls import url_key

FINISHED = ("completed", "completed_with_errors")


async def get_run(session: AsyncSession, tenant_id: UUID, run_id: UUID) -> CrawlRun:
    run = await session.get(CrawlRun, (tenant_id, run_id), populate_existing=True)
    if run is None:
        raise NotFound("no such crawl run", code="crawl_run_not_found")
    return run


async def run_state(session: AsyncSession, run_id: UUID) -> str | None:
    return await session.scalar(select(CrawlRun.state).where(CrawlRun.id == run_id))


async def list_runs(
    session: AsyncSession,
    campaign_id: UUID | None,
    state: str | None,
    before: TimeKey | None,
    limit: int,
) -> Sequence[CrawlRun]:
    """Newest first."""
    query = (
        select(CrawlRun).order_by(CrawlRun.created_at.desc(), CrawlRun.id.desc()).limit(limit + 1)
    )
    if campaign_id is not None:
        query = query.where(CrawlRun.campaign_id == campaign_id)
    if state is not None:
        query = query.where(CrawlRun.state == state)
    if before is not None:
        query = query.where(tuple_(CrawlRun.created_at, CrawlRun.id) < before)
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


async def load_checks(session: AsyncSession) -> Bound:
    """All checks with the tenant's settings."""
    return bind(await load_check_settings(session))


async def load_check_settings(session: AsyncSession) -> dict[str, CheckSetting]:
    """What the tenant has set of its own, by code of the check."""
    rows = await session.scalars(select(CheckSettings))
    return {row.code: setting_of(row) for row in rows}


def setting_of(row: CheckSettings) -> CheckSetting:
    return msgspec.convert(
        {"is_enabled": row.is_enabled, "severity": row.severity, "limits": row.limits},
        CheckSetting,
        strict=False,
    )


async def list_check_settings(session: AsyncSession) -> Sequence[CheckSettings]:
    return (await session.scalars(select(CheckSettings).order_by(CheckSettings.code))).all()


async def load_hosts(session: AsyncSession, run_id: UUID) -> dict[str, HostFacts]:
    """Hosts of a run by origin."""
    rows = await session.execute(
        select(CrawlHost.origin, CrawlHost.facts).where(CrawlHost.run_id == run_id)
    )
    return {origin: unpack(facts) for origin, facts in rows}


class PageFilter(NamedTuple):
    status: int | None = None
    is_indexable: bool | None = None
    error: str | None = None


async def list_pages(
    session: AsyncSession,
    run_id: UUID,
    wanted: PageFilter,
    after: tuple[int, int] | None,
    limit: int,
) -> Sequence[Any]:
    """Pages in order of depth, without their facts."""
    query = (
        select(*PAGE_COLUMNS)
        .where(CrawlPage.run_id == run_id)
        .order_by(CrawlPage.depth, CrawlPage.key)
        .limit(limit + 1)
    )
    if wanted.status is not None:
        query = query.where(CrawlPage.status == wanted.status)
    if wanted.is_indexable is not None:
        query = query.where(CrawlPage.is_indexable == wanted.is_indexable)
    if wanted.error is not None:
        query = query.where(CrawlPage.error == wanted.error)
    if after is not None:
        query = query.where(tuple_(CrawlPage.depth, CrawlPage.key) > after)
    return (await session.execute(query)).all()


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


class IssueFilter(NamedTuple):
    code: str | None = None
    severity: str | None = None
    show_ignored: bool = False


SEVERITY_RANK = func.array_position(
    text("array['critical','high','medium','low','info']"), CrawlIssue.severity
)


async def list_issues(
    session: AsyncSession,
    run: CrawlRun,
    wanted: IssueFilter,
    after: tuple[int, str, int] | None,
    limit: int,
) -> Sequence[Any]:
    """(issue, rank, ignored reason or None): worst first, then by code and subject."""
    query = (
        select(CrawlIssue, SEVERITY_RANK.label("rank"), IgnoredIssue.reason)
        .outerjoin(
            IgnoredIssue,
            (IgnoredIssue.campaign_id == run.campaign_id)
            & (IgnoredIssue.code == CrawlIssue.code)
            & (IgnoredIssue.subject == CrawlIssue.subject)
            & (IgnoredIssue.until.is_(None) | (IgnoredIssue.until > func.now())),
        )
        .where(CrawlIssue.run_id == run.id)
        .order_by(SEVERITY_RANK, CrawlIssue.code, CrawlIssue.subject)
        .limit(limit + 1)
    )
    if wanted.code is not None:
        query = query.where(CrawlIssue.code == wanted.code)
    if wanted.severity is not None:
        query = query.where(CrawlIssue.severity == wanted.severity)
    if not wanted.show_ignored:
        query = query.where(IgnoredIssue.id.is_(None))
    if after is not None:
        query = query.where(tuple_(SEVERITY_RANK, CrawlIssue.code, CrawlIssue.subject) > after)
    return (await session.execute(query)).all()


async def count_issues(session: AsyncSession, run_id: UUID) -> dict[str, dict[str, object]]:
    """By code: severity, findings and a URL as example."""
    rows = await session.execute(
        select(CrawlIssue.code, CrawlIssue.severity, func.count(), func.min(CrawlIssue.url))
        .where(CrawlIssue.run_id == run_id)
        .group_by(CrawlIssue.code, CrawlIssue.severity)
    )
    return {
        f"{code}:{severity}": {"code": code, "severity": severity, "count": count, "example": url}
        for code, severity, count, url in rows
    }


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
            is_followed=not flag & LinkFlag.NOFOLLOW,
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

    In bounded memory: about a thousand pages are held at once.
    """
    statement = (
        select(CrawlPage.facts)
        .where(CrawlPage.run_id == run_id, CrawlPage.is_html, CrawlPage.status == 200)
        .order_by(CrawlPage.depth, CrawlPage.key)
    )
    async for row in stream(session, statement):
        yield msgspec.msgpack.decode(row.facts, type=PageFacts)


async def stream(session: AsyncSession, statement: Any) -> AsyncIterator[Any]:
    """Rows one by one, fetched in thousands: bounded memory for exports and analysis."""
    result = await session.stream(statement.execution_options(yield_per=1_000))
    async for row in result:
        yield row
