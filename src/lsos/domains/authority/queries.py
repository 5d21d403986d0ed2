"""Reads of backlinks and of the link counts of a campaign and its competitors."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.http.paging import paginate
from lsos.core.http.schema import Page
from lsos.domains.authority import rules
from lsos.domains.authority.models import AuthoritySnapshot, Backlink
from lsos.domains.authority.schemas import AuthoritySummary, DomainView, LinkLives
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.measuring import queries as measuring
from lsos.domains.measuring.bodies import measurement_view
from lsos.domains.providers.rules import MEASURED
from lsos.signals import Affected, Signal

KIND_NAME = "authority"
MAX_COMPETITORS = 200
_SAMPLE = 10


class LinkFilter(NamedTuple):
    life: rules.LinkLife | None = None
    is_followed: bool | None = None
    source_domain: str | None = None


async def list_backlinks(
    session: AsyncSession,
    campaign_id: UUID,
    wanted: LinkFilter,
    cursor: str | None,
    limit: int,
) -> Page[Backlink]:
    """Newest first."""
    query = select(Backlink).where(Backlink.campaign_id == campaign_id)
    if wanted.life is not None:
        is_live = Backlink.lost_at.is_(None)
        query = query.where(is_live if wanted.life == "live" else ~is_live)
    if wanted.is_followed is not None:
        query = query.where(Backlink.is_followed == wanted.is_followed)
    if wanted.source_domain is not None:
        query = query.where(Backlink.source_domain == wanted.source_domain.lower())
    key = (Backlink.first_seen_at.desc(), Backlink.id.desc())
    return await paginate(session, query, key, cursor, limit)


async def load_summary(
    session: AsyncSession, tenant_id: UUID, campaign_id: UUID
) -> AuthoritySummary:
    """Own and competitors' newest counts; NotFound for a campaign that can't be seen."""
    campaign = await campaign_queries.get_campaign(session, tenant_id, campaign_id)
    own_domain = rules.host_of(campaign.site_url)
    listed = await campaign_queries.list_competitors(session, campaign_id, None, MAX_COMPETITORS)
    rivals = [rival.domain for rival in listed[:MAX_COMPETITORS] if rival.domain != own_domain]
    domains = [*([own_domain] if own_domain else []), *rivals]
    measured = await _newest(session, campaign_id, domains, is_measured=True)
    latest = await _newest(session, campaign_id, domains, is_measured=False)
    views = [
        _domain_view(domain, domain == own_domain, measured.get(domain), latest.get(domain))
        for domain in domains
    ]
    own = views[0] if own_domain and own_domain in latest else None
    counts = [view.followed_domains for view in views if not view.is_own]
    known = [count for count in counts if count is not None]
    score = rules.score(own.followed_domains if own else None, counts)
    refresh = await measuring.find_latest_run(session, campaign_id, KIND_NAME)
    return AuthoritySummary(
        score=None if score is None else round(score, 2),
        score_of=max(known, default=None),
        competitors_measured=len(known),
        competitors=len(rivals),
        own=own,
        others=[view for view in views if not view.is_own],
        links=await _lives(session, campaign_id),
        latest_refresh=None if refresh is None else measurement_view(refresh),
    )


async def list_domains(session: AsyncSession, tenant_id: UUID, campaign_id: UUID) -> list[str]:
    """Host of the campaign's site, "" without one, and those of its competitors, by name."""
    campaign = await campaign_queries.get_campaign(session, tenant_id, campaign_id)
    own = rules.host_of(campaign.site_url)
    listed = await campaign_queries.list_competitors(session, campaign_id, None, MAX_COMPETITORS)
    rivals = {rival.domain for rival in listed[:MAX_COMPETITORS]}
    return [own, *sorted(rivals - {own})]


async def find_measured_at(session: AsyncSession, campaign_id: UUID) -> datetime | None:
    """When the domain was asked for whose newest answer is the oldest: all are as new as that."""
    run = await measuring.find_latest_run(session, campaign_id, KIND_NAME)
    if run is None:
        return None
    domains = await list_domains(session, run.tenant_id, campaign_id)
    newest = await _newest(session, campaign_id, domains, is_measured=True)
    return min((row.measured_at for row in newest.values()), default=None)


