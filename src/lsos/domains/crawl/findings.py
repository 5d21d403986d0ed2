"""Findings of a run for the rooms above: whom they affect, and what was measured at all."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.catalogue import BY_CODE
from lsos.domains.crawl import queries
from lsos.domains.crawl.models import CheckSettings, CrawlIssue, CrawlPage, CrawlRun, IgnoredIssue
from lsos.web.facts import PageFacts
from lsos.web.stored import unpack_facts, unpack_links
from lsos.web.urls import url_key


class Finding(NamedTuple):
    code: str
    severity: str
    scope: str
    subject: int
    """Key of the URL, or of the host's name."""
    url: str
    """The URL, or the host."""
    evidence: Any
    """The first of the stored ones."""
    is_ignored: bool


async def list_findings(session: AsyncSession, run: CrawlRun) -> Sequence[Finding]:
    """All findings of a run in a fixed order."""
    ignored = (
        select(IgnoredIssue.id)
        .where(
            IgnoredIssue.campaign_id == run.campaign_id,
            IgnoredIssue.code == CrawlIssue.code,
            IgnoredIssue.subject == CrawlIssue.subject,
            IgnoredIssue.until.is_(None) | (IgnoredIssue.until > func.now()),
        )
        .exists()
    )
    rows = await session.execute(
        select(
            CrawlIssue.code,
            CrawlIssue.severity,
            CrawlIssue.scope,
            CrawlIssue.subject,
            CrawlIssue.url,
            CrawlIssue.evidence[0],
            ignored,
        )
        .where(CrawlIssue.run_id == run.id)
        .order_by(CrawlIssue.code, CrawlIssue.url, CrawlIssue.subject)
    )
    return [Finding(*row) for row in rows]


async def eligible_urls(session: AsyncSession, run_id: UUID) -> dict[int, str]:
    """URL of every page that scores are about, by key."""
    rows = await session.execute(
        select(CrawlPage.key, CrawlPage.url).where(
            CrawlPage.run_id == run_id, CrawlPage.is_eligible
        )
    )
    return {key: url for key, url in rows}  # noqa: C416 -- rows are no pairs to the type checker


async def stream_eligible(session: AsyncSession, run_id: UUID) -> AsyncIterator[PageFacts]:
    """Facts of the pages that scores are about, in a fixed order, without their links.

    The main text is cut as it is stored. Bounded memory: rows come by hundreds.
    """
    statement = (
        select(CrawlPage.facts)
        .where(CrawlPage.run_id == run_id, CrawlPage.is_eligible)
        .order_by(CrawlPage.key)
        .execution_options(yield_per=100)
    )
    result = await session.stream(statement)
    async for (raw,) in result:
        yield unpack_facts(raw)


async def linking_pages(
    session: AsyncSession, run_id: UUID, targets: Collection[int]
) -> dict[int, set[int]]:
    """Keys of the eligible pages that link to each of `targets`."""
    wanted = set(targets)
    found: dict[int, set[int]] = defaultdict(set)
    if not wanted:
        return found
    statement = select(CrawlPage.key, CrawlPage.links).where(
        CrawlPage.run_id == run_id, CrawlPage.is_eligible
    )
    async for key, raw in queries.stream(session, statement):
        for target in wanted.intersection(unpack_links(raw).targets):
            found[target].add(key)
    return found


async def measured_urls(
    session: AsyncSession, campaign_id: UUID, run_id: UUID, urls: Collection[str]
) -> frozenset[str]:
    """Those of `urls` that the campaign's run has a result for."""
    keys = {url_key(campaign_id.bytes, url): url for url in urls}
    rows = await session.scalars(
        select(CrawlPage.key).where(CrawlPage.run_id == run_id, CrawlPage.key.in_(keys))
    )
    return frozenset(keys[key] for key in rows)


async def disabled_checks(session: AsyncSession) -> frozenset[str]:
    """Checks that the tenant has switched off: that they find nothing proves nothing."""
    rows = await session.scalars(select(CheckSettings.code).where(~CheckSettings.is_enabled))
    return frozenset(rows)


async def find_technical_score(session: AsyncSession, campaign_id: UUID) -> float | None:
    """Of the newest finished run; None when that could not be scored."""
    run = await queries.find_latest_scored_run(session, campaign_id)
    return None if run is None else run.technical_score


class CheckTotal(NamedTuple):
    """How often a check fired in a run, and what it is about."""

    code: str
    severity: str
    title: str
    topic: str
    fix: str
    findings: int
    example: str
    """A URL."""


async def list_check_totals(session: AsyncSession, run_id: UUID) -> list[CheckTotal]:
    """One a check and severity; a check that is no longer known has its code as title."""
    rows = await session.execute(
        select(CrawlIssue.code, CrawlIssue.severity, func.count(), func.min(CrawlIssue.url))
        .where(CrawlIssue.run_id == run_id)
        .group_by(CrawlIssue.code, CrawlIssue.severity)
        .order_by(CrawlIssue.code, CrawlIssue.severity)
    )
    totals = []
    for code, severity, count, example in rows:
        check = BY_CODE.get(code)
        title, topic, fix = (check.title, check.topic, check.fix) if check else (code, "", "")
        totals.append(CheckTotal(code, severity, title, topic, fix, count, example))
    return totals


async def list_worst_pages(
    session: AsyncSession, run_id: UUID, limit: int
) -> list[tuple[str, dict[str, int]]]:
    """URLs with a critical or high finding, by severity: the most critical ones first."""
    severities = ("critical", "high", "medium", "low")
    counted = [func.count().filter(CrawlIssue.severity == name) for name in severities]
    is_severe = CrawlIssue.severity.in_(("critical", "high"))
    rows = await session.execute(
        select(CrawlIssue.url, *counted)
        .where(CrawlIssue.run_id == run_id, CrawlIssue.scope != "host")
        .group_by(CrawlIssue.url)
        .having(func.count().filter(is_severe) > 0)
        .order_by(*(count.desc() for count in counted), CrawlIssue.url)
        .limit(limit)
    )
    return [(url, dict(zip(severities, counts, strict=True))) for url, *counts in rows]
