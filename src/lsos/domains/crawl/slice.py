"""One slice of a run: claim a batch, fetch it, judge it, store it; until time or work is up."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

import msgspec
import structlog
from sqlalchemy import text

from lsos.checks.engine import Bound
from lsos.checks.site import SiteContext
from lsos.core.db.database import is_outage
from lsos.core.outbound.client import Outbound
from lsos.core.queue.work import Work
from lsos.domains.crawl import queries, reuse
from lsos.domains.crawl.fetch import Fetcher, Known, PutBack
from lsos.domains.crawl.frontier import Claim, Frontier
from lsos.domains.crawl.hosts import HostRules, agent_token, fetch_host, pack
from lsos.domains.crawl.links import Interner
from lsos.domains.crawl.models import CrawlRun
from lsos.domains.crawl.politeness import HostClock, host_clock
from lsos.domains.crawl.rules import MAX_TRIES, RunSettings
from lsos.domains.crawl.store import Result, RunStopped, store, unpack_facts, unpack_links
from lsos.domains.providers.outbounds import private_outbound, public_outbound
from lsos.web.facts import PageFacts
from lsos.web.html.parse import parse
from lsos.web.urls import TRACKING_PARAMS, Scope, origin_of

log = structlog.get_logger(__name__)

WATCH_S = 0.5
"""How often a slice looks whether its run was cancelled."""
LANES = 2
"""Batches in flight of one slice: one is stored while the other is fetched."""
OUTAGE_S = 1.0
"""Between two looks at a database that is away."""

_KEEP_HOST = text("""
    insert into crawl_hosts (tenant_id, run_id, origin, facts)
    values (:tenant_id, :run_id, :origin, :facts) on conflict do nothing
