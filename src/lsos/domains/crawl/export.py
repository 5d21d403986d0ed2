"""Rows as CSV and JSON Lines, and the pages and links of a run as such rows; in bounded memory."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.db.database import Sessions
from lsos.domains.crawl import queries
from lsos.domains.crawl.models import CrawlPage, CrawlUrl
from lsos.web.stored import LinkFlag, unpack_links

Rows = AsyncIterator[tuple[Any, ...]]
PAGE_COLUMNS = (
    "url",
    "status",
    "final_url",
    "depth",
    "title",
    "indexable",
    "canonical",
    "words",
    "content_type",
    "bytes",
    "ttfb_ms",
    "error",
)
LINK_COLUMNS = ("source", "target", "kind", "follow", "anchor")
_FORMULA = tuple("=+-@＝＋－＠")
_UNSEEN = " \t\r\n\v\f\u00a0\u200b\u200c\u200d\u2060\ufeff"
"""What spreadsheets skip before a formula."""


def cell(value: object) -> object:
    """A value that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    if isinstance(value, str) and (
        value.startswith(("\t", "\r", "\n")) or value.lstrip(_UNSEEN).startswith(_FORMULA)
    ):
        return "'" + value
    return value


async def csv_lines(names: Sequence[str], rows: Rows) -> AsyncIterator[str]:
    """Each text in quotes: where lists are separated by semicolons, a spreadsheet would otherwise
    split a cell at one and take the rest for a formula.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(names)
    async for row in rows:
        writer.writerow([cell(_flat(value)) for value in row])
        if buffer.tell() > 65_536:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


async def json_lines(names: Sequence[str], rows: Rows) -> AsyncIterator[str]:
    async for row in rows:
        yield msgspec.json.encode(dict(zip(names, row, strict=True))).decode() + "\n"


def _flat(value: object) -> object:
    if isinstance(value, list | dict):
        return msgspec.json.encode(value).decode()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else value


async def pages(sessions: Sessions, run_id: UUID) -> Rows:
    """Rows of PAGE_COLUMNS."""
    async with sessions() as session:
        targets = await _final_urls(session, run_id)
        statement = (
            select(*queries.PAGE_COLUMNS)
            .where(CrawlPage.run_id == run_id)
            .order_by(queries.DEPTH_RANK, CrawlPage.url)
        )
        async for page in queries.stream(session, statement):
            yield (
                page.url,
                page.status or None,
                targets.get(page.url, page.url),
                page.depth,
                page.title,
                page.is_indexable,
                page.canonical,
                page.words if page.is_html else None,
                page.content_type,
                page.body_bytes,
                page.ttfb_ms,
                page.error,
            )


async def _final_urls(session: AsyncSession, run_id: UUID) -> dict[str, str]:
    """Where each redirect of the run ends, hop by hop; a loop ends where it began."""
    statement = select(CrawlPage.url, CrawlPage.redirect_url).where(
        CrawlPage.run_id == run_id,
        CrawlPage.redirect_url.is_not(None),
        CrawlPage.status.between(300, 399),
    )
    hops = {row.url: row.redirect_url async for row in queries.stream(session, statement)}
    ends = {}
    for url, target in hops.items():
        seen, end = {url}, target
        while end in hops and end not in seen:
            seen.add(end)
            end = hops[end]
        ends[url] = end
    return ends


async def links(sessions: Sessions, run_id: UUID) -> Rows:
    """Rows of LINK_COLUMNS."""
    async with sessions() as session:
        urls = {
            row.key: row.url
            async for row in queries.stream(
                session, select(CrawlUrl.key, CrawlUrl.url).where(CrawlUrl.run_id == run_id)
            )
        }
        statement = (
            select(CrawlPage.url, CrawlPage.links)
            .where(CrawlPage.run_id == run_id)
            .order_by(queries.DEPTH_RANK, CrawlPage.url)
        )
        async for page in queries.stream(session, statement):
            stored = unpack_links(page.links)
            for target, bits, anchor in zip(
                stored.targets, stored.flags, stored.anchors, strict=True
            ):
                flag = LinkFlag(bits)
                yield page.url, urls.get(target, ""), flag.kind, flag.is_followed, anchor
