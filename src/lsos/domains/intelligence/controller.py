"""Routes of recommendations and of the campaign score."""

from collections.abc import Mapping
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
from lsos.core.http.schema import DEFAULT_LIMIT
from lsos.domains.campaigns import queries as campaigns
from lsos.domains.intelligence import queries, service
from lsos.domains.intelligence.models import Recommendation
from lsos.domains.intelligence.rules import ENDED, SCORE_FORMULA, State, allowed
from lsos.domains.intelligence.schemas import (
    AffectedView,
    DayScore,
    EventView,
    LibraryEvidence,
    MeasurementEvidence,
    RecommendationDetail,
    RecommendationSummary,
    RecommendationUpdate,
    RecommendationView,
    ScorePart,
    ScoreView,
)
from lsos.domains.reference import library

Library = NamedDependency[library.Library]
TOP_ITEMS = 5
IfMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        description='Change only this version, such as "3"; else 412.',
    ),
]
WantedState = Annotated[
    State | None, QueryParameter(name="state", description="Only those in this state.")
]
Tier = Annotated[int | None, QueryParameter(ge=0, le=4, description="Only this risk tier.")]
IsOpen = Annotated[
    bool | None,
    QueryParameter(description="true: only open ones; false: only verified, rejected, archived."),
]
RoomName = Annotated[
    str | None, QueryParameter(description="Only those measured there, such as crawl or local.")
]
Code = Annotated[str | None, QueryParameter(description="Only those of this check or signal.")]
Days = Annotated[int, QueryParameter(ge=1, le=366, description="Length of the history in days.")]


class IntelligenceController(Controller):
    path = "/intelligence"
    tags = ("intelligence",)

    @get(
        "/recommendations",
        operation_id="listRecommendations",
        opt=needs("intelligence:read"),
    )
    async def list_all(
        self,
        campaign_id: FromQuery[UUID],
        session: inject.Session,
        wanted_state: WantedState = None,
        is_open: IsOpen = None,
        room: RoomName = None,
        code: Code = None,
        risk_tier: Tier = None,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[RecommendationView]]:
        """List the recommendations of a campaign, highest priority first."""
        await campaigns.check_campaign(session, campaign_id)
        page = await queries.RECOMMENDATIONS.page(
            session,
            cursor,
            limit,
            campaign_id=campaign_id,
            state=wanted_state,
            is_open=is_open,
            room=room,
            code=code,
            risk_tier=risk_tier,
        )
        return ok_page(page.map(_view))

    @get(
        "/recommendations/{recommendation_id:uuid}",
        operation_id="getRecommendation",
        opt=needs("intelligence:read"),
    )
    async def get_one(
        self,
        recommendation_id: FromPath[UUID],
        session: inject.Session,
        principal: inject.Principal,
        library: Library,
    ) -> Envelope[RecommendationDetail]:
        """Show a recommendation with its advice and every change of its state."""
        row = await queries.get_recommendation(session, principal.tenant_id, recommendation_id)
        return ok(await _detail(session, row, library))

    @patch(
        "/recommendations/{recommendation_id:uuid}",
        operation_id="updateRecommendation",
        opt=needs("intelligence:write"),
        responses=failures(409, 412),
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
        """Move a recommendation to another state.

        Whether it worked is found by a later measurement, never set by hand.
        """
        row = await service.change_state(
            session, principal, recommendation_id, data.state, data.note, if_match
        )
        return ok(await _detail(session, row, library))

    @get(
        "/score",
        operation_id="getCampaignScore",
        opt=needs("intelligence:read"),
    )
    async def score(
        self,
        campaign_id: FromQuery[UUID],
        session: inject.Session,
        days: Days = 90,
    ) -> Envelope[ScoreView]:
        """Show the campaign score with its parts; what is unmeasured is named and left out."""
        await campaigns.check_campaign(session, campaign_id)
        since = (now() - timedelta(days=days)).date()
        rows = await queries.list_scores(session, campaign_id, since, days + 1)
        newest = rows[0] if rows else await queries.find_newest_score(session, campaign_id)
        parts = convert(newest.parts if newest else {}, dict[str, ScorePart])
        weights = {name: part.weight for name, part in parts.items()}
        dropped = sorted(name for name, part in parts.items() if part.value is None)
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
    )
    async def summary(
        self, campaign_id: FromQuery[UUID], session: inject.Session
    ) -> Envelope[RecommendationSummary]:
        """Show the recommendations of a campaign in figures, and which come first."""
        await campaigns.check_campaign(session, campaign_id)
        counts = await queries.count_recommendations(session, campaign_id)
        top = await queries.list_open(session, campaign_id, TOP_ITEMS)
        return ok(
            RecommendationSummary(
                campaign_id=campaign_id,
                total_count=counts.total,
                open_count=sum(n for s, n in counts.by_state.items() if s not in ENDED),
                counts_by_state=cast(dict[State, int], counts.by_state),
                counts_by_risk_tier={str(tier): n for tier, n in counts.by_risk_tier.items()},
                average_confidence_score=counts.average_confidence,
                top_items=[_view(row) for row in top],
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


_EVIDENCE: Mapping[str, type[MeasurementEvidence | LibraryEvidence]] = {
    "measurement": MeasurementEvidence,
    "library": LibraryEvidence,
}


def _view(row: Any) -> RecommendationView:
    """Of a recommendation, or of a row with its columns."""
    state = cast(State, row.state)
    # One type at a time: msgspec looks a union up anew with each call.
    evidence = [convert(each, _EVIDENCE[each["kind"]]) for each in row.evidence]
    sources = [e.source for e in evidence if isinstance(e, MeasurementEvidence)]
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
