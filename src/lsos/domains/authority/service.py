"""Use cases of authority: ask for a refresh, read a domain's links, store what was read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.core.errors import Conflict
from lsos.core.http.principal import Principal
from lsos.core.queue.jobs import enqueue
from lsos.domains.authority import queries, rules
from lsos.domains.authority.models import AuthorityRefresh, AuthoritySnapshot, Backlink
from lsos.domains.authority.provider import PAGE_SIZE, BacklinkProvider
from lsos.domains.authority.rules import DomainReading, RawLink
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.providers.base import BadResponse
from lsos.domains.providers.rules import MEASURED

_CHUNK = 500


async def request_refresh(
    session: AsyncSession, principal: Principal, campaign_id: UUID
) -> tuple[AuthorityRefresh, UUID]:
    """The queued refresh and its job."""
    campaign = await campaign_queries.get_locked_campaign(session, principal.tenant_id, campaign_id)
    if campaign.setup_state == "Archived":
        raise Conflict("an archived campaign is not measured", code="campaign_archived")
    if not rules.host_of(campaign.site_url):
        raise Conflict("the campaign has no site yet", field="site_url", code="site_url_missing")
    open_one = await queries.find_latest_refresh(session, campaign.id)
    if open_one is not None and open_one.state in rules.OPEN_STATES:
        raise Conflict(
            "its links are being read already",
            code="refresh_running",
            detail={"refresh_id": str(open_one.id)},
        )
    refresh = AuthorityRefresh(
        tenant_id=principal.tenant_id,
        id=new_id(),
        campaign_id=campaign.id,
        state="queued",
        counts={},
        requested_by=principal.user_id,
    )
    session.add(refresh)
    await session.flush()
    job_id = await enqueue(
        session,
        "authority.refresh",
        tenant_id=principal.tenant_id,
        campaign_id=campaign.id,
        refresh_id=refresh.id,
    )
    assert job_id is not None  # without a dedupe key
    return refresh, job_id


async def start(
    session: AsyncSession, tenant_id: UUID, refresh_id: UUID
) -> tuple[AuthorityRefresh, str, list[str], dict[str, str]] | None:
    """The running refresh, the own domain, those still to be read, and the states of those that
    are read; None when it has ended."""
    refresh = await queries.get_refresh(session, tenant_id, refresh_id)
    if refresh.state not in rules.OPEN_STATES:
        return None
    if refresh.state == "queued":
        refresh.state, refresh.started_at = "running", now()
    campaign = await campaign_queries.get_campaign(session, tenant_id, refresh.campaign_id)
    own = rules.host_of(campaign.site_url)
    rivals = await campaign_queries.list_competitors(
        session, campaign.id, None, queries.MAX_COMPETITORS
    )
    domains = list(dict.fromkeys([own, *(rival.domain for rival in rivals)]))
    done = await queries.measured_since(session, refresh, domains)
    await session.flush()
    return refresh, own, [domain for domain in domains if domain and domain not in done], done


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


async def store_reading(
    session: AsyncSession, refresh: AuthorityRefresh, reading: DomainReading, *, is_own: bool
) -> None:
    """The domain's counts of today, and its links; a failure never replaces what was measured."""
    at = now()
    owned = {"tenant_id": refresh.tenant_id, "campaign_id": refresh.campaign_id}
    values = {
        "is_own": is_own,
        "measured_at": at,
        "state": reading.state,
        "backlinks": reading.counts.backlinks,
        "referring_domains": reading.counts.referring_domains,
        "followed_domains": reading.counts.followed_domains,
        "source": reading.source,
        "error_code": reading.error_code,
    }
    statement = insert(AuthoritySnapshot).values(
        **owned, id=new_id(), domain=reading.domain, day=at.date(), **values
    )
    may_replace = AuthoritySnapshot.state.not_in(MEASURED)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "campaign_id", "domain", "day"],
            set_=values,
            where=or_(may_replace, statement.excluded.state.in_(MEASURED)),
        )
    )
    if is_own and reading.state in MEASURED:
        links = sorted({link.key: link for link in reading.links}.values(), key=lambda k: k.key)
        for start in range(0, len(links), _CHUNK):
            await _store_links(session, owned, links[start : start + _CHUNK], reading.source, at)
        if reading.is_complete:
            await session.execute(
                update(Backlink)
                .where(
                    Backlink.campaign_id == refresh.campaign_id,
                    Backlink.lost_at.is_(None),
                    Backlink.last_seen_at < at,
                )
                .values(lost_at=at)
            )


async def finish(
    session: AsyncSession,
    tenant_id: UUID,
    refresh_id: UUID,
    *,
    states: Mapping[str, int],
    reason_code: str | None,
) -> AuthorityRefresh | None:
    """Score the day and end the refresh; None when it had ended."""
    refresh = await queries.get_refresh(session, tenant_id, refresh_id)
    if refresh.state not in rules.OPEN_STATES:
        return None
    refresh.counts, refresh.reason_code, refresh.finished_at = dict(states), reason_code, now()
    measured = sum(count for state, count in states.items() if state in MEASURED)
    if not measured:
        refresh.state = "failed"
    else:
        is_whole = measured == sum(states.values())
        refresh.state = "completed" if is_whole else "completed_with_errors"
    await session.flush()
    summary = await queries.load_summary(session, tenant_id, refresh.campaign_id)
    if summary.own is not None and summary.own.day is not None:
        await session.execute(
            update(AuthoritySnapshot)
            .where(
                AuthoritySnapshot.campaign_id == refresh.campaign_id,
                AuthoritySnapshot.domain == summary.own.domain,
                AuthoritySnapshot.day == summary.own.day,
            )
            .values(score=summary.score)
        )
    return refresh


async def fail(session: AsyncSession, tenant_id: UUID, refresh_id: UUID, reason_code: str) -> None:
    """The job is dead: so is its refresh."""
    refresh = await session.get(AuthorityRefresh, (tenant_id, refresh_id), with_for_update=True)
    if refresh is not None and refresh.state in rules.OPEN_STATES:
        refresh.state, refresh.reason_code, refresh.finished_at = "failed", reason_code, now()


async def _store_links(
    session: AsyncSession,
    owned: dict[str, UUID],
    links: Sequence[RawLink],
    source: str,
    at: datetime,
) -> None:
    """Seen now, whatever the provider's own date: only so can a later reading miss it."""
    statement = insert(Backlink).values(
        [
            {
                **owned,
                "id": new_id(),
                "key": link.key,
                "source_url": link.source_url,
                "source_domain": link.source_domain,
                "target_url": link.target_url,
                "anchor": link.anchor,
                "is_followed": link.is_followed,
                "first_seen_at": min(link.first_seen_at or at, at),
                "last_seen_at": at,
                "lost_at": None,
                "source": source,
            }
            for link in links
        ]
    )
    told = ("anchor", "is_followed", "last_seen_at", "lost_at", "source")
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "campaign_id", "key"],
            set_={name: statement.excluded[name] for name in told},
        )
    )
