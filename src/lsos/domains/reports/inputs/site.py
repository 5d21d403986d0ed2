"""The state of the website, and how well the business can be recognised on it."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.base import SEVERITIES
from lsos.domains.audit import findings
from lsos.domains.audit.findings import CheckTotal
from lsos.domains.crawl import queries as crawl_queries
from lsos.domains.crawl.rules import FINISHED
from lsos.domains.entity import queries as entity_queries
from lsos.domains.entity.rules import FORMULA as ENTITY_FORMULA
from lsos.domains.entity.rules import WEIGHTS as ENTITY_WEIGHTS
from lsos.domains.reports import facts, rules
from lsos.domains.reports.inputs.values import figure, texts

_RANK: dict[str, int] = {severity: rank for rank, severity in enumerate(SEVERITIES)}


async def technical(session: AsyncSession, campaign_id: UUID) -> facts.Technical | None:
    run = await crawl_queries.find_latest_scored_run(session, campaign_id)
    if run is None or run.finished_at is None:
        return None
    before = await crawl_queries.find_latest_scored_run(session, campaign_id, before=run)
    earlier = (
        None
        if before is None
        else await findings.list_check_totals(session, before.id, campaign_id)
    )
    detail: Mapping[str, Any] = run.score or {}
    totals = await findings.list_check_totals(session, run.id, campaign_id)
    checks = _checks(totals, detail)
    worst = await findings.list_worst_urls(session, run.id, campaign_id, rules.MAX_PAGES)
    return facts.Technical(
        measured_at=run.finished_at,
        score=run.technical_score,
        previous_score=None if before is None else before.technical_score,
        formula=str(detail.get("formula", "")),
        pages=run.pages,
        eligible=int(detail.get("eligible_pages", 0)),
        admitted=run.done,
        measured=run.done - run.unmeasured,
        is_cut_off=run.is_cut_off,
        clean_share=detail.get("share_of_clean_pages"),
        severities=_sums(totals),
        checks=checks[: rules.MAX_CHECKS],
        checks_total=len(checks),
        topics={
            topic: _sums([total for total in totals if total.topic == topic])
            for topic in sorted({total.topic for total in totals})
        },
        worst_pages=[facts.PageCount(url=url, counts=counts) for url, counts in worst],
        appeared=None if earlier is None else _new_in(totals, earlier),
        gone=None if earlier is None else _new_in(earlier, totals),
        history=await _runs(session, campaign_id),
    )


def _sums(totals: Iterable[CheckTotal]) -> dict[str, int]:
    """Findings by severity, the worst first."""
    sums: dict[str, int] = dict.fromkeys(SEVERITIES, 0)
    for total in totals:
        sums[total.severity] = sums.get(total.severity, 0) + total.findings
    return {severity: count for severity, count in sums.items() if count}


def _checks(totals: Iterable[CheckTotal], detail: Mapping[str, Any]) -> list[facts.CheckCount]:
    affected = {
        (fired["code"], fired["severity"]): fired["affected_pages"]
        for fired in detail.get("checks_fired", ())
    }
    found = [
        facts.CheckCount(
            code=total.code,
            title=total.title,
            severity=total.severity,
            topic=total.topic,
            findings=total.findings,
            affected=affected.get((total.code, total.severity)),
            example=total.example,
            fix=total.fix,
        )
        for total in totals
    ]
    return sorted(
        found,
        key=lambda c: (_RANK.get(c.severity, len(_RANK)), -(c.affected or 0), -c.findings, c.code),
    )


def _new_in(now: Iterable[CheckTotal], other: Iterable[CheckTotal]) -> list[str]:
    """Titles of the checks that fired in one run and not in the other, without mere notes."""
    known = {total.code for total in other}
    new = {t.title for t in now if t.code not in known and t.severity != "info"}
    return sorted(new)[: rules.MAX_CHECKS]


async def _runs(session: AsyncSession, campaign_id: UUID) -> list[facts.Point]:
    """The score of each day's last finished run."""
    by_day: dict[date, tuple[datetime, float | None]] = {}
    for state in FINISHED:
        runs = await crawl_queries.list_runs(session, campaign_id, state, rules.MAX_HISTORY)
        for run in runs:
            if (at := run.finished_at) is not None:
                known = by_day.get(at.date())
                if known is None or known[0] < at:
                    by_day[at.date()] = at, run.technical_score
    points = [facts.Point(day=day, value=score) for day, (_, score) in sorted(by_day.items())]
    return points[-rules.MAX_HISTORY :]


async def entity(session: AsyncSession, campaign_id: UUID) -> facts.Entity | None:
    report = await entity_queries.find_latest_report(session, campaign_id)
    if report is None:
        return None
    parts = entity_queries.parts_of(report)
    return facts.Entity(
        measured_at=report.finished_at or report.created_at,
        score=report.score,
        formula=ENTITY_FORMULA,
        parts=[
            facts.EntityPart(
                name=name,
                points=parts[name].points,
                of=parts[name].of,
                count=figure(parts[name].evidence, "count"),
                total=figure(parts[name].evidence, "total"),
                basis=str(parts[name].evidence.get("of", "")),
                missing=texts(parts[name].evidence, "missing"),
            )
            for name in ENTITY_WEIGHTS
            if name in parts
        ],
    )
