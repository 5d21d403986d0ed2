"""Judges a finished run: site analysis, checks of hosts and site, click depths, technical score.

Imported when the first run is judged, since numpy comes with it (see `checks.graph`).
"""

import asyncio
from collections import Counter
from typing import NamedTuple
from uuid import UUID

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.engine import Findings, bind
from lsos.checks.graph import UNREACHED, LinkGraph, NodeFlag
from lsos.checks.site import SiteContext, SiteFacts
from lsos.core.clock import now
from lsos.core.metrics.metrics import CRAWL_RUN
from lsos.core.queue.jobs import enqueue
from lsos.core.queue.work import Summary, Work
from lsos.domains.audit.graph import load_graph
from lsos.domains.audit.queries import ignored_issues
from lsos.domains.audit.rules import (
    FORMULA,
    Coverage,
    Fired,
    RunIds,
    affected,
    technical_score,
)
from lsos.domains.crawl import findings as crawl_findings
from lsos.domains.crawl import queries, service, whole_run
from lsos.domains.crawl.hosts import HostRules
from lsos.reader.protocol import finding_row
from lsos.room import joints
from lsos.web.urls import host_of, origin_of, url_key

log = structlog.get_logger(__name__)


class _Analysed(NamedTuple):
    facts: SiteFacts
    findings: Findings
    pages: list[int]
    """Keys of the pages that a click leads to, and below their depths."""
    depths: list[int]


async def judge(work: Work, run_id: UUID) -> Summary:
    """Read and analyse without a lock, then write all of it and end the run in one transaction.

    So a run that is killed on the way is judged anew, and a cancel waits for the writing alone.
    """
    analysed = await _analyse(work, run_id)
    if analysed is None:
        return {"state": "ended_already"}
    async with work.session() as session:
        run = await service.lock_for_verdict(session, work.tenant_id, run_id)
        if run is None:
            return {"state": "ended_already"}
        ids = {"tenant_id": work.tenant_id, "run_id": run_id}
        secret = run.campaign_id.bytes
        rows = [finding_row(f, url_key(secret, f.subject)) for f in analysed.findings]
        await crawl_findings.insert_findings(session, ids, rows)
        await crawl_findings.count_failed_checks(session, ids, analysed.findings.failed_checks)
        await whole_run.set_depths(session, ids, analysed.pages, analysed.depths)
        of_run = RunIds(run_id, run.campaign_id)
        coverage = Coverage(admitted=run.done, measured=run.done - run.unmeasured)
        verdict = await _verdict(session, of_run, coverage, analysed.facts)
        await service.complete(session, run, verdict)
        await _wake_followers(work, session, of_run, run.queue)
        summary: Summary = {
            "state": run.state,
            "pages": run.pages,
            "technical_score": run.technical_score,
        }
    work.metrics.count(CRAWL_RUN, str(summary["state"]))
    return summary


async def rescore(work: Work, run_id: UUID) -> Summary:
    """Judge anew what counts in a run that was judged, after decisions about its issues."""
    async with work.session() as session:
        run = await queries.get_run(session, work.tenant_id, run_id)
    if run.score is None:
        return {"state": "not_judged"}
    facts = await _site_facts(work, run_id)
    ids = RunIds(run_id, run.campaign_id)
    async with work.session() as session:
        run = await queries.get_run(session, work.tenant_id, run_id)
        coverage = Coverage(admitted=run.done, measured=run.done - run.unmeasured)
        verdict = await _verdict(session, ids, coverage, facts)
        run.technical_score, run.score, run.issue_counts = verdict
        await _wake_followers(work, session, ids, run.queue)
    return {"state": "rescored", "technical_score": verdict.technical_score}


async def _wake_followers(work: Work, session: AsyncSession, ids: RunIds, queue: str) -> None:
    for name in work.resources.get(joints).follows_crawl:
        await enqueue(
            session,
            name,
            tenant_id=work.tenant_id,
            campaign_id=ids.campaign_id,
            queue=queue,
            run_id=ids.run_id,
        )


