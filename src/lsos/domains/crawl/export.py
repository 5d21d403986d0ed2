"""Pages, links and issues of a run as rows for CSV and JSON Lines, in bounded memory."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.db.database import Sessions
from lsos.domains.crawl import queries
from lsos.domains.crawl.models import CrawlIssue, CrawlPage, CrawlUrl
from lsos.domains.crawl.schemas import ExportKind
from lsos.web.stored import LinkFlag, unpack_links

COLUMNS: dict[ExportKind, tuple[str, ...]] = {
    "pages": (
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
    ),
    "links": ("source", "target", "kind", "follow", "anchor"),
    "issues": ("code", "severity", "scope", "url", "count", "evidence"),
}
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


async def csv_lines(sessions: Sessions, run_id: UUID, kind: ExportKind) -> AsyncIterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS[kind])
    async for row in rows(sessions, run_id, kind):
        writer.writerow([cell(_flat(value)) for value in row])
        if buffer.tell() > 65_536:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


async def json_lines(sessions: Sessions, run_id: UUID, kind: ExportKind) -> AsyncIterator[str]:
    names = COLUMNS[kind]
    async for row in rows(sessions, run_id, kind):
        yield msgspec.json.encode(dict(zip(names, row, strict=True))).decode() + "\n"


def rows(sessions: Sessions, run_id: UUID, kind: ExportKind) -> AsyncIterator[tuple[Any, ...]]:
    return {"pages": _pages, "links": _links, "issues": _issues}[kind](sessions, run_id)


def _flat(value: object) -> object:
    if isinstance(value, list | dict):
        return msgspec.json.encode(value).decode()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else value


async def _pages(sessions: Sessions, run_id: UUID) -> AsyncIterator[tuple[Any, ...]]:
    async with sessions() as session:
        targets = await _final_urls(session, run_id)
        statement = (
            select(*queries.PAGE_COLUMNS)
            .where(CrawlPage.run_id == run_id)
            .order_by(CrawlPage.depth, CrawlPage.url)
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


async def _links(sessions: Sessions, run_id: UUID) -> AsyncIterator[tuple[Any, ...]]:
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
            .order_by(CrawlPage.depth, CrawlPage.url)
        )
        async for page in queries.stream(session, statement):
            stored = unpack_links(page.links)
            for target, bits, anchor in zip(
                stored.targets, stored.flags, stored.anchors, strict=True
            ):
                flag = LinkFlag(bits)
                is_followed = LinkFlag.NOFOLLOW not in flag
                yield page.url, urls.get(target, ""), flag.kind, is_followed, anchor


async def _issues(sessions: Sessions, run_id: UUID) -> AsyncIterator[tuple[Any, ...]]:
    async with sessions() as session:
        statement = (
            select(
                CrawlIssue.code,
                CrawlIssue.severity,
                CrawlIssue.scope,
                CrawlIssue.url,
                CrawlIssue.count,
                CrawlIssue.evidence,
            )
            .where(CrawlIssue.run_id == run_id)
            .order_by(queries.SEVERITY_RANK, CrawlIssue.code, CrawlIssue.url)
        )
        async for row in queries.stream(session, statement):
            yield tuple(row)
