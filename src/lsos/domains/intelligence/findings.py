"""Findings of the newest crawl by check and template, and what a crawl can prove."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.base import SEVERITIES
from lsos.checks.catalogue import BY_CODE
from lsos.domains.audit import findings as audit
from lsos.domains.audit.findings import Finding, Reach
from lsos.domains.campaigns import queries as campaigns
from lsos.domains.crawl import queries as crawl_queries
from lsos.domains.intelligence.rules import (
    LEAST_COVERAGE,
    SAMPLE,
    Affected,
    Group,
    group_of,
    is_money_page,
    known_templates,
    page_share,
    slug,
)

MAX_LOCATIONS = 5_000
MAX_FACT_CHARS = 300


class Crawled(NamedTuple):
    """The newest finished crawl as recommendations see it."""

    campaign_id: UUID
    run_id: UUID
    began_at: datetime
    coverage: float
    is_cut_off: bool
    groups: list[Group]
    ignored: frozenset[tuple[str, str]]
    """(code, group) of which all findings are ignored by the agency."""
    disabled: frozenset[str]


async def read_crawl(
    session: AsyncSession, campaign_id: UUID, services: Sequence[str]
) -> Crawled | None:
    """None before the first finished run."""
    run = await crawl_queries.find_latest_scored_run(session, campaign_id)
    if run is None:
        return None
    began_at = run.started_at or run.created_at
    found = await audit.list_findings(session, run.id, campaign_id)
    reach = await audit.reach_of(session, run.id, campaign_id, found)
    places = await campaigns.list_locations(session, campaign_id, None, MAX_LOCATIONS)
    landing = frozenset(place.landing_url for place in places if place.landing_url)
    slugs = frozenset(map(slug, services))
    money = {key for key, url in reach.eligible.items() if is_money_page(url, landing, slugs)}
    coverage = float(str((run.score or {}).get("coverage", 0.0)))
    pages = _Pages(reach, money, known_templates(reach.eligible.values()))
    grouped: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    ignored: set[tuple[str, str]] = set()
    for finding in found:
        key = finding.code, pages.group(finding)
        if finding.is_ignored:
            ignored.add(key)
        else:
            grouped[key].append(finding)
    groups = []
    for (code, group_key), rows in sorted(grouped.items()):
        check = BY_CODE.get(code)
        # The input of the others is what they are about, which is measured.
        is_whole = check is not None and check.needs == "site"
        groups.append(
            Group(
                code=code,
                group_key=group_key,
                severity=min((row.severity for row in rows), key=SEVERITIES.index),
                affected=pages.affected(rows),
                measured_share=coverage if is_whole else 1.0,
                findings=len(rows),
                measured_at=began_at,
                facts={
                    "run_id": str(run.id),
                    "share": "affected share of eligible pages, location and service pages double",
                    "examples": [_example(row) for row in rows[:3]],
                },
            )
        )
    return Crawled(
        campaign_id=campaign_id,
        run_id=run.id,
        began_at=began_at,
        coverage=coverage,
        is_cut_off=run.is_cut_off,
        groups=groups,
        ignored=frozenset(ignored - grouped.keys()),
        disabled=audit.disabled_checks(run.check_settings),
    )


async def proven_absent(
    session: AsyncSession, crawled: Crawled, samples: Mapping[UUID, Iterable[str]]
) -> frozenset[UUID]:
    """Which of these recommendations the crawl has looked at without finding them again.

    A whole crawl proves it, a cut-off one only where it measured the sampled URLs.
    """
    if crawled.coverage < LEAST_COVERAGE:
        return frozenset()
    if not crawled.is_cut_off:
        return frozenset(samples)
    urls = {url for sample in samples.values() for url in sample}
    measured = await audit.measured_urls(session, crawled.campaign_id, crawled.run_id, urls)
    return frozenset(
        key for key, sample in samples.items() if (wanted := set(sample)) and wanted <= measured
    )


class _Pages(NamedTuple):
    reach: Reach
    money: set[int]
    templates: frozenset[str]

    def group(self, finding: Finding) -> str:
        """Template of the page; of host checks the host."""
        return finding.url if finding.scope == "host" else group_of(finding.url, self.templates)

    def affected(self, rows: list[Finding]) -> Affected:
        """Eligible pages that have the fault, or link to the URL that fails (FORMULAS)."""
        total = len(self.reach.eligible)
        sample = [row.url for row in rows[:SAMPLE]]
        if rows[0].scope == "host":
            return Affected(count=1, of=1, unit="hosts", share=1.0, sample=sample)
        found = self.reach.affected(rows)
        count = found.count(total) if total else found.alone
        money = len(found.pages & self.money)
        return Affected(
            count=count,
            of=total,
            unit="eligible pages",
            share=round(page_share(count, money, total), 6),
            sample=sample,
        )


def _example(row: Finding) -> dict[str, object]:
    """A finding as a person would quote it."""
    first = row.evidence if isinstance(row.evidence, dict) else {}
    value = str(first.get("value", ""))[:MAX_FACT_CHARS]
    return {"url": row.url, "value": value, "where": str(first.get("selector", ""))[:100]}
