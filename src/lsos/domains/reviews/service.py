"""Use cases of reviews: ask for a refresh, read what a provider has, store what was read."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.core.errors import Conflict
from lsos.core.http.principal import Principal
from lsos.core.queue.jobs import enqueue
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns.rules import Listing
from lsos.domains.providers.base import (
    PROVIDER_ERRORS,
    BadResponse,
    Busy,
    ProviderError,
    ends_run,
)
from lsos.domains.providers.rules import MEASURED
from lsos.domains.reviews import rules
from lsos.domains.reviews.models import Review, ReviewReading
from lsos.domains.reviews.rules import RawReview, Reading, ReviewProvider
from lsos.domains.reviews.schemas import ReviewsRefresh

CONCURRENCY = 4
_CHUNK = 500


class Batch(NamedTuple):
    """What reading several locations came to."""

    readings: dict[UUID, Reading]
    wait_s: float | None
    """Nobody was asked for the others; so long from now they may be."""
    ended_by: ProviderError | None
    """The credential is refused, or its quota spent: no other location can be read."""


async def request_refresh(
    session: AsyncSession, principal: Principal, body: ReviewsRefresh
) -> UUID:
    """The id of the job that reads all locations, or one."""
    campaign = await campaign_queries.get_campaign(session, principal.tenant_id, body.campaign_id)
    if campaign.setup_state == "Archived":
        raise Conflict("an archived campaign is not measured", code="campaign_archived")
    if body.location_id is not None:
        await campaign_queries.get_listing(session, campaign.id, body.location_id)
    job_id = await enqueue(
        session,
        "reviews.refresh",
        tenant_id=principal.tenant_id,
        campaign_id=campaign.id,
        dedupe_key=str(body.location_id or campaign.id),
        requested_at=now().isoformat(),
        location_id=body.location_id,
    )
    if job_id is None:
        raise Conflict("its reviews are being read already", code="refresh_running")
    return job_id


async def read_batch(
    provider: ReviewProvider, listings: Sequence[Listing], *, tenant_id: UUID, waits: bool = True
) -> Batch:
    """Read several locations at once; a failure of one is its own reading's state.

    Without `waits`, a provider that asks for a pause is an error like any other.
    """
    gate = asyncio.Semaphore(CONCURRENCY)
    readings: dict[UUID, Reading] = {}
    pauses: list[float] = []
    ends: list[ProviderError] = []

    async def one(listing: Listing) -> None:
        async with gate:
            if ends:
                return
            try:
                readings[listing.id] = await read(provider, listing, tenant_id=tenant_id)
            except Busy as error:
                if waits:
                    pauses.append(error.wait_s)
                else:
                    readings[listing.id] = failed(provider, error)
            except PROVIDER_ERRORS as error:
                readings[listing.id] = failed(provider, error)
                if ends_run(error):
                    ends.append(error)

    async with asyncio.TaskGroup() as group:
        for listing in listings:
            group.create_task(one(listing))
    return Batch(readings, max(pauses, default=None), ends[0] if ends else None)


async def read(provider: ReviewProvider, listing: Listing, *, tenant_id: UUID) -> Reading:
    """A location's reviews, newest first, to the end or as far back as any formula looks.

    Raises ProviderError; what was read before it is dropped, so that nothing is stored by half.
    """
    since = now() - timedelta(days=rules.READ_BACK_DAYS)
    page = await provider.fetch(listing, None, tenant_id=tenant_id)
    state, total, rating = page.state, page.total, page.rating
    found = {review.external_id: review for review in page.reviews}
    seen: set[str] = set()
    for _ in range(rules.MAX_PAGES - 1):
        cursor = page.next_cursor
        if cursor is None or _reaches(page.reviews, since):
            break
        if cursor in seen:
            raise BadResponse(f"{provider.source}: its cursor goes in circles")
        seen.add(cursor)
        page = await provider.fetch(listing, cursor, tenant_id=tenant_id)
        # A review that moves to the next page while pages are read is told twice.
        found |= {review.external_id: review for review in page.reviews}
    return Reading(
        state=state if found or state != "found" else "empty",
        source=provider.source,
        reviews=list(found.values()),
        is_complete=state != "not_found" and page.next_cursor is None,
        total=total,
        rating=rating,
    )


def failed(provider: ReviewProvider, error: ProviderError) -> Reading:
    return Reading(state="error", source=provider.source, error_code=error.code)


async def store_reading(
    session: AsyncSession,
    *,
    tenant_id: UUID,
    campaign_id: UUID,
    location_id: UUID,
    reading: Reading,
) -> int:
    """Store a reading and its reviews, each once by its external id; the number of new ones.

    A failure never replaces what was read on the same day.
    """
    at = now()
    owned = {"tenant_id": tenant_id, "campaign_id": campaign_id, "location_id": location_id}
    new = 0
    ordered = sorted(reading.reviews, key=lambda review: review.external_id)
    for start in range(0, len(ordered), _CHUNK):
        new += await _store(session, owned, ordered[start : start + _CHUNK], reading.source, at)
    values = {
        "measured_at": at,
        "state": reading.state,
        "is_complete": reading.is_complete,
        "oldest_at": reading.oldest_at,
        "total": reading.total,
        "rating": reading.rating,
        "source": reading.source,
        "error_code": reading.error_code,
    }
    statement = insert(ReviewReading).values(**owned, id=new_id(), day=at.date(), **values)
    may_replace = ReviewReading.state.not_in(MEASURED)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "location_id", "day"],
            set_=values,
            where=or_(may_replace, statement.excluded.state.in_(MEASURED)),
        )
    )
    return new


async def _store(
    session: AsyncSession,
    owned: dict[str, UUID],
    told: Sequence[RawReview],
    source: str,
    at: datetime,
) -> int:
    rows = await session.execute(
        select(
            Review.external_id, Review.text, Review.rating, Review.edited_at, Review.answered_at
        ).where(
            Review.location_id == owned["location_id"],
            Review.external_id.in_([review.external_id for review in told]),
        )
    )
    known = {row.external_id: row for row in rows}
    values = []
    for review in told:
        stored = known.get(review.external_id)
        if stored is not None and rules.is_outdated(stored.edited_at, review):
            continue
        edited_at = review.edited_at
        if stored is not None and edited_at is None:
            is_changed = (stored.text, stored.rating) != (review.text, review.rating)
            edited_at = at if is_changed else stored.edited_at
        values.append(
            {
                **owned,
                "id": new_id(),
                "external_id": review.external_id,
                "author": review.author,
                "rating": review.rating,
                "text": review.text,
                "published_at": review.published_at,
                "edited_at": edited_at,
                "answered_at": review.answered_at,
                "answer": review.answer,
                "source": source,
                "first_seen_at": at,
                "last_seen_at": at,
            }
        )
    if values:
        statement = insert(Review).values(values)
        kept = ("id", "tenant_id", "campaign_id", "location_id", "external_id", "first_seen_at")
        changed = {name: statement.excluded[name] for name in values[0] if name not in kept}
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "location_id", "external_id"], set_=changed
            )
        )
    return len(values) - len(known.keys() & {v["external_id"] for v in values})


def _reaches(reviews: Sequence[RawReview], since: datetime) -> bool:
    return any(review.published_at < since for review in reviews)