async def _site_facts(work: Work, run_id: UUID) -> SiteFacts:
    async with work.session() as session:
        run = await queries.get_run(session, work.tenant_id, run_id)
        hosts = await queries.load_hosts(session, run_id)
        indexable_count = await queries.count_indexable(session, run_id)
        loaded = await load_graph(session, run_id, run.campaign_id, has_unread=run.is_cut_off)
    site = msgspec.convert(run.site, SiteContext)
    # Seconds on a large site: in threads, so that other jobs of this worker go on.
    start = url_key(run.campaign_id.bytes, site.start_url)
    return SiteFacts(
        context=site,
        now=now(),
        hosts=hosts,
        page_count=run.pages,
        indexable_count=indexable_count,
        is_cut_off=run.is_cut_off,
        graph=await asyncio.to_thread(loaded.build, start),
    )


async def _analyse(work: Work, run_id: UUID) -> _Analysed | None:
    """None when the run is not to be judged (any more)."""
    async with work.session() as session:
        run = await queries.get_run(session, work.tenant_id, run_id)
    if run.state != "running" or run.phase != "analysing":
        return None
    checks = bind(queries.check_settings_of(run))
    facts = await _site_facts(work, run_id)
    findings = await asyncio.to_thread(checks.run_site, facts)
    for code in findings.failed_checks:
        log.error("check_failed", code=code, run_id=str(run_id))
    return _Analysed(facts, findings, *await asyncio.to_thread(_depths, facts.graph))


def _depths(graph: LinkGraph) -> tuple[list[int], list[int]]:
    reached = (graph.clicks != UNREACHED) & graph.has(NodeFlag.READ)
    return graph.keys[reached].tolist(), graph.clicks[reached].tolist()


async def _verdict(
    session: AsyncSession, ids: RunIds, coverage: Coverage, facts: SiteFacts
) -> service.Verdict:
    """What the findings of the run come to, without the issues that its campaign ignores."""
    graph = facts.graph
    failing = await whole_run.list_failing(session, ids.run_id, ids.campaign_id.bytes)
    without = ignored_issues(ids.campaign_id)
    nodes = graph.has(NodeFlag.ELIGIBLE).nonzero()[0]
    eligible = set(graph.keys[nodes].tolist())
    by_host = Counter(host_of(graph.url(node)) for node in nodes.tolist())
    counts: Counter[str] = Counter()
    fired: list[Fired] = []
    troubled: set[int] = set()
    async for found in crawl_findings.stream_subjects(session, ids.run_id, without):
        counts[found.severity] += len(found.keys)
        if found.severity in ("critical", "high"):
            troubled |= eligible.intersection(found.keys)
        if found.severity == "info":
            continue
        if found.scope == "host":
            count = sum(by_host[host] for host in found.hosts)
        else:
            failing_here = list(failing.intersection(found.keys))
            linking = await asyncio.to_thread(graph.sources_of, failing_here)  # reads every link
            count = affected(found.keys, eligible, linking).count(len(eligible))
        fired.append(Fired(found.code, found.severity, count))
    start = facts.hosts.get(origin_of(facts.context.start_url))
    reachable = start is None or not HostRules(start, "*").is_unreachable
    score = technical_score(fired, len(eligible), coverage, robots_reachable=reachable)
    clean = len(eligible) - len(troubled)
    detail: dict[str, object] = {
        "formula": FORMULA,
        "eligible_pages": len(eligible),
        "coverage": round(coverage.share, 4),
        "share_of_clean_pages": round(clean / len(eligible), 4) if eligible else None,
        "is_sampled": facts.is_cut_off,
        "checks_fired": [
            {"code": f.code, "severity": f.severity, "affected_pages": round(f.affected, 2)}
            for f in fired
        ],
    }
    rounded = None if score is None else round(score, 2)
    return service.Verdict(rounded, detail, dict(counts))
