"""Findings of a run for the rooms above: whom they affect, and what was measured at all."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.catalogue import BY_CODE
from lsos.checks.engine import CheckSetting
from lsos.domains.audit import queries
from lsos.domains.audit.rules import Affected, affected
from lsos.domains.crawl import findings as crawl_findings
from lsos.domains.crawl import queries as crawl_queries
from lsos.domains.crawl import whole_run
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


async def list_findings(
    session: AsyncSession, run_id: UUID, campaign_id: UUID
) -> Sequence[Finding]:
    """All findings of a run in a fixed order."""
    ignored = await queries.ignored_reasons(session, campaign_id)
    rows = await crawl_findings.list_first_evidence(session, run_id)
    return [
        Finding(code, severity, scope, subject, url, evidence, (code, subject) in ignored)
        for code, severity, scope, subject, url, evidence in rows
    ]


class Reach:
    """Which pages of a run its findings affect."""

    def __init__(self, eligible: Mapping[int, str], linking: Mapping[int, set[int]]) -> None:
        self.eligible = eligible
        """URL of every page that scores are about, by key."""
        self._linking = linking

    def affected(self, findings: Iterable[Finding]) -> Affected:
        """By findings about URLs, not hosts."""
        subjects = (finding.subject for finding in findings)
        return affected(subjects, self.eligible, lambda key: self._linking.get(key, ()))


async def reach_of(
    session: AsyncSession, run_id: UUID, campaign_id: UUID, findings: Iterable[Finding]
) -> Reach:
    """Reads the links of the run only when a finding is about a URL that fails."""
    eligible = await whole_run.list_eligible(session, run_id)
    failing = await whole_run.list_failing(session, run_id, campaign_id.bytes)
    wanted = failing.intersection(f.subject for f in findings if f.scope != "host")
    linking: dict[int, set[int]] = defaultdict(set)
    if wanted:
        references = whole_run.stream_references(session, run_id, only_eligible=True)
        async for key, targets, _ in references:
            for target in wanted.intersection(targets):
                linking[target].add(key)
    return Reach(eligible, linking)


async def measured_urls(
    session: AsyncSession, campaign_id: UUID, run_id: UUID, urls: Collection[str]
) -> frozenset[str]:
    """Those of `urls` that the campaign's run has a result for."""
    keys = {url_key(campaign_id.bytes, url): url for url in urls}
    measured = await whole_run.list_measured(session, run_id, keys)
    return frozenset(keys[key] for key in measured)


def disabled_checks(settings: Mapping[str, object] | None) -> frozenset[str]:
    """Checks that were off in a run with these settings: that they found nothing proves nothing."""
    known = msgspec.convert(settings or {}, dict[str, CheckSetting], strict=False)
    return frozenset(code for code, setting in known.items() if not setting.is_enabled)


async def find_technical_score(session: AsyncSession, campaign_id: UUID) -> float | None:
    """Of the newest finished run; None when that could not be scored."""
    run = await crawl_queries.find_latest_scored_run(session, campaign_id)
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


async def list_check_totals(
    session: AsyncSession, run_id: UUID, campaign_id: UUID
) -> list[CheckTotal]:
    """One per check and severity, without ignored issues; a check that is no longer known has its
    code as title.
    """
    totals = []
    counted = await crawl_findings.count_findings(
        session, run_id, queries.ignored_issues(campaign_id)
    )
    for code, severity, count, example in counted:
        check = BY_CODE.get(code)
        title, topic, fix = (check.title, check.topic, check.fix) if check else (code, "", "")
        totals.append(CheckTotal(code, severity, title, topic, fix, count, example))
    return totals


async def list_worst_urls(
    session: AsyncSession, run_id: UUID, campaign_id: UUID, limit: int
) -> list[tuple[str, dict[str, int]]]:
    """URLs with a critical or high finding that is not ignored, by severity, worst first."""
    without = queries.ignored_issues(campaign_id)
    return await crawl_findings.list_worst_urls(session, run_id, without, limit)
