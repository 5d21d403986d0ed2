"""The end of a run: checks of hosts and site, counts, the technical score."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.site import SiteContext, SiteFacts
from lsos.core.clock import now
from lsos.domains.crawl import queries
from lsos.domains.crawl.hosts import HostRules
from lsos.domains.crawl.models import CrawlIssue, CrawlPage, CrawlRun
from lsos.domains.crawl.rules import FORMULA, Coverage, Fired, technical_score
from lsos.domains.crawl.store import insert_findings
from lsos.web.host_facts import HostFacts
from lsos.web.stored import unpack_links
from lsos.web.urls import host_of, url_key


class Judged(NamedTuple):
    score: float | None
    detail: dict[str, object]
    counts: dict[str, object]


class _Issue(NamedTuple):
    code: str
    severity: str
    scope: str
    subject: int
    url: str


async def analyse(session: AsyncSession, run: CrawlRun) -> Judged:
    """Run the checks that need the whole run, and score what was found."""
    site = msgspec.convert(run.site, SiteContext)
    hosts = await queries.load_hosts(session, run.id)
    facts = await _site_facts(session, run, site, hosts)
    checks = await queries.load_checks(session)
    findings = checks.run_site(facts)
    secret = run.campaign_id.bytes
    ids = {"tenant_id": run.tenant_id, "run_id": run.id}
    await insert_findings(session, ids, [(url_key(secret, f.subject), f) for f in findings])
    issues = [
        _Issue(*row)
        for row in await session.execute(
            select(
                CrawlIssue.code,
                CrawlIssue.severity,
                CrawlIssue.scope,
                CrawlIssue.subject,
                CrawlIssue.url,
            ).where(CrawlIssue.run_id == run.id)
        )
    ]
    eligible = await _eligible(session, run.id)
    fired = await _fired(session, run.id, issues, eligible)
    coverage = Coverage(admitted=run.done, measured=run.done - run.unmeasured)
    start = hosts.get(_origin(site))
    reachable = start is None or not HostRules(start, "*").is_unreachable
    score = technical_score(fired, len(eligible), coverage, robots_reachable=reachable)
    worst = {i.subject for i in issues if i.severity in ("critical", "high")}
    clean = sum(key not in worst for key in eligible)
    counts: Counter[str] = Counter(issue.severity for issue in issues)
    return Judged(
        score=None if score is None else round(score, 2),
        detail={
            "formula": FORMULA,
            "eligible_pages": len(eligible),
            "coverage": round(coverage.share, 4),
            "share_of_clean_pages": round(clean / len(eligible), 4) if eligible else None,
            "is_sampled": run.is_cut_off,
            "checks_fired": [
                {"code": f.code, "severity": f.severity, "affected_pages": round(f.affected, 2)}
                for f in sorted(fired, key=lambda f: f.code)
            ],
        },
        counts=dict(counts),
    )


def _origin(site: SiteContext) -> str:
    return f"{site.start_url.split(':', 1)[0]}://{site.host}"


async def _site_facts(
    session: AsyncSession, run: CrawlRun, site: SiteContext, hosts: Mapping[str, HostFacts]
) -> SiteFacts:
    indexable = await session.scalar(
        select(func.count())
        .select_from(CrawlPage)
        .where(CrawlPage.run_id == run.id, CrawlPage.is_indexable)
    )
    return SiteFacts(
        context=site,
        now=now(),
        hosts=dict(hosts),
        page_count=run.pages,
        indexable_count=indexable or 0,
        is_cut_off=run.is_cut_off,
    )


async def _eligible(session: AsyncSession, run_id: UUID) -> dict[int, str]:
    """Host of every eligible page, by key."""
    rows = await session.execute(
        select(CrawlPage.key, CrawlPage.url).where(
            CrawlPage.run_id == run_id, CrawlPage.is_eligible
        )
    )
    return {key: host_of(url) for key, url in rows}


async def _fired(
    session: AsyncSession, run_id: UUID, issues: Iterable[_Issue], eligible: Mapping[int, str]
) -> list[Fired]:
    """Affected pages of each check: its own, else those that link to the URL (FORMULAS)."""
    groups: dict[tuple[str, str], list[_Issue]] = defaultdict(list)
    for issue in issues:
        if issue.severity != "info":
            groups[issue.code, issue.severity].append(issue)
    by_host = Counter(eligible.values())
    foreign = {
        i.subject
        for group in groups.values()
        for i in group
        if i.scope != "host" and i.subject not in eligible
    }
    linking = await _linking_pages(session, run_id, foreign, eligible) if foreign else {}
    fired = []
    for (code, severity), group in groups.items():
        if group[0].scope == "host":
            affected = sum(by_host.get(host, 0) for host in {i.url for i in group})
        else:
            pages: set[int] = set()
            unlinked = 0
            for issue in group:
                if issue.subject in eligible:
                    pages.add(issue.subject)
                elif sources := linking.get(issue.subject):
                    pages |= sources
                else:
                    unlinked += 1
            affected = len(pages) + unlinked
        fired.append(Fired(code, severity, min(affected, len(eligible))))  # type: ignore[arg-type]  # the table's check
    return fired


async def _linking_pages(
    session: AsyncSession, run_id: UUID, targets: set[int], eligible: Mapping[int, str]
) -> dict[int, set[int]]:
    """Eligible pages that link to each of `targets`."""
    found: dict[int, set[int]] = defaultdict(set)
    statement = select(CrawlPage.key, CrawlPage.links).where(
        CrawlPage.run_id == run_id, CrawlPage.is_eligible
    )
    async for key, raw in queries.stream(session, statement):
        for target in targets.intersection(unpack_links(raw).targets):
            if key in eligible:
                found[target].add(key)
    return found