""")


@dataclass(frozen=True, slots=True)
class SliceEnd:
    """Why a slice stopped."""

    is_stopped: bool
    """The run is no longer running."""
    open: int
    """URLs still in the frontier."""
    wait_s: float
    """Until one of them may be claimed."""
    done: int


class Slice:
    """Fetches for one run; several of them, on any workers, share its frontier."""

    def __init__(
        self,
        work: Work,
        run: CrawlRun,
        checks: Bound,
        hosts: dict[str, HostRules],
        previous_run_id: UUID | None,
    ) -> None:
        """`previous_run_id`: the run whose unchanged pages stand."""
        self._work = work
        self._run_id: UUID = run.id
        self.settings = msgspec.convert(run.settings, RunSettings)
        self.site = msgspec.convert(run.site, SiteContext)
        scope = Scope.of(
            self.site.start_url,
            self.settings.include,
            self.settings.exclude,
            self.settings.subdomains,
        )
        self._interner = Interner(run.campaign_id, scope, self.settings)
        self._outbound: Outbound = work.resources.get(
            private_outbound if self.settings.allow_private else public_outbound
        )
        clock: HostClock = work.resources.get(host_clock)
        self._fetcher = Fetcher(self._outbound, clock, self.settings, self.site.start_url)
        self._checks = checks
        self._hosts = hosts
        self._host_locks: dict[str, asyncio.Lock] = {}
        self._agent = agent_token(self.settings.user_agent)
        self._drop = TRACKING_PARAMS if self.settings.drop_tracking else frozenset[str]()
        self._previous_run_id = previous_run_id
        self._leases = [uuid5(work.job_id, str(lane)) for lane in range(LANES)]
        self._done = 0

    async def run(self, seconds: float) -> SliceEnd:
        """Work for about `seconds`; a cancelled run ends it within a second."""
        deadline = time.monotonic() + seconds
        async with self._work.session() as session:
            # An attempt of this job that died leaves claims behind that nobody will finish.
            await self._frontier(0).release(session, self._leases)
        lanes = [asyncio.ensure_future(self._lane(lane, deadline)) for lane in range(LANES)]
        watch = asyncio.ensure_future(self._watch())
        is_stopped = False
        try:
            pending: set[asyncio.Future[None]] = {*lanes}
            while pending and not watch.done():
                await asyncio.wait({*pending, watch}, return_when=asyncio.FIRST_COMPLETED)
                for lane in [lane for lane in pending if lane.done()]:
                    pending.discard(lane)
                    lane.result()
            if watch.done():
                watch.result()
                is_stopped = True
        except RunStopped:
            is_stopped = True
        finally:
            for task in (*lanes, watch):
                task.cancel()
            await asyncio.gather(*lanes, watch, return_exceptions=True)
        async with self._work.session() as session:
            frontier = self._frontier(0)
            open_, wait_s = await frontier.rest(session)
            if not open_ and not is_stopped:
                open_ = await frontier.refill(
                    session, max_pages=self.settings.max_pages, max_depth=self.settings.max_depth
                )
        return SliceEnd(is_stopped=is_stopped, open=open_, wait_s=wait_s, done=self._done)

    async def _watch(self) -> None:
        """Returns when the run is no longer running."""
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                async with self._work.session() as session:
                    state = await queries.run_state(session, self._run_id)
            except Exception as error:
                if not is_outage(error):
                    raise
                # Not known is not stopped.
                await asyncio.sleep(OUTAGE_S)
            else:
                if state != "running":
                    return

    def _frontier(self, lane: int) -> Frontier:
        return Frontier(self._work.tenant_id, self._run_id, self._leases[lane])

    async def _lane(self, lane: int, deadline: float) -> None:
        frontier = self._frontier(lane)
        async with self._work.session() as session:
            claims = await frontier.claim(session, self.settings.batch_size)
        while claims:
            known = await self._known(claims)
            outcomes = await self._fetch_all(claims, known, deadline)
            wants_more = time.monotonic() < deadline
            more = self.settings.batch_size if wants_more else 0
            claims = await self._store(frontier, outcomes, more)

    async def _fetch_all(
        self, claims: Sequence[Claim], known: dict[int, Known], deadline: float
    ) -> list[tuple[Claim, Result | PutBack]]:
        """Outcomes of all claims; what is not begun by the deadline goes back."""
        queue = list(reversed(claims))
        outcomes: list[tuple[Claim, Result | PutBack]] = []

        async def one_after_another() -> None:
            while queue:
                claim = queue.pop()
                if time.monotonic() < deadline:
                    outcome = await self._measure(claim, known.get(claim.key))
                else:
                    outcome = PutBack(0.0, is_no_try=True)
                outcomes.append((claim, outcome))

        width = min(len(claims), max(1, self.settings.concurrency // LANES))
        async with asyncio.TaskGroup() as group:
            for _ in range(width):
                group.create_task(one_after_another())
        return outcomes

    async def _measure(self, claim: Claim, known: Known | None) -> Result | PutBack:
        if claim.attempts > MAX_TRIES + 2:
            # Every worker that touched it died: it is recorded, and asked for no more.
            page = PageFacts(url=claim.url, depth=claim.depth, error="protocol")
            page.error_detail = "given up after its workers died"
            return self._judge(claim, page)
        rules = await self._rules(claim.url)
        fetched = await self._fetcher.fetch(claim, rules, known)
        if isinstance(fetched, PutBack):
            return fetched
        page, body = fetched
        if page.status == 304 and known is not None:
            return await self._reuse(claim)
        if page.status:
            parse(page, body, drop_params=self._drop)
        return self._judge(claim, page)

    def _judge(self, claim: Claim, page: PageFacts) -> Result:
        links, discovered = self._interner.read(page, claim.hops)
        findings = self._checks.run_page(page, self.site)
        for code in findings.failed_checks:
            log.error("check_failed", code=code, url=page.url)
        keyed = [(self._interner.key(f.subject), f) for f in findings]
        return Result(key=claim.key, page=page, links=links, discovered=discovered, findings=keyed)

    async def _rules(self, url: str) -> HostRules:
        """What the URL's host allows; its robots.txt is fetched once a run."""
        origin = origin_of(url)
        rules = self._hosts.get(origin)
        if rules is not None:
            return rules
        lock = self._host_locks.setdefault(origin, asyncio.Lock())
        async with lock:
            if origin not in self._hosts:
                facts = await fetch_host(self._outbound, url, self.settings, self._fetcher.wait_for)
                ids = {"tenant_id": self._work.tenant_id, "run_id": self._run_id}
                async with self._work.session() as session:
                    await session.execute(
                        _KEEP_HOST, {**ids, "origin": origin, "facts": pack(facts)}
                    )
                self._hosts[origin] = HostRules(facts, self._agent)
        return self._hosts[origin]

    async def _known(self, claims: Sequence[Claim]) -> dict[int, Known]:
        """Validators of the previous run, for a delta run."""
        if self._previous_run_id is None:
            return {}
        async with self._work.session() as session:
            return await reuse.validators(session, self._previous_run_id, claims)

    async def _reuse(self, claim: Claim) -> Result:
        """304: the previous run's facts stand, judged by today's checks.

        Facts are stored without the markup of links, so what was found then and is not found
        now stands too: the page and the settings are the same.
        """
        assert self._previous_run_id is not None
        async with self._work.session() as session:
            raw_facts, raw_links = await reuse.stored_page(
                session, self._previous_run_id, claim.key
            )
            targets = unpack_links(raw_links)
            urls = await reuse.urls_of(session, self._previous_run_id, targets.targets)
            before = await reuse.page_findings(session, self._previous_run_id, claim.key)
        page = unpack_facts(raw_facts)
        page.depth, page.in_sitemap = claim.depth, claim.in_sitemap
        page.links = reuse.links_from(targets, urls)
        result = self._judge(claim, page)
        now_found = {finding.code for _, finding in result.findings}
        stand = set(self._checks.codes) - now_found
        result.findings += [(claim.key, f) for f in before if f.code in stand]
        result.is_reused = True
        return result

    async def _store(
        self, frontier: Frontier, outcomes: Sequence[tuple[Claim, Result | PutBack]], more: int
    ) -> list[Claim]:
        """Store a batch and claim the next one in the same transaction."""
        results = [r for _, r in outcomes if isinstance(r, Result)]
        waits = [(c.key, r.delay_s, r.is_no_try) for c, r in outcomes if isinstance(r, PutBack)]
        try:
            async with self._work.session() as session:
                stored = await store(
                    session,
                    frontier,
                    tenant_id=self._work.tenant_id,
                    run_id=self._run_id,
                    max_pages=self.settings.max_pages,
                    results=results,
                )
                await frontier.put_back(session, waits)
                claims = await frontier.claim(session, more) if more else []
        except BaseException:
            self._interner.forget([h for r in results for h in r.discovered])
            raise
        if stored.done < len(results):
            # Whoever took these URLs over stores what they say; it may be our other lane.
            self._interner.forget([h for r in results for h in r.discovered])
        self._done += stored.done
        return claims
