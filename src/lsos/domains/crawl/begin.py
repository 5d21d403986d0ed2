"""The start of a run: robots.txt and sitemaps of its host, and the seeds of its frontier."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id
from lsos.core.queue.jobs import enqueue
from lsos.core.queue.work import Work
from lsos.domains.crawl import queries, service
from lsos.domains.crawl.fetch import Fetcher
from lsos.domains.crawl.frontier import Discovered, Frontier
from lsos.domains.crawl.hosts import HostRules, agent_token, fetch_host, pack, read_sitemaps
from lsos.domains.crawl.models import CrawlRun
from lsos.domains.crawl.politeness import host_clock
from lsos.domains.crawl.rules import RunSettings, UrlSource
from lsos.domains.crawl.store import RunStopped
from lsos.domains.providers.outbounds import private_outbound, public_outbound
from lsos.web.sitemaps import Entry
from lsos.web.urls import TRACKING_PARAMS, Scope, normalise, origin_of, url_key

MOST_LISTED = 200_000
"""Sitemap entries that a run looks at."""
CHUNK = 5_000
MOST_REDIRECTS = 10
"""A site that only redirects, and more often, is not about to lead anywhere."""
BLOCKED_SHARE = 10
"""Of the budget, one in so many may go to listed URLs that robots.txt forbids: they cost no
request, but hold a place until that is recorded."""

_HOST = text("""
    insert into crawl_hosts (tenant_id, run_id, origin, facts)
    values (:tenant_id, :run_id, :origin, :facts)
    on conflict (tenant_id, run_id, origin) do update set facts = excluded.facts
""")
_ADMITTED = text("""
    update crawl_runs set admitted = (
        select count(*) from crawl_todo where tenant_id = :tenant_id and run_id = :run_id
    ) + done, is_cut_off = is_cut_off or :is_cut_off
    where tenant_id = :tenant_id and id = :run_id
