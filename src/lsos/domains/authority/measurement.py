"""What makes links a kind of measurement: the campaign's own domain, then its competitors'."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.errors import Conflict
from lsos.core.queue.work import Work
from lsos.core.settings.settings import Settings
from lsos.domains.authority import queries, rules, store
from lsos.domains.authority.factory import backlink_provider
from lsos.domains.authority.provider import PAGE_SIZE, BacklinkProvider
from lsos.domains.authority.rules import DomainReading
from lsos.domains.measuring.kind import Kind, Outcome
from lsos.domains.measuring.rules import Price, Run
from lsos.domains.providers.base import BadResponse

OWN, RIVAL = "0", "1"


class DomainUnit(msgspec.Struct, frozen=True):
    domain: str
    is_own: bool

    @property
    def key(self) -> str:
        """The own domain is before its competitors."""
        return f"{OWN if self.is_own else RIVAL}:{self.domain}"


class AuthorityKind(Kind[DomainUnit, DomainReading, BacklinkProvider]):
    name = queries.KIND_NAME
    about = "backlinks of the site, and link counts of its competitors"
    task = "authority.refresh"
    unit_s = 480.0

    def source(self, settings: Settings) -> str:
        return settings.authority_provider_backend

    def provider(self, work: Work) -> BacklinkProvider:
        return work.resources.get(backlink_provider)

    def batch_size(self, provider: BacklinkProvider) -> int:
        # One domain may have 20,000 links: they are stored before others are read.
        return self.concurrency

    async def refuse(self, session: AsyncSession, run: Run) -> None:
        own, *_ = await queries.list_domains(session, run.tenant_id, run.campaign_id)
        if not own:
            raise Conflict(
                "the campaign has no site yet", field="site_url", code="site_url_missing"
            )

    def under_way(self, run: Run) -> Conflict:
        return Conflict(
            "its links are being read already",
            code="refresh_running",
            detail={"refresh_id": str(run.id)},
        )

    async def count(self, session: AsyncSession, run: Run) -> int:
        return len(await self._all(session, run))

    async def units(
        self, session: AsyncSession, run: Run, after: str | None, limit: int
    ) -> Sequence[DomainUnit]:
        found = await self._all(session, run)
        return [unit for unit in found if after is None or unit.key > after][:limit]

    async def _all(self, session: AsyncSession, run: Run) -> list[DomainUnit]:
        own, *rivals = await queries.list_domains(session, run.tenant_id, run.campaign_id)
        units = [DomainUnit(own, is_own=True), *(DomainUnit(r, is_own=False) for r in rivals)]
        return [unit for unit in units if unit.domain]

    def key(self, unit: DomainUnit) -> str:
        return unit.key

    def price(self, unit: DomainUnit, source: str) -> Price:
        return Price(1, rules.MAX_LINKS // PAGE_SIZE if unit.is_own else 1)

    async def ask(
        self, provider: BacklinkProvider, unit: DomainUnit, *, tenant_id: UUID
    ) -> DomainReading:
        return await read(provider, unit.domain, is_own=unit.is_own, tenant_id=tenant_id)

    async def store(
        self,
        session: AsyncSession,
        run: Run,
        outcomes: Sequence[Outcome[DomainUnit, DomainReading]],
    ) -> None:
        for outcome in sorted(outcomes, key=lambda outcome: outcome.key):
            unit = outcome.unit
            reading = outcome.answer or DomainReading(
                domain=unit.domain, state="error", source=run.source, error_code=outcome.error_code
            )
            await store.store_reading(session, run, reading, outcome.asked_at, is_own=unit.is_own)

    async def store_unmeasured(self, session: AsyncSession, run: Run) -> None:
        units = await self._all(session, run)
        await store.store_unmeasured(session, run, {unit.domain: unit.is_own for unit in units})

    async def finish(self, session: AsyncSession, run: Run) -> Mapping[str, object]:
        await store.score_day(session, run)
        return {}


async def read(
    provider: BacklinkProvider, domain: str, *, is_own: bool, tenant_id: UUID
) -> DomainReading:
    """Counts of a domain, and of the own one its links; raises ProviderError."""
    page = await provider.fetch(domain, None, PAGE_SIZE if is_own else 1, tenant_id=tenant_id)
    first, links = page, list(page.links)
    seen: set[str] = set()
    while is_own and page.next_cursor is not None and len(links) < rules.MAX_LINKS:
        if page.next_cursor in seen:
            raise BadResponse(f"{provider.source}: its cursor goes in circles")
        seen.add(page.next_cursor)
        page = await provider.fetch(domain, page.next_cursor, PAGE_SIZE, tenant_id=tenant_id)
        links += page.links
    is_read = len({link.key for link in links}) >= (first.counts.backlinks or 0)
    return DomainReading(
        domain=domain,
        state=first.state,
        source=provider.source,
        counts=first.counts,
        links=links if is_own else [],
        # A list that ends before the provider's own count is no proof that a link is gone.
        is_complete=is_own and first.state != "not_found" and page.next_cursor is None and is_read,
    )


KIND = AuthorityKind()
