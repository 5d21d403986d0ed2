"""Use cases of reviews: read what a provider has, store what was read."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.domains.campaigns.rules import Listing
from lsos.domains.measuring.rules import Run
from lsos.domains.providers.base import BadResponse
from lsos.domains.providers.rules import MEASURED
from lsos.domains.reviews import rules
from lsos.domains.reviews.models import Review, ReviewReading
from lsos.domains.reviews.rules import RawReview, Reading, ReviewProvider

_CHUNK = 500


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
    if total and not found and state != "not_found":
        raise BadResponse(f"{provider.source}: it counts {total} reviews and lists none")
    # Providers stop listing before the end: then the count alone tells what was not read.
    is_all = total is None or len(found) >= total
    return Reading(
        state=state if found or state != "found" else "empty",
        source=provider.source,
        reviews=list(found.values()),
        is_complete=state != "not_found" and page.next_cursor is None and is_all,
        total=total,
        rating=rating,
    )


async def store_reading(
    session: AsyncSession, run: Run, location_id: UUID, reading: Reading, at: datetime
) -> None:
    """Store what was asked for at `at`: the reading, and each review once by its external id.

    A failure never replaces what was read on the same day.
    """
    owned = _owned(run, location_id)
    ordered = sorted(reading.reviews, key=lambda review: review.external_id)
    for start in range(0, len(ordered), _CHUNK):
        await _store(session, owned, ordered[start : start + _CHUNK], reading.source, at)
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


async def store_unmeasured(session: AsyncSession, run: Run, location_ids: Sequence[UUID]) -> None:
    """What the run has not come to, with its reason; a reading of the day stays as it is."""
    for start in range(0, len(location_ids), _CHUNK):
        rows = [
            {
                **_owned(run, location_id),
                "id": new_id(),
                "day": run.day,
                "measured_at": now(),
                "state": "unmeasured",
                "is_complete": False,
                "source": run.source,
                "error_code": run.reason_code,
            }
            for location_id in sorted(location_ids[start : start + _CHUNK])
        ]
        await session.execute(insert(ReviewReading).values(rows).on_conflict_do_nothing())


def _owned(run: Run, location_id: UUID) -> dict[str, UUID]:
    return {
        "tenant_id": run.tenant_id,
        "campaign_id": run.campaign_id,
        "location_id": location_id,
    }


async def _store(
    session: AsyncSession,
    owned: dict[str, UUID],
    told: Sequence[RawReview],
    source: str,
    at: datetime,
) -> None:
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


def _reaches(reviews: Sequence[RawReview], since: datetime) -> bool:
    return any(review.published_at < since for review in reviews)
