"""The frontier in PostgreSQL: URLs discovered, URLs to do, claims by lease."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.domains.crawl.rules import LEASE_S
from lsos.web.discovery import Discovered, UrlSource

MAX_DEPTH = 32_767
MOST_RECORDED = 5
"""Times the page budget: URLs that are recorded, those included that robots.txt forbids."""


class Claim(msgspec.Struct, frozen=True, gc=False):
    """A URL that this slice alone may fetch until its lease ends."""

    key: int
    url: str
    depth: int
    hops: int
    attempts: int
    in_sitemap: bool


_HEAR = text("""
    insert into crawl_urls (tenant_id, run_id, key, url, source, is_internal, discovery_depth,
        in_sitemap)
    select :tenant_id, :run_id, u.* from unnest(
        cast(:keys as bigint[]), cast(:urls as text[]), cast(:sources as smallint[]),
        cast(:internal as bool[]), cast(:depths as smallint[]), cast(:sitemap as bool[])
    ) as u
    on conflict do nothing
    returning key
""")
_ADMIT = text("""
    insert into crawl_todo (tenant_id, run_id, key, url, discovery_depth, hops, attempts,
        in_sitemap)
    select :tenant_id, :run_id, u.key, u.url, u.depth, u.hops, 0, u.in_sitemap from unnest(
        cast(:keys as bigint[]), cast(:urls as text[]), cast(:depths as smallint[]),
        cast(:hops as smallint[]), cast(:sitemap as bool[])
    ) as u (key, url, depth, hops, in_sitemap)
    on conflict do nothing
""")
_CLAIM = text("""
    with picked as (
        select key from crawl_todo
        where tenant_id = :tenant_id and run_id = :run_id
            and (lease_until is null or lease_until < now())
            and (not_before is null or not_before <= now())
        order by discovery_depth, key
        limit :size
        for update skip locked
    )
    update crawl_todo t
    set lease = :lease, attempts = t.attempts + 1,
        lease_until = now() + make_interval(secs => :lease_s)
    from picked
    where t.tenant_id = :tenant_id and t.run_id = :run_id and t.key = picked.key
    returning t.key, t.url, t.discovery_depth, t.hops, t.attempts, t.in_sitemap
""")
_FINISH = text("""
    delete from crawl_todo
    where tenant_id = :tenant_id and run_id = :run_id and lease = :lease
        and key = any(cast(:keys as bigint[]))
    returning key
""")
_RELEASE = text("""
    update crawl_todo set lease = null, lease_until = null
    where tenant_id = :tenant_id and run_id = :run_id and lease = any(cast(:leases as uuid[]))
""")
_UNHEARD = text("""
    update crawl_urls u set is_internal = true, discovery_depth = s.depth,
        in_sitemap = u.in_sitemap or s.in_sitemap
    from unnest(cast(:keys as bigint[]), cast(:depths as smallint[]), cast(:sitemap as bool[]))
        as s (key, depth, in_sitemap)
    where u.tenant_id = :tenant_id and u.run_id = :run_id and u.key = s.key
        and not exists (select from crawl_pages p where p.tenant_id = u.tenant_id
            and p.run_id = u.run_id and p.key = u.key)
        and not exists (select from crawl_todo t where t.tenant_id = u.tenant_id
            and t.run_id = u.run_id and t.key = u.key)
    returning u.key
""")
_ROOM = text("""
    select case when is_cut_off then greatest(0, :max_pages - admitted) else 0 end
    from crawl_runs where tenant_id = :tenant_id and id = :run_id and state = 'running'
        and (select count(*) from crawl_pages where tenant_id = :tenant_id and run_id = :run_id)
            < :most
    for no key update
""")
_REFILL = text("""
    with late as (
        insert into crawl_todo (tenant_id, run_id, key, url, discovery_depth, hops, attempts,
            in_sitemap)
        select u.tenant_id, u.run_id, u.key, u.url, u.discovery_depth, 0, 0, u.in_sitemap
        from crawl_urls u
        where u.tenant_id = :tenant_id and u.run_id = :run_id and u.is_internal
            and u.source <> :redirect and u.discovery_depth <= :deepest
            and not exists (select from crawl_pages p where p.tenant_id = u.tenant_id
                and p.run_id = u.run_id and p.key = u.key)
        order by u.discovery_depth, u.key
        limit :room
        on conflict do nothing
        returning key
    )
    update crawl_runs set admitted = admitted + (select count(*) from late)
    where tenant_id = :tenant_id and id = :run_id
    returning (select count(*) from late)
""")
_PUT_BACK = text("""
    update crawl_todo t
    set lease = null, lease_until = null, attempts = t.attempts - u.refund,
        not_before = case when u.delay_s > 0 then now() + make_interval(secs => u.delay_s) end
    from unnest(cast(:keys as bigint[]), cast(:delays as float8[]), cast(:refunds as smallint[]))
        as u (key, delay_s, refund)
    where t.tenant_id = :tenant_id and t.run_id = :run_id and t.key = u.key and t.lease = :lease
