"""A run as whoever judges all of it needs it: its URLs, their references, and click depths."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import exists, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.domains.crawl import queries
from lsos.domains.crawl.models import CrawlPage, CrawlUrl
from lsos.web.facts import BLOCKED_STATUSES, NO_ANSWER
from lsos.web.urls import url_key

CHUNK = 10_000

_DEPTHS = text("""
    update crawl_pages p set depth = u.depth
    from unnest(cast(:keys as bigint[]), cast(:depths as smallint[])) as u (key, depth)
    where p.tenant_id = :tenant_id and p.run_id = :run_id and p.key = u.key
""")


class References(msgspec.Struct, array_like=True, gc=False):
    """`web.stored.PageLinks` without its texts, which are never decoded."""

    targets: list[int]
    flags: list[int]


unpack_references = msgspec.msgpack.Decoder(References).decode


async def stream_urls(session: AsyncSession, run_id: UUID) -> AsyncIterator[Any]:
    """Measured URLs with what makes them pages, and whether a sitemap lists them."""
    statement = (
        select(
            CrawlPage.key,
            CrawlPage.url,
            CrawlPage.status,
            CrawlPage.is_html,
            CrawlPage.is_indexable,
            CrawlPage.is_eligible,
            CrawlPage.canonical,
            CrawlUrl.in_sitemap,
        )
        .join(CrawlUrl, (CrawlUrl.run_id == CrawlPage.run_id) & (CrawlUrl.key == CrawlPage.key))
        .where(CrawlPage.run_id == run_id)
    )
    async for row in queries.stream(session, statement):
        yield row


async def stream_unread(session: AsyncSession, run_id: UUID) -> AsyncIterator[int]:
    """Keys of the internal URLs that the run knows and has not measured."""
    page = exists().where(CrawlPage.run_id == run_id, CrawlPage.key == CrawlUrl.key)
    statement = select(CrawlUrl.key).where(CrawlUrl.run_id == run_id, CrawlUrl.is_internal, ~page)
    async for row in queries.stream(session, statement):
        yield row.key


async def stream_references(
    session: AsyncSession, run_id: UUID, *, only_eligible: bool = False
) -> AsyncIterator[tuple[int, list[int], list[int]]]:
    """(key of a page, keys of what it refers to, a LinkFlag for each), pages in order of keys."""
    statement = select(CrawlPage.key, CrawlPage.links).where(CrawlPage.run_id == run_id)
    if only_eligible:
        statement = statement.where(CrawlPage.is_eligible)
    async for key, raw in queries.stream(session, statement.order_by(CrawlPage.key)):
        found = unpack_references(raw)
        yield key, found.targets, found.flags


async def list_eligible(session: AsyncSession, run_id: UUID) -> dict[int, str]:
    """URL of every page that scores are about, by key."""
    rows = await session.execute(
        select(CrawlPage.key, CrawlPage.url).where(
            CrawlPage.run_id == run_id, CrawlPage.is_eligible
        )
    )
    return {key: url for key, url in rows}  # noqa: C416 -- rows are no pairs to the type checker


async def list_failing(session: AsyncSession, run_id: UUID, secret: bytes) -> frozenset[int]:
    """Keys of the URLs that fail whoever links to them: 4xx, 5xx, no answer, and redirects that
    lead to another redirect or to one of these.

    401, 403 and 429 may answer crawlers alone, so they do not show that a URL fails.
    """
    failing: set[int] = set()
    redirects: dict[int, int] = {}
    statement = select(
        CrawlPage.key, CrawlPage.status, CrawlPage.error, CrawlPage.redirect_url
    ).where(
        CrawlPage.run_id == run_id,
        (CrawlPage.status >= 300) | CrawlPage.error.in_(NO_ANSWER),
        CrawlPage.status.not_in(BLOCKED_STATUSES),
    )
    async for row in queries.stream(session, statement):
        if row.status >= 400 or row.error in NO_ANSWER:
            failing.add(row.key)
        elif row.redirect_url:
            redirects[row.key] = url_key(secret, row.redirect_url)
    dead_ends = failing | redirects.keys()
    failing.update(key for key, target in redirects.items() if target in dead_ends)
    return frozenset(failing)


async def list_measured(
    session: AsyncSession, run_id: UUID, keys: Collection[int]
) -> frozenset[int]:
    """Those of `keys` that the run has a result for."""
    rows = await session.scalars(
        select(CrawlPage.key).where(CrawlPage.run_id == run_id, CrawlPage.key.in_(keys))
    )
    return frozenset(rows)


async def set_depths(
    session: AsyncSession, ids: dict[str, UUID], keys: Sequence[int], depths: Sequence[int]
) -> None:
    """Clicks from the start URL of these pages."""
    for at in range(0, len(keys), CHUNK):
        chunk = slice(at, at + CHUNK)
        await session.execute(_DEPTHS, {**ids, "keys": keys[chunk], "depths": depths[chunk]})