async def find_score(session: AsyncSession, campaign_id: UUID) -> float | None:
    """Of the newest refresh that has one."""
    query = (
        select(AuthoritySnapshot.score)
        .where(
            AuthoritySnapshot.campaign_id == campaign_id,
            AuthoritySnapshot.is_own,
            AuthoritySnapshot.state.in_(MEASURED),
        )
        .order_by(AuthoritySnapshot.day.desc())
        .limit(1)
    )
    return await session.scalar(query)


async def signals(session: AsyncSession, campaign_id: UUID) -> list[Signal]:
    """From the newest measurements; empty when nothing was measured."""
    refresh = await measuring.find_latest_run(session, campaign_id, KIND_NAME)
    if refresh is None:
        return []
    summary = await load_summary(session, refresh.tenant_id, campaign_id)
    if summary.own is None or summary.own.measured_at is None:
        return []
    found = []
    for kind in rules.SIGNALS:
        facts: dict[str, object]
        if kind.code == "authority_low":
            if summary.score is None or summary.score >= rules.LOW_SCORE:
                continue
            affected = Affected(count=0, of=0)
            share = summary.competitors_measured / max(1, summary.competitors)
            facts = {
                "score": summary.score,
                "followed_domains": summary.own.followed_domains,
                "strongest_competitor": summary.score_of,
            }
        else:
            links = summary.links
            if not links.lost:
                continue
            sample = await _lost_domains(session, campaign_id)
            affected = Affected(
                count=links.lost, of=links.live + links.lost, sample=sample, unit="links"
            )
            share = 1.0
            facts = {"lost": links.lost, "window_days": links.window_days}
        found.append(
            Signal(
                code=kind.code,
                room=kind.room,
                severity=kind.severity,
                affected=affected,
                measured_share=share,
                facts=facts,
                measured_at=summary.own.measured_at,
                source=summary.own.source or "",
            )
        )
    return found


async def _newest(
    session: AsyncSession, campaign_id: UUID, domains: Sequence[str], *, is_measured: bool
) -> dict[str, AuthoritySnapshot]:
    query = (
        select(AuthoritySnapshot)
        .where(AuthoritySnapshot.campaign_id == campaign_id, AuthoritySnapshot.domain.in_(domains))
        .ext(distinct_on(AuthoritySnapshot.domain))
        .order_by(AuthoritySnapshot.domain, AuthoritySnapshot.day.desc())
    )
    if is_measured:
        query = query.where(AuthoritySnapshot.state.in_(MEASURED))
    return {row.domain: row for row in await session.scalars(query)}


def _domain_view(
    domain: str,
    is_own: bool,
    measured: AuthoritySnapshot | None,
    latest: AuthoritySnapshot | None,
) -> DomainView:
    return DomainView(
        domain=domain,
        is_own=is_own,
        state=latest.state if latest else "unmeasured",
        error_code=latest.error_code if latest else None,
        day=measured.day if measured else None,
        measured_at=measured.measured_at if measured else None,
        backlinks=measured.backlinks if measured else None,
        referring_domains=measured.referring_domains if measured else None,
        followed_domains=measured.followed_domains if measured else None,
        source=measured.source if measured else None,
    )


async def _lives(session: AsyncSession, campaign_id: UUID) -> LinkLives:
    since = now() - timedelta(days=rules.RECENT_DAYS)
    is_live = Backlink.lost_at.is_(None)
    row = (
        await session.execute(
            select(
                func.count().filter(is_live),
                func.count().filter(is_live, Backlink.is_followed),
                func.count().filter(is_live, Backlink.first_seen_at >= since),
                func.count().filter(Backlink.lost_at >= since),
            ).where(Backlink.campaign_id == campaign_id)
        )
    ).one()
    return LinkLives(
        live=row[0], followed=row[1], new=row[2], lost=row[3], window_days=rules.RECENT_DAYS
    )


async def _lost_domains(session: AsyncSession, campaign_id: UUID) -> list[str]:
    since = now() - timedelta(days=rules.RECENT_DAYS)
    rows = await session.scalars(
        select(Backlink.source_domain)
        .where(Backlink.campaign_id == campaign_id, Backlink.lost_at >= since)
        .distinct()
        .order_by(Backlink.source_domain)
        .limit(_SAMPLE)
    )
    return list(rows)