""")
_REST = text("""
    select count(*) as open,
        least(now() + interval '5 seconds', min(case
            when lease_until > now() then now() + interval '1 second'
            else greatest(not_before, now()) end)) - now() as wait
    from (
        select not_before, lease_until from crawl_todo
        where tenant_id = :tenant_id and run_id = :run_id limit 1000
    ) as rest
""")


class Frontier:
    """The frontier of one run, as one holder of leases sees it."""

    def __init__(self, tenant_id: UUID, run_id: UUID, lease: UUID) -> None:
        self._run = {"tenant_id": tenant_id, "run_id": run_id}
        self._lease = lease

    async def discover(self, session: AsyncSession, discovered: Sequence[Discovered]) -> set[int]:
        """Insert URLs; the keys that were new. Sorted, so that two slices can't deadlock."""
        if not discovered:
            return set()
        ordered = sorted(discovered, key=lambda h: h.key)
        rows = await session.execute(
            _HEAR,
            {
                **self._run,
                "keys": [h.key for h in ordered],
                "urls": [h.url for h in ordered],
                "sources": [int(h.source) for h in ordered],
                "internal": [h.is_internal for h in ordered],
                "depths": [h.depth for h in ordered],
                "sitemap": [h.in_sitemap for h in ordered],
            },
        )
        return set(rows.scalars())

    async def admit(self, session: AsyncSession, wanted: Sequence[Discovered]) -> None:
        """Put URLs into the frontier; the caller has counted them against the budget."""
        if not wanted:
            return
        ordered = sorted(wanted, key=lambda h: h.key)
        await session.execute(
            _ADMIT,
            {
                **self._run,
                "keys": [h.key for h in ordered],
                "urls": [h.url for h in ordered],
                "depths": [h.depth for h in ordered],
                "hops": [h.hops for h in ordered],
                "sitemap": [h.in_sitemap for h in ordered],
            },
        )

    async def claim(self, session: AsyncSession, size: int) -> list[Claim]:
        """Up to `size` URLs, shallow ones first, out of reach of others for a while."""
        rows = await session.execute(
            _CLAIM, {**self._run, "lease": self._lease, "size": size, "lease_s": LEASE_S}
        )
        return [Claim(*row) for row in rows]

    async def wanted_again(self, session: AsyncSession, seeds: Sequence[Discovered]) -> set[int]:
        """Of URLs that were discovered, those that never entered the frontier; now internal.

        A run that moves to where its start URL leads has discovered that place as foreign.
        """
        if not seeds:
            return set()
        rows = await session.execute(
            _UNHEARD,
            {
                **self._run,
                "keys": [s.key for s in seeds],
                "depths": [s.depth for s in seeds],
                "sitemap": [s.in_sitemap for s in seeds],
            },
        )
        return set(rows.scalars())

    async def refill(self, session: AsyncSession, *, max_pages: int, max_depth: int | None) -> int:
        """Admit URLs that found no place, now that robots.txt has given some back; how many.

        A site may forbid more than it has pages, so this ends at a multiple of the budget.
        """
        room = await session.scalar(
            _ROOM, {**self._run, "max_pages": max_pages, "most": max_pages * MOST_RECORDED}
        )
        if not room:
            return 0
        deepest = MAX_DEPTH if max_depth is None else max_depth
        parameters = {"room": room, "deepest": deepest, "redirect": int(UrlSource.REDIRECT)}
        return int(await session.scalar(_REFILL, {**self._run, **parameters}) or 0)

    async def release(self, session: AsyncSession, leases: Sequence[UUID]) -> None:
        """Give back what holders that are no more had claimed."""
        await session.execute(_RELEASE, {**self._run, "leases": list(leases)})

    async def finish(self, session: AsyncSession, keys: Iterable[int]) -> set[int]:
        """Take done URLs out; the keys that were still ours. Only their results may be stored."""
        rows = await session.execute(
            _FINISH, {**self._run, "lease": self._lease, "keys": list(keys)}
        )
        return set(rows.scalars())

    async def put_back(
        self, session: AsyncSession, waits: Sequence[tuple[int, float, bool]]
    ) -> None:
        """Give URLs back: (key, seconds until it may be claimed, was it no try)."""
        if waits:
            await session.execute(
                _PUT_BACK,
                {
                    **self._run,
                    "lease": self._lease,
                    "keys": [key for key, _, _ in waits],
                    "delays": [delay for _, delay, _ in waits],
                    "refunds": [int(is_no_try) for _, _, is_no_try in waits],
                },
            )

    async def rest(self, session: AsyncSession) -> tuple[int, float]:
        """(URLs left, seconds until one of them may be claimed, at most 5).

        A URL that somebody fetches may bring new ones within a second.
        """
        row = (await session.execute(_REST, self._run)).one()
        return row.open, max(0.0, row.wait.total_seconds()) if row.wait is not None else 0.0
