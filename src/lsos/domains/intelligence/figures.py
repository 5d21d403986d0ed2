"""What the dashboard shows of recommendations."""

from typing import Any
from uuid import UUID

import msgspec

from lsos.core.http.schema import Out
from lsos.domains.intelligence.rules import ENDED, State
from lsos.room import Statement

TOP_ITEMS = 5


class TopRecommendation(Out):
    """A recommendation, in short."""

    id: UUID
    """Id of the recommendation."""
    code: str
    """Check or signal that it answers."""
    title: str
    """What should be done."""
    room: str
    """Where it was measured, such as crawl or local."""
    state: State
    """State of the recommendation."""
    risk_tier: int
    """0 (texts only) to 4 (can remove pages from the index)."""
    impact: float
    """Expected effect; comparable within a campaign, without a unit."""
    effort: int
    """1 (minutes) to 5 (a project)."""
    priority: float
    """impact * confidence / effort: the order of work."""


class RecommendationOverview(Out):
    """The recommendations of the campaign in figures."""

    total_count: int
    """All, ended ones included: the denominator of the other counts and of the average."""
    open_count: int
    """Neither verified, rejected nor archived."""
    counts_by_state: dict[State, int]
    """By state; states without any are left out."""
    counts_by_risk_tier: dict[str, int]
    """By risk tier, 0 to 4; tiers without any are left out."""
    average_confidence_score: float
    """Mean confidence of all, 0 to 1."""
    top_items: list[TopRecommendation]
    """The five open ones of highest priority."""


def _overview(found: Any) -> RecommendationOverview | None:
    """None before the first: that nothing was found is not said of what was never judged."""
    if not found["counts"]:
        return None
    by_state: dict[State, int] = {}
    by_tier: dict[str, int] = {}
    confidence = 0.0
    for state, tier, number, sum_of_confidence in found["counts"]:
        by_state[state] = by_state.get(state, 0) + number
        by_tier[str(tier)] = by_tier.get(str(tier), 0) + number
        confidence += sum_of_confidence
    total = sum(by_state.values())
    return RecommendationOverview(
        total_count=total,
        open_count=sum(number for state, number in by_state.items() if state not in ENDED),
        counts_by_state=by_state,
        counts_by_risk_tier=by_tier,
        average_confidence_score=round(confidence / total, 4),
        top_items=msgspec.convert(found["top"] or [], list[TopRecommendation]),
    )


DASHBOARD = (
    Statement(
        "recommendation_summary",
        """
        select jsonb_build_object(
            'counts', (select jsonb_agg(jsonb_build_array(state, risk_tier, number, confidence))
                from (
                    select state, risk_tier, count(*) as number, sum(confidence) as confidence
                    from recommendations where campaign_id = :campaign_id
                    group by state, risk_tier
                ) n),
            'top', (select jsonb_agg(to_jsonb(t)) from (
                select id, code, title, room, state, risk_tier, impact, effort, priority
                from recommendations
                where campaign_id = :campaign_id and state <> all(:intelligence_ended)
                order by priority desc, id desc limit :intelligence_top
            ) t)
        )
        """,
        {"intelligence_ended": list(ENDED), "intelligence_top": TOP_ITEMS},
        read=_overview,
    ),
)
