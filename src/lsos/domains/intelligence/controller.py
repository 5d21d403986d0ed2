"""Routes of recommendations and of the campaign score."""

from datetime import timedelta
from typing import Annotated, Any, cast
from uuid import UUID

from litestar import Controller, get, patch
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter
from msgspec import convert, structs
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, failures, ok, ok_page
from lsos.core.http.principal import needs
from lsos.core.http.schema import DEFAULT_LIMIT, decode_key, page_of
from lsos.domains.campaigns import queries as campaigns
from lsos.domains.intelligence import queries, service
from lsos.domains.intelligence.models import Recommendation
from lsos.domains.intelligence.rules import ENDED, SCORE_FORMULA, State, allowed
from lsos.domains.intelligence.schemas import (
    AffectedView,
    DayScore,
    EventView,
    RecommendationDetail,
    RecommendationSummary,
    RecommendationUpdate,
    RecommendationView,
    ScoreView,
)
from lsos.domains.reference import library

Library = NamedDependency[library.Library]
TOP_ITEMS = 5
IfMatch = Annotated[
    str | None,
    HeaderParameter(name="If-Match", description='the version that you have seen, such as "3"'),
]
WantedState = Annotated[State | None, QueryParameter(name="state")]
Tier = Annotated[int | None, QueryParameter(ge=0, le=4)]
Days = Annotated[int, QueryParameter(ge=1, le=366, description="length of the history")]


class IntelligenceController(Controller):
    path = "/intelligence"
    tags = ("intelligence",)

    @get(
        "/recommendations",
        operation_id="listRecommendations",
        opt=needs("intelligence:read"),
        responses=failures(401, 403, 404, 422),
    )
    async def list_all(
        self,
        campaign_id: FromQuery[UUID],
        session: inject.Session,
        principal: inject.Principal,
        wanted_state: WantedState = None,
        is_open: FromQuery[bool | None] = None,
        room: FromQuery[str | None] = None,
        code: FromQuery[str | None] = None,
        risk_tier: Tier = None,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[RecommendationView]]:
        """Recommendations of a campaign, highest priority first."""
        await campaigns.get_campaign(session, principal.tenant_id, campaign_id)
        wanted = queries.Wanted(campaign_id, wanted_state, is_open, room, code, risk_tier)
        after = None if cursor is None else decode_key(cursor, queries.PriorityKey)
        rows = await queries.list_recommendations(session, wanted, after, limit)
        page = page_of([_view(row) for row in rows], limit, lambda v: (v.priority, v.id))
        return ok_page(page)

    @get(
        "/recommendations/{recommendation_id:uuid}",
        operation_id="getRecommendation",
        opt=needs("intelligence:read"),
        responses=failures(401, 403, 404),
    )
    async def get_one(
        self,
        recommendation_id: FromPath[UUID],
        session: inject.Session,
        principal: inject.Principal,
        library: Library,
    ) -> Envelope[RecommendationDetail]:
        """One with its advice and every change of its state."""
        row = await queries.get_recommendation(session, principal.tenant_id, recommendation_id)
        return ok(await _detail(session, row, library))

    @patch(
        "/recommendations/{recommendation_id:uuid}",
        operation_id="updateRecommendation",
        opt=needs("intelligence:write"),
        responses=failures(401, 403, 404, 409, 412, 422),
    )
    async def update(
        self,
        recommendation_id: FromPath[UUID],
        data: JSONBody[RecommendationUpdate],
        session: inject.Session,
        principal: inject.Principal,
        library: Library,
        if_match: FromQuery[IfMatch] = None,
    ) -> Envelope[RecommendationDetail]:
        """Move it to another state; whether it worked is found by the next measurement."""
        row = await service.change_state(
            session, principal, recommendation_id, data.state, data.note, if_match
        )
        return ok(await _detail(session, row, library))

    @get(
        "/score",
        operation_id="getCampaignScore",
        opt=needs("intelligence:read"),
        responses=failures(401, 403, 404, 422),
    )
    async def score(
        self,
        campaign_id: FromQuery[UUID],
        session: inject.Session,
        principal: inject.Principal,
        days: Days = 90,
    ) -> Envelope[ScoreView]:
        """The campaign score with its parts; what is unmeasured is named and left out."""
        await campaigns.get_campaign(session, principal.tenant_id, campaign_id)
        since = (now() - timedelta(days=days)).date()
        rows = await queries.list_scores(session, campaign_id, since, days + 1)
        newest = rows[0] if rows else await queries.find_newest_score(session, campaign_id)
        parts = cast(dict[str, dict[str, Any]], newest.parts if newest else {})
        weights = {name: float(part["weight"]) for name, part in parts.items()}
        dropped = sorted(name for name, part in parts.items() if part["value"] is None)
        total = sum(weights.values())
        measured = total - sum(weights[name] for name in dropped)
        return ok(
            ScoreView(
                campaign_id=campaign_id,
                formula=SCORE_FORMULA,
                score=newest.score if newest else None,
                day=newest.day if newest else None,
                parts=parts,
                dropped=dropped,
                measured_weight=round(measured / total, 4) if total else None,
                library_version=newest.library_version if newest else None,
                computed_at=newest.computed_at if newest else None,
                history=[convert(row, DayScore, from_attributes=True) for row in rows],
            )
        )


