"""What each room measured last, as facts of a report; None when a room has measured nothing."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.domains.crawl import findings
from lsos.domains.crawl import queries as crawl_queries
from lsos.domains.crawl.findings import CheckTotal
from lsos.domains.entity import queries as entity_queries
from lsos.domains.entity.rules import FORMULA as ENTITY_FORMULA
from lsos.domains.entity.rules import WEIGHTS as ENTITY_WEIGHTS
from lsos.domains.intelligence import queries as intelligence_queries
from lsos.domains.intelligence.queries import Wanted
from lsos.domains.intelligence.rules import ENDED, STATES
from lsos.domains.reference import queries as library
from lsos.domains.reports import facts, rules

SEVERITIES = ("critical", "high", "medium", "low", "info")
_RANK = {severity: rank for rank, severity in enumerate(SEVERITIES)}


async def score(session: AsyncSession, campaign_id: UUID) -> facts.Score | None:
    rows = await intelligence_queries.list_scores(session, campaign_id, None, rules.MAX_HISTORY)
    if not rows:
        return None
    newest = rows[0]
    return facts.Score(
        day=newest.day,
        score=newest.score,
        parts=[
            facts.ScorePart(name=name, value=part.get("value"), weight=part.get("weight", 0.0))
            for name, part in sorted(
                sorted(newest.parts.items()), key=lambda named: _weight(named[1])
            )
            if isinstance(part, Mapping)
        ],
        history=[facts.Point(day=row.day, value=row.score) for row in reversed(rows)],
    )


def _weight(part: object) -> float:
    """Sorts the heaviest part first; a JSON column keeps no order."""
    return -float(part.get("weight", 0)) if isinstance(part, Mapping) else 0.0


async def technical(session: AsyncSession, campaign_id: UUID) -> facts.Technical | None:
    run = await crawl_queries.find_latest_scored_run(session, campaign_id)
    if run is None or run.finished_at is None:
        return None
    before = await crawl_queries.find_latest_scored_run(session, campaign_id, before=run)
    earlier = None if before is None else await findings.list_check_totals(session, before.id)
    detail: Mapping[str, Any] = run.score or {}
    totals = await findings.list_check_totals(session, run.id)
    checks = _checks(totals, detail)
    worst = await findings.list_worst_pages(session, run.id, rules.MAX_PAGES)
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
    sums = dict.fromkeys(SEVERITIES, 0)
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
    for state in crawl_queries.FINISHED:
        runs = await crawl_queries.list_runs(session, campaign_id, state, None, rules.MAX_HISTORY)
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
                count=_figure(parts[name].evidence, "count"),
                total=_figure(parts[name].evidence, "total"),
                basis=str(parts[name].evidence.get("of", "")),
                missing=[str(item) for item in _items(parts[name].evidence, "missing")],
            )
            for name in ENTITY_WEIGHTS
            if name in parts
        ],
    )


async def recommendations(session: AsyncSession, campaign_id: UUID) -> facts.Recommendations | None:
    counts = await intelligence_queries.count_recommendations(session, campaign_id)
    scored = await intelligence_queries.find_newest_score(session, campaign_id)
    if scored is None:
        return None
    open_ones = await intelligence_queries.list_recommendations(
        session, Wanted(campaign_id, is_open=True), None, rules.MAX_ADVICE
    )
    release = await library.find_active(session)
    actions = {} if release is None else _actions(release.recommendations)
    ended = sum(counts.by_state.get(state, 0) for state in ENDED)
    return facts.Recommendations(
        measured_at=scored.computed_at,
        library_version=scored.library_version,
        total=counts.total - ended,
        by_state={state: counts.by_state[state] for state in STATES if state in counts.by_state},
        by_risk_tier={str(tier): counts.by_risk_tier[tier] for tier in sorted(counts.by_risk_tier)},
        average_confidence=counts.average_confidence,
        top=[
            facts.Advice(
                title=row.title,
                room=row.room,
                group=row.group_key,
                state=row.state,
                impact=row.impact,
                effort=row.effort,
                confidence=row.confidence,
                risk_tier=row.risk_tier,
                priority=row.priority,
                affected=_figure(row.affected, "count"),
                of=_figure(row.affected, "of"),
                unit=str(row.affected.get("unit", "")),
                action=actions.get(row.code, ""),
                sample=[str(item) for item in _items(row.affected, "sample")],
            )
            for row in open_ones[: rules.MAX_ADVICE]
        ],
    )


def _actions(artifact: Mapping[str, Any]) -> dict[str, str]:
    """What to do, by code, as the library in force says it."""
    return {
        str(item["code"]): " ".join(map(str, item["steps"]))
        for item in artifact.get("items", ())
        if isinstance(item, Mapping) and {"code", "steps"} <= item.keys()
    }


def _figure(affected: Mapping[str, object], name: str) -> float | None:
    value = affected.get(name)
    return float(value) if isinstance(value, int | float) else None


def _items(affected: Mapping[str, object], name: str) -> list[object]:
    value = affected.get(name)
    return value[: rules.MAX_ADVICE] if isinstance(value, list) else []
