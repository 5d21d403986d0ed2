"""Routes of ranks: keywords, runs, snapshots, trends, visibility."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from lsos.core.clock import now
from lsos.core.errors import Invalid
from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, failures, ok, ok_page
from lsos.core.http.principal import needs
from lsos.core.http.schema import DEFAULT_LIMIT, Page, decode_cursor, decode_key, page_of
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.measuring import service as measuring
from lsos.domains.measuring.queries import get_run
from lsos.domains.measuring.routes import DRY_RUN, answer_dry_run, run_routes
from lsos.domains.measuring.service import Order
from lsos.domains.rank import queries, rules, service, views
from lsos.domains.rank.measurement import KIND
from lsos.domains.rank.schemas import (
    Duplicate,
    KeywordsCreate,
    KeywordsCreated,
    KeywordUpdate,
    KeywordView,
    RankRunAccepted,
    RankSchedule,
    SnapshotView,
    TrendView,
    VisibilityView,
)

Days = Annotated[int, QueryParameter(ge=1, le=366, description="Number of days, today included.")]
Tag = Annotated[
    str | None, QueryParameter(max_length=50, description="Only keywords with this tag.")
]
IsActive = Annotated[
    bool | None, QueryParameter(description="Only keywords that runs measure, or do not.")
]
Day = Annotated[date | None, QueryParameter(description="Only results of this day (UTC).")]


class RankController(Controller):
    path = "/rank"
    tags = ("rank",)

    @post(
        "/keywords",
        operation_id="createKeywords",
        opt=needs("rank:write"),
    )
    async def create(
        self,
        data: JSONBody[KeywordsCreate],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[KeywordsCreated]]:
        """Add up to 1,000 keywords to a campaign; duplicates are named, not refused."""
        created, duplicates = await service.create_keywords(session, principal, data)
        body = KeywordsCreated(
            created=[views.keyword_view(keyword) for keyword in created],
            duplicates=[Duplicate(index=i, keyword_id=known) for i, known in duplicates],
        )
        path = f"{settings.api_v1_prefix}/rank/keywords?campaign_id={data.campaign_id}"
        return Response(ok(body), headers={"Location": path})

    @get(
        "/keywords",
        operation_id="listKeywords",
        opt=needs("rank:read"),
    )
    async def list_keywords(
        self,
        campaign_id: FromQuery[UUID],
        session: inject.Session,
        principal: inject.Principal,
        tag: FromQuery[Tag] = None,
        is_active: IsActive = None,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[KeywordView]]:
        """List the keywords of a campaign in order of creation."""
        await campaign_queries.get_campaign(session, principal.tenant_id, campaign_id)
        after = decode_cursor(cursor)
        rows = await queries.list_keywords(
            session, campaign_id, tag=tag, is_active=is_active, after=after, limit=limit
        )
        page = page_of(rows, limit, lambda row: (row.created_at, row.id))
        items = [views.keyword_view(row) for row in page.items]
        return ok_page(Page(items=items, next_cursor=page.next_cursor, limit=page.limit))

    @patch(
        "/keywords/{keyword_id:uuid}",
        operation_id="updateKeyword",
        opt=needs("rank:write"),
    )
    async def update(
        self,
        keyword_id: FromPath[UUID],
        data: JSONBody[KeywordUpdate],
        session: inject.Session,
        principal: inject.Principal,
    ) -> Envelope[KeywordView]:
        """Change volume, tags or state of a keyword; another text or place is another keyword."""
        keyword = await service.update_keyword(session, principal, keyword_id, data)
        return ok(views.keyword_view(keyword))

    @delete(
        "/keywords/{keyword_id:uuid}",
        operation_id="deleteKeyword",
        opt=needs("rank:write"),
    )
    async def remove(
        self, keyword_id: FromPath[UUID], session: inject.Session, principal: inject.Principal
    ) -> None:
        """Delete a keyword with all its snapshots."""
        await service.remove_keyword(session, principal, keyword_id)

    @post(
        "/schedule",
        operation_id="scheduleRank",
        opt=needs("rank:write"),
        status_code=202,
        responses=failures(409) | DRY_RUN,
    )
    async def schedule(
        self,
        data: JSONBody[RankSchedule],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[RankRunAccepted]]:
        """Measure a campaign's active keywords once; answers of today are kept."""
        order = Order(KIND, data.campaign_id, KIND.source(settings))
        if data.dry_run:
            return await answer_dry_run(session, principal, order)
        run, _ = await measuring.order(session, principal, order)
        path = f"{settings.api_v1_prefix}/rank/runs/{run.id}"
        body = ok(RankRunAccepted(run_id=run.id, state="queued"))
        return Response(body, status_code=202, headers={"Location": path})

    @get(
        "/snapshots",
        operation_id="listRankSnapshots",
        opt=needs("rank:read"),
        responses=failures(404),
    )
    async def list_snapshots(
        self,
        session: inject.Session,
        principal: inject.Principal,
        campaign_id: FromQuery[UUID | None] = None,
        rank_run_id: FromQuery[UUID | None] = None,
        keyword_id: FromQuery[UUID | None] = None,
        day: Day = None,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[SnapshotView]]:
        """List results with their top 20, newest day first, of a campaign, a run or a keyword."""
        if campaign_id is None and rank_run_id is None and keyword_id is None:
            raise Invalid("name a campaign, a run or a keyword", field="campaign_id")
        run = None
        if rank_run_id is not None:
            run = await get_run(session, principal.tenant_id, rank_run_id, KIND.name)
        rows = await queries.list_snapshots(
            session,
            campaign_id=campaign_id,
            run=run,
            keyword_id=keyword_id,
            day=day,
            after=None if cursor is None else decode_key(cursor, tuple[date, UUID]),
            limit=limit,
        )
        page = page_of(rows, limit, lambda row: (row[0].day, row[0].keyword_id))
        items = [views.snapshot_view(row[0], row[1]) for row in page.items]
        return ok_page(Page(items=items, next_cursor=page.next_cursor, limit=page.limit))

    @get(
        "/trends",
        operation_id="listRankTrends",
        opt=needs("rank:read"),
    )
    async def list_trends(
        self,
        campaign_id: FromQuery[UUID],
        session: inject.Session,
        principal: inject.Principal,
        tag: FromQuery[Tag] = None,
        days: FromQuery[Days] = 30,
        cursor: inject.Cursor = None,
        limit: inject.Limit = DEFAULT_LIMIT,
    ) -> Envelope[list[TrendView]]:
        """List the keywords' positions by day, with changes between measured days."""
        await campaign_queries.get_campaign(session, principal.tenant_id, campaign_id)
        after = decode_cursor(cursor)
        rows = await queries.list_keywords(
            session, campaign_id, tag=tag, is_active=None, after=after, limit=limit
        )
        page = page_of(rows, limit, lambda row: (row.created_at, row.id))
        since = now().date() - timedelta(days=days - 1)
        points = await queries.list_points(session, [row.id for row in page.items], since)
        items = [views.trend_view(row, points[row.id]) for row in page.items]
        return ok_page(Page(items=items, next_cursor=page.next_cursor, limit=page.limit))

    @get(
        "/visibility",
        operation_id="getRankVisibility",
        opt=needs("rank:read"),
    )
    async def visibility(
        self,
        campaign_id: FromQuery[UUID],
        session: inject.Session,
        principal: inject.Principal,
        days: FromQuery[Days] = 30,
    ) -> Envelope[VisibilityView]:
        """Show visibility by day with its denominator; without errors and unmeasured keywords."""
        await campaign_queries.get_campaign(session, principal.tenant_id, campaign_id)
        since = now().date() - timedelta(days=days - 1)
        counted = await queries.count_days(session, campaign_id, since)
        return ok(
            VisibilityView(
                formula=rules.VISIBILITY,
                ctr_curve=rules.DEFAULT_CURVE,
                days=[views.visibility_day(day) for day in counted],
            )
        )


CONTROLLERS = (RankController, run_routes(KIND))