class RecommendationSummaryController(Controller):
    path = "/recommendations"
    tags = ("intelligence",)

    @get(
        "/summary",
        operation_id="getRecommendationSummary",
        opt=needs("intelligence:read"),
        responses=failures(401, 403, 404, 422),
    )
    async def summary(
        self, campaign_id: FromQuery[UUID], session: inject.Session, principal: inject.Principal
    ) -> Envelope[RecommendationSummary]:
        """How many recommendations there are, how sure they are, and which come first."""
        await campaigns.get_campaign(session, principal.tenant_id, campaign_id)
        counts = await queries.count_recommendations(session, campaign_id)
        wanted = queries.Wanted(campaign_id, is_open=True)
        top = await queries.list_recommendations(session, wanted, None, TOP_ITEMS)
        return ok(
            RecommendationSummary(
                campaign_id=campaign_id,
                total_count=counts.total,
                open_count=sum(n for s, n in counts.by_state.items() if s not in ENDED),
                counts_by_state=counts.by_state,
                counts_by_risk_tier={str(tier): n for tier, n in counts.by_risk_tier.items()},
                average_confidence_score=counts.average_confidence,
                top_items=[_view(row) for row in top[:TOP_ITEMS]],
            )
        )


async def _detail(
    session: AsyncSession, row: Recommendation, known: library.Library
) -> RecommendationDetail:
    release = await known.current(session)
    advice = release.advice.get(row.code) if release else None
    events = await queries.list_events(session, row.id)
    return RecommendationDetail(
        **structs.asdict(_view(row)),
        why=advice.why if advice else None,
        steps=advice.steps if advice else [],
        definition_of_done=advice.definition_of_done if advice else None,
        after=advice.after if advice else [],
        events=[convert(event, EventView, from_attributes=True) for event in events],
    )


def _view(row: Recommendation) -> RecommendationView:
    state = cast(State, row.state)
    evidence = cast(list[dict[str, Any]], row.evidence)
    sources = [str(e["source"]) for e in evidence if e.get("kind") == "measurement"]
    return RecommendationView(
        id=row.id,
        campaign_id=row.campaign_id,
        code=row.code,
        group_key=row.group_key,
        room=row.room,
        source=sources[0] if sources else row.room,
        title=row.title,
        state=state,
        allowed_states=allowed(state, "person"),
        impact=row.impact,
        effort=row.effort,
        confidence=row.confidence,
        risk_tier=row.risk_tier,
        priority=row.priority,
        affected=convert(row.affected, AffectedView),
        evidence=evidence,
        library_version=row.library_version,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        executed_at=row.executed_at,
        verified_at=row.verified_at,
        version=row.version,
    )


CONTROLLERS = (IntelligenceController, RecommendationSummaryController)
