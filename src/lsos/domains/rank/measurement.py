"""What makes ranks a kind of measurement: active keywords without an answer of the day."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.errors import Conflict
from lsos.core.queue.work import Work
from lsos.core.settings.settings import Settings
from lsos.domains.measuring.kind import Kind
from lsos.domains.measuring.kind import Outcome as Measured
from lsos.domains.measuring.rules import Price, Run
from lsos.domains.rank import queries, store, units
from lsos.domains.rank.providers.base import RankProvider
from lsos.domains.rank.providers.factory import rank_provider
from lsos.domains.rank.rules import BusinessIdentity, RankQuery, RankResult, judge

NO_KEYWORDS = "no_keywords"


class RankUnit(msgspec.Struct, frozen=True):
    """One keyword, and by what its campaign knows itself in results."""

    keyword_id: UUID
    query: RankQuery
    own: BusinessIdentity


class RankKind(Kind[RankUnit, RankResult, RankProvider]):
    name = "rank"
    about = "organic and local-pack positions of keywords"
    task = "rank.measure"
    baseline_step = "rank"
    nothing = NO_KEYWORDS
    concurrency = 8
    unit_s = 30.0
    patience = timedelta(hours=2)

    def source(self, settings: Settings) -> str:
        return settings.rank_provider_backend

    def provider(self, work: Work) -> RankProvider:
        return work.resources.get(rank_provider)

    def batch_size(self, provider: RankProvider) -> int:
        return provider.batch_size

    async def refuse(self, session: AsyncSession, run: Run) -> None:
        if not await self.count(session, run):
            raise Conflict(
                "this campaign has no active keywords; add some: POST /rank/keywords",
                code=NO_KEYWORDS,
            )

    async def count(self, session: AsyncSession, run: Run) -> int:
        return await queries.count_keywords(session, run.campaign_id, active_only=True)

    async def kept(self, session: AsyncSession, run: Run) -> int:
        return await units.count_answered(session, run.campaign_id, run.day)

    async def units(
        self, session: AsyncSession, run: Run, after: str | None, limit: int
    ) -> Sequence[RankUnit]:
        last = None if after is None else UUID(after)
        keywords = await units.list_unanswered(session, run.campaign_id, run.day, last, limit)
        if not keywords:
            return []
        own = await queries.load_own(session, run.tenant_id, run.campaign_id)
        return [RankUnit(row.id, units.query_of(row, run.day), own) for row in keywords]

    def key(self, unit: RankUnit) -> str:
        return str(unit.keyword_id)

    def price(self, unit: RankUnit, source: str) -> Price:
        if source != "serpapi":
            return Price()
        # A second page where the first shows no own result; the map around a point is its own.
        maps = int(unit.query.latitude is not None)
        return Price(1 + maps, 2 + maps)

    async def ask(self, provider: RankProvider, unit: RankUnit, *, tenant_id: UUID) -> RankResult:
        page = await provider.fetch(unit.query, unit.own, tenant_id=tenant_id)
        return judge(page, unit.own)

    async def store(
        self, session: AsyncSession, run: Run, outcomes: Sequence[Measured[RankUnit, RankResult]]
    ) -> None:
        made = [
            store.Outcome(
                outcome.unit.keyword_id,
                outcome.asked_at,
                outcome.answer
                or RankResult(state="error", pack_state="error", error_code=outcome.error_code),
            )
            for outcome in outcomes
        ]
        await store.store(session, run, made)

    async def store_unmeasured(self, session: AsyncSession, run: Run) -> None:
        await store.store_unmeasured(session, run)


KIND = RankKind()
