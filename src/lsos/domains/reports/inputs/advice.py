"""The campaign score and the open recommendations."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.domains.intelligence import queries
from lsos.domains.intelligence.rules import ENDED, STATES
from lsos.domains.reference import queries as library
from lsos.domains.reports import facts, rules
from lsos.domains.reports.inputs.values import figure, texts


async def score(session: AsyncSession, campaign_id: UUID) -> facts.Score | None:
    rows = await queries.list_scores(session, campaign_id, None, rules.MAX_HISTORY)
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


async def recommendations(session: AsyncSession, campaign_id: UUID) -> facts.Recommendations | None:
    counts = await queries.count_recommendations(session, campaign_id)
    scored = await queries.find_newest_score(session, campaign_id)
    if scored is None:
        return None
    open_ones = await queries.list_open(session, campaign_id, rules.MAX_ADVICE)
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
                affected=figure(row.affected, "count"),
                of=figure(row.affected, "of"),
                unit=str(row.affected.get("unit", "")),
                action=actions.get(row.code, ""),
                sample=texts(row.affected, "sample"),
            )
            for row in open_ones
        ],
    )


def _actions(artifact: Mapping[str, Any]) -> dict[str, str]:
    """What to do, by code, as the library in force says it."""
    return {
        str(item["code"]): " ".join(map(str, item["steps"]))
        for item in artifact.get("items", ())
        if isinstance(item, Mapping) and {"code", "steps"} <= item.keys()
    }