""")


async def begin(work: Work, run: CrawlRun, start_url: str, hops: int) -> dict[str, object]:
    """Seed the frontier of a run from its start URL and enqueue its slices; safe to repeat.

    Raises RunStopped when the run is cancelled meanwhile.
    """
    settings = msgspec.convert(run.settings, RunSettings)
    outbound = work.resources.get(private_outbound if settings.allow_private else public_outbound)
    fetcher = Fetcher(outbound, work.resources.get(host_clock), settings, start_url)

    async def wait(host_name: str) -> None:
        await fetcher.wait_for(host_name)
        async with work.session() as session:
            if await queries.run_state(session, run.id) != "running":
                raise RunStopped

    host = await fetch_host(outbound, start_url, settings, wait)
    host.is_start = True
    rules = HostRules(host, agent_token(settings.user_agent))
    fetcher.interval_s = rules.interval_s(settings)
    entries: list[Entry] = []
    if settings.use_sitemaps and not rules.is_unreachable:
        listed = await read_sitemaps(outbound, host, settings, wait, most=MOST_LISTED)
        host.sitemaps, entries = listed.files, listed.entries
    ids = {"tenant_id": work.tenant_id, "run_id": run.id}
    async with work.session() as session:
        current = await session.get(
            CrawlRun, (work.tenant_id, run.id), with_for_update=True, populate_existing=True
        )
        if current is None or current.state != "running":
            raise RunStopped
        site = await service.site_context(session, current, start_url)
        current.site = msgspec.to_builtins(site)
        current.phase = "crawling"
        await session.execute(_HOST, {**ids, "origin": origin_of(start_url), "facts": pack(host)})
        seeds = _seeds(run.campaign_id, settings, rules, start_url, hops, entries)
        seeded = await _seed(session, current, settings, seeds)
        for number in range(settings.slices):
            await enqueue(
                session,
                "crawl.slice",
                tenant_id=work.tenant_id,
                campaign_id=work.campaign_id,
                queue=work.queue,
                # Of this job: a slice of an earlier start may be about to end.
                dedupe_key=f"{work.job_id}:{number}",
                run_id=run.id,
            )
    return {"sitemaps": len(host.sitemaps), "listed": len(entries), "seeded": seeded}


def _seeds(
    campaign_id: UUID,
    settings: RunSettings,
    rules: HostRules,
    start_url: str,
    hops: int,
    entries: Sequence[Entry],
) -> list[Discovered]:
    """The start URL and the listed ones, each once; the start is wanted whatever the patterns."""
    scope = Scope.of(start_url, settings.include, settings.exclude, settings.subdomains)
    drop = TRACKING_PARAMS if settings.drop_tracking else frozenset[str]()
    secret = campaign_id.bytes
    listed = {url for url in _locations(entries, drop) if url != start_url}
    is_listed = any(entry.loc == start_url for entry in entries)
    seeds = [
        Discovered(
            key=url_key(secret, start_url),
            url=start_url,
            source=UrlSource.START,
            is_internal=True,
            depth=0,
            hops=hops,
            in_sitemap=is_listed,
        )
    ]
    blocked = []
    for url in dict.fromkeys(u for u in _locations(entries, drop) if u in listed):
        inside = scope.contains(url)
        if inside and not rules.allows(url):
            blocked.append(url)
            continue
        seeds.append(
            Discovered(
                key=url_key(secret, url),
                url=url,
                source=UrlSource.SITEMAP,
                is_internal=inside,
                depth=1,
                in_sitemap=True,
                is_wanted=inside and settings.max_depth != 0,
            )
        )
    most = 0 if settings.max_depth == 0 else settings.max_pages // BLOCKED_SHARE
    seeds += [
        Discovered(
            key=url_key(secret, url),
            url=url,
            source=UrlSource.SITEMAP,
            is_internal=True,
            depth=1,
            in_sitemap=True,
        )
        for url in blocked[:most]
    ]
    return seeds


def _locations(entries: Sequence[Entry], drop: frozenset[str]) -> Iterator[str]:
    for entry in entries:
        if url := normalise(entry.loc, drop):
            yield url


async def _seed(
    session: AsyncSession, run: CrawlRun, settings: RunSettings, seeds: Sequence[Discovered]
) -> int:
    frontier = Frontier(run.tenant_id, run.id, new_id())
    room = settings.max_pages - run.admitted
    wanted = [seed for seed in seeds if seed.is_wanted]
    admitted = 0
    for at in range(0, len(seeds), CHUNK):
        chunk = seeds[at : at + CHUNK]
        new = await frontier.discover(session, chunk)
        old = [s for s in chunk if s.is_wanted and s.key not in new]
        new |= await frontier.wanted_again(session, old)
        seedlings = [s for s in chunk if s.key in new and s.is_wanted][: max(0, room - admitted)]
        await frontier.admit(session, seedlings)
        admitted += len(seedlings)
    await session.execute(
        _ADMITTED,
        {
            "tenant_id": run.tenant_id,
            "run_id": run.id,
            "is_cut_off": len(wanted) > max(0, room),
        },
    )
    return admitted


async def adopted_start(session: AsyncSession, run: CrawlRun) -> str | None:
    """Where the start URL leads when that is another site: the run goes on there.

    Only when nothing but redirects was found so far.
    """
    if run.done > MOST_REDIRECTS or await queries.has_ok_page(session, run.id):
        return None
    targets = await queries.redirect_targets(session, run.id)
    settings = msgspec.convert(run.settings, RunSettings)
    start = (run.site or {}).get("start_url", settings.start_url)
    target, seen = targets.get(str(start)), {str(start)}
    while target in targets:
        if target in seen:
            return None  # a loop leads nowhere
        seen.add(target)
        target = targets[target]
    if target is None or Scope.of(str(start), (), (), settings.subdomains).contains(target):
        return None
    return target
