"""Writes link counts and links; a failure never replaces what was measured."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.domains.authority import queries
from lsos.domains.authority.models import AuthoritySnapshot, Backlink
from lsos.domains.authority.rules import DomainReading, RawLink
from lsos.domains.measuring.rules import Run
from lsos.domains.providers.rules import MEASURED

_CHUNK = 500


async def store_reading(
    session: AsyncSession, run: Run, reading: DomainReading, at: datetime, *, is_own: bool
) -> None:
    """The domain's counts of the day, and its links; a failure never replaces what was measured.

    `at`: when the domain was asked for.
    """
    owned = {"tenant_id": run.tenant_id, "campaign_id": run.campaign_id}
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
                    Backlink.campaign_id == run.campaign_id,
                    Backlink.lost_at.is_(None),
                    Backlink.last_seen_at < at,
                )
                .values(lost_at=at)
            )


async def store_unmeasured(session: AsyncSession, run: Run, domains: Mapping[str, bool]) -> None:
    """What the run has not come to, with its reason; an outcome of the day stays as it is.

    `domains`: whether each is the own one.
    """
    rows = [
        {
            "tenant_id": run.tenant_id,
            "campaign_id": run.campaign_id,
            "id": new_id(),
            "domain": domain,
            "is_own": is_own,
            "day": run.day,
            "measured_at": now(),
            "state": "unmeasured",
            "source": run.source,
            "error_code": run.reason_code,
        }
        for domain, is_own in sorted(domains.items())
    ]
    if rows:
        await session.execute(insert(AuthoritySnapshot).values(rows).on_conflict_do_nothing())


async def score_day(session: AsyncSession, run: Run) -> None:
    """Keep the score with the own domain's counts that it is of."""
    summary = await queries.load_summary(session, run.tenant_id, run.campaign_id)
    if summary.own is not None and summary.own.day is not None:
        await session.execute(
            update(AuthoritySnapshot)
            .where(
                AuthoritySnapshot.campaign_id == run.campaign_id,
                AuthoritySnapshot.domain == summary.own.domain,
                AuthoritySnapshot.day == summary.own.day,
            )
            .values(score=summary.score)
        )


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
