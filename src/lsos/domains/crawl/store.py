"""Writes a batch of results in one transaction: pages, links, findings, new URLs, counters."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.domains.crawl.findings import count_failed_checks, insert_findings
from lsos.domains.crawl.frontier import Frontier
from lsos.reader.protocol import PageRead


class Result(msgspec.Struct, gc=False):
    """What one claimed URL came to."""

    key: int
    read: PageRead
    is_reused: bool = False


_PAGES = text("""
    insert into crawl_pages (tenant_id, run_id, key, url, status, error, redirect_url,
        content_type, is_html, is_indexable, is_eligible, is_reused, canonical, title, words,
        body_bytes, ttfb_ms, text_hash, etag, last_modified, facts, links)
    select :tenant_id, :run_id, u.* from unnest(
        cast(:key as bigint[]), cast(:url as text[]),
        cast(:status as smallint[]), cast(:error as text[]), cast(:redirect_url as text[]),
        cast(:content_type as text[]), cast(:is_html as bool[]), cast(:is_indexable as bool[]),
        cast(:is_eligible as bool[]), cast(:is_reused as bool[]),
        cast(:canonical as text[]), cast(:title as text[]),
        cast(:words as int[]), cast(:body_bytes as int[]), cast(:ttfb_ms as float8[]),
        cast(:text_hash as bigint[]), cast(:etag as text[]), cast(:last_modified as text[]),
        cast(:facts as bytea[]), cast(:links as bytea[])
    ) as u
    on conflict do nothing
""")
_COUNT = text("""
    update crawl_runs set
        admitted = admitted + :admitted, done = done + :done, pages = pages + :pages,
        errors = errors + :errors, unmeasured = unmeasured + :unmeasured,
        reused = reused + :reused, bytes = bytes + :bytes,
        is_cut_off = is_cut_off or :is_cut_off
    where tenant_id = :tenant_id and id = :run_id
""")
_LOCK = text("""
    select state, admitted from crawl_runs
    where tenant_id = :tenant_id and id = :run_id for no key update
""")


class RunStopped(Exception):
    """The run was cancelled or has failed: results are dropped, slices end."""


class Stored(msgspec.Struct, frozen=True):
    done: int
    admitted: int


async def store(
    session: AsyncSession,
    frontier: Frontier,
    *,
    tenant_id: UUID,
    run_id: UUID,
    max_pages: int,
    results: Sequence[Result],
) -> Stored:
    """Store the results whose URLs are still ours, and admit new URLs up to the budget.

    The run's row is locked first: two slices admit one after the other, so the budget holds
    exactly. Raises RunStopped when the run is no longer running.
    """
    ids = {"tenant_id": tenant_id, "run_id": run_id}
    run = (await session.execute(_LOCK, ids)).one_or_none()
    if run is None or run.state != "running":
        raise RunStopped
    ours = await frontier.finish(session, (r.key for r in results))
    kept = [r for r in results if r.key in ours]
    await _insert_pages(session, ids, kept)
    await insert_findings(session, ids, [f for r in kept for f in r.read.findings])
    await count_failed_checks(session, ids, [code for r in kept for code in r.read.failed_checks])
    discovered = {h.key: h for r in reversed(kept) for h in reversed(r.read.discovered)}
    new = await frontier.discover(session, list(discovered.values()))
    # Declined ones cost no request, so they hold no place in the budget.
    declined = sum(r.read.row.error == "robots_disallowed" for r in kept)
    wanted = sorted(
        (h for key in new if (h := discovered[key]).is_wanted), key=lambda h: (h.depth, h.hops)
    )
    room = max(0, max_pages - run.admitted + declined)
    admitted = wanted[:room]
    await frontier.admit(session, admitted)
    rows = [r.read.row for r in kept]
    await session.execute(
        _COUNT,
        {
            **ids,
            "admitted": len(admitted) - declined,
            "done": len(kept) - declined,
            "pages": sum(row.is_html for row in rows),
            "errors": sum(row.error is not None for row in rows if row.robots_allowed),
            "unmeasured": sum(not row.is_measured for row in rows) - declined,
            "reused": sum(r.is_reused for r in kept),
            "bytes": sum(r.read.row.transfer_bytes for r in kept if not r.is_reused),
            "is_cut_off": len(wanted) > room,
        },
    )
    return Stored(done=len(kept), admitted=len(admitted))


async def _insert_pages(
    session: AsyncSession, ids: dict[str, UUID], kept: Sequence[Result]
) -> None:
    if not kept:
        return
    ordered = sorted(kept, key=lambda r: r.key)
    pages = [r.read.row for r in ordered]
    await session.execute(
        _PAGES,
        {
            **ids,
            "key": [r.key for r in ordered],
            "url": [p.url for p in pages],
            "status": [p.status for p in pages],
            "error": [p.error for p in pages],
            "redirect_url": [p.redirect_url or None for p in pages],
            "content_type": [p.content_type or None for p in pages],
            "is_html": [p.is_html for p in pages],
            "is_indexable": [p.is_indexable for p in pages],
            "is_eligible": [p.is_eligible for p in pages],
            "is_reused": [r.is_reused for r in ordered],
            "canonical": [p.canonical or None for p in pages],
            "title": [p.title or None for p in pages],
            "words": [p.words for p in pages],
            "body_bytes": [p.body_bytes for p in pages],
            "ttfb_ms": [p.ttfb_ms or None for p in pages],
            "text_hash": [p.text_hash or None for p in pages],
            "etag": [p.etag or None for p in pages],
            "last_modified": [p.last_modified or None for p in pages],
            "facts": [r.read.facts for r in ordered],
            "links": [r.read.links for r in ordered],
        },
    )
