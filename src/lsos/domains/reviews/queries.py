"""Reads of reviews, of how far they were read, and of what they say of each location."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Row, Uuid, cast, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.http.paging import paginate
from lsos.core.http.schema import Page
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns.rules import MAX_LOCATIONS
from lsos.domains.providers.rules import MEASURED
from lsos.domains.reviews import rules
from lsos.domains.reviews.models import Review, ReviewReading
from lsos.domains.reviews.rules import Figures, Reach, Reviewed
from lsos.signals import Affected, Signal

_CHUNK = 500
_SAMPLE = 10


class ReviewFilter(NamedTuple):
    location_id: UUID | None = None
    min_rating: float | None = None
    max_rating: float | None = None
    is_answered: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


class LocationFigures(NamedTuple):
    figures: Figures
    reading: ReviewReading | None
    """The newest one with an answer."""
    latest: ReviewReading | None
    """The newest one, which may have failed."""


async def list_reviews(
    session: AsyncSession,
    campaign_id: UUID,
    wanted: ReviewFilter,
    cursor: str | None,
    limit: int,
) -> Page[Review]:
    """Newest first."""
    query = select(Review).where(Review.campaign_id == campaign_id)
    if wanted.location_id is not None:
        query = query.where(Review.location_id == wanted.location_id)
    if wanted.min_rating is not None:
        query = query.where(Review.rating >= wanted.min_rating)
    if wanted.max_rating is not None:
        query = query.where(Review.rating <= wanted.max_rating)
    if wanted.is_answered is not None:
        is_answered = Review.answered_at.is_not(None) | Review.answer.is_not(None)
        query = query.where(is_answered if wanted.is_answered else ~is_answered)
    if wanted.since is not None:
        query = query.where(Review.published_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Review.published_at < wanted.until)
    key = (Review.published_at.desc(), Review.id.desc())
    return await paginate(session, query, key, cursor, limit)


async def load_figures(
    session: AsyncSession, location_ids: Sequence[UUID], at: datetime
) -> dict[UUID, LocationFigures]:
    """What the stored reviews say of each location; one without any reading has null figures."""
    measured = await _newest_readings(session, location_ids, is_measured=True)
    latest = await _newest_readings(session, location_ids, is_measured=False)
    totals = {row.location_id: row for row in await _totals(session, location_ids)}
    reviewed = await _reviewed(session, location_ids, at)
    found = {}
    for location_id in location_ids:
        reading, stored = measured.get(location_id), totals.get(location_id)
        figures = Figures()
        if reading is not None and stored is not None:
            figures = rules.figures(
                reviewed[location_id],
                Reach(reading.is_complete, reading.oldest_at, reading.rating),
                at,
                total=stored.total,
                mean=stored.mean,
            )
        found[location_id] = LocationFigures(figures, reading, latest.get(location_id))
    return found


async def count_by_stars(session: AsyncSession, campaign_id: UUID) -> dict[str, int]:
    """Reviews on record by whole stars, "5" to "1"; a half counts to the stars above it."""
    stars = func.ceil(Review.rating)
    rows = await session.execute(
        select(stars, func.count()).where(Review.campaign_id == campaign_id).group_by(stars)
    )
    counts = {int(star): count for star, count in rows}
    return {str(star): counts.get(star, 0) for star in range(5, 0, -1)}


async def count_new(
    session: AsyncSession, campaign_id: UUID, since: datetime, location_id: UUID | None = None
) -> int:
    """Reviews that were first seen since then."""
    query = select(func.count()).where(
        Review.campaign_id == campaign_id, Review.first_seen_at >= since
    )
    if location_id is not None:
        query = query.where(Review.location_id == location_id)
    return await session.scalar(query) or 0


async def find_measured_at(session: AsyncSession, campaign_id: UUID) -> datetime | None:
    """When the location was asked for whose newest answer is the oldest: all are as new as that.

    Reviews are read by refreshes of their own, of one location too, and by those of profiles.
    """
    newest = (
        select(func.max(ReviewReading.measured_at).label("at"))
        .where(ReviewReading.campaign_id == campaign_id, ReviewReading.state.in_(MEASURED))
        .group_by(ReviewReading.location_id)
        .subquery()
    )
    oldest: datetime | None = await session.scalar(select(func.min(newest.c.at)))
    return oldest


async def find_quality(session: AsyncSession, campaign_id: UUID) -> float | None:
    """Mean quality of the campaign's locations that have one."""
    found: list[float] = []
    listings = await campaign_queries.list_listings(session, campaign_id, None, MAX_LOCATIONS)
    for start in range(0, len(listings), _CHUNK):
        ids = [listing.id for listing in listings[start : start + _CHUNK]]
        for known in (await load_figures(session, ids, now())).values():
            if known.figures.quality is not None:
                found.append(known.figures.quality)
    return round(sum(found) / len(found), 2) if found else None


async def signals(session: AsyncSession, campaign_id: UUID) -> list[Signal]:
    """From the newest readings; empty when nothing was read."""
    listings = await campaign_queries.list_listings(session, campaign_id, None, MAX_LOCATIONS)
    names = {listing.id: listing.name for listing in listings}
    ids, at = list(names), now()
    known: dict[UUID, LocationFigures] = {}
    for start in range(0, len(ids), _CHUNK):
        known |= await load_figures(session, ids[start : start + _CHUNK], at)
    read = {i: f for i, f in known.items() if f.reading is not None and f.figures.reviews}
    if not read:
        return []
    affected: dict[str, list[UUID]] = {
        kind.code: [i for i, f in read.items() if _is_affected(kind.code, f.figures, at)]
        for kind in rules.SIGNALS
    }
    readings = {i: f.reading for i, f in read.items() if f.reading is not None}
    return [
        Signal(
            code=kind.code,
            room=kind.room,
            severity=kind.severity,
            affected=Affected(
                count=len(affected[kind.code]),
                of=len(read),
                sample=[names[i] for i in affected[kind.code][:_SAMPLE]],
                unit="locations",
            ),
            measured_share=len(read) / len(ids),
            facts=_facts(kind.code, [read[i].figures for i in affected[kind.code]]),
            measured_at=min(readings[i].measured_at for i in affected[kind.code]),
            source=next(iter(readings.values())).source,
        )
        for kind in rules.SIGNALS
        if affected[kind.code]
    ]


def _is_affected(code: str, figures: Figures, at: datetime) -> bool:
    if code == "reviews_stale":
        newest_at = figures.newest_at
        return newest_at is not None and at - newest_at > timedelta(days=rules.STALE_DAYS)
    if code == "review_rating_low":
        return figures.rating_mean is not None and figures.rating_mean < rules.LOW_RATING
    if code == "reviews_unanswered":
        share = figures.responded_share
        return share is not None and share < 100 * rules.LOW_RESPONDED_SHARE
    since = at - timedelta(days=rules.BURST_SIGNAL_DAYS)
    return any(burst.to_at >= since for burst in figures.bursts or ())


def _facts(code: str, affected: Sequence[Figures]) -> dict[str, object]:
    """The worst figure among the affected locations."""
    if code == "reviews_stale":
        return {"newest_at": min(f.newest_at for f in affected if f.newest_at).isoformat()}
    if code == "review_rating_low":
        return {"lowest_rating": min(f.rating_mean for f in affected if f.rating_mean is not None)}
    if code == "reviews_unanswered":
        return {
            "responded": sum(f.responded or 0 for f in affected),
            "responded_of": sum(f.responded_of or 0 for f in affected),
        }
    return {"largest_week": max(burst.count for f in affected for burst in f.bursts or ())}


async def _newest_readings(
    session: AsyncSession, location_ids: Sequence[UUID], *, is_measured: bool
) -> dict[UUID, ReviewReading]:
    query = (
        select(ReviewReading)
        .where(ReviewReading.location_id.in_(location_ids))
        .ext(distinct_on(ReviewReading.location_id))
        .order_by(ReviewReading.location_id, ReviewReading.day.desc())
    )
    if is_measured:
        query = query.where(ReviewReading.state.in_(MEASURED))
    return {reading.location_id: reading for reading in await session.scalars(query)}


async def _totals(
    session: AsyncSession, location_ids: Sequence[UUID]
) -> Sequence[Row[UUID, int, float]]:
    query = (
        select(
            Review.location_id, func.count().label("total"), func.avg(Review.rating).label("mean")
        )
        .where(Review.location_id.in_(location_ids))
        .group_by(Review.location_id)
    )
    return (await session.execute(query)).all()


async def _reviewed(
    session: AsyncSession, location_ids: Sequence[UUID], at: datetime
) -> dict[UUID, list[Reviewed]]:
    """Those that the windows can hold, and at least the 10 newest of each location."""
    since = at - timedelta(days=rules.READ_BACK_DAYS)
    columns = (
        Review.location_id,
        Review.published_at,
        Review.rating,
        Review.answered_at,
        Review.answer,
    )
    found: dict[UUID, list[Reviewed]] = defaultdict(list)
    within = select(*columns).where(
        Review.location_id.in_(location_ids), Review.published_at > since
    )
    for row in await session.execute(within):
        found[row.location_id].append(_reviewed_of(row))
    few = [i for i in location_ids if len(found[i]) < rules.FRESHNESS_REVIEWS]
    if not few:
        return found
    wanted = func.unnest(cast(few, ARRAY(Uuid))).table_valued("id").render_derived("wanted")
    older = (
        select(*columns)
        .where(Review.location_id == wanted.c.id, Review.published_at <= since)
        .order_by(Review.published_at.desc())
        .limit(rules.FRESHNESS_REVIEWS)
        .lateral("older")
    )
    for row in await session.execute(select(older).select_from(wanted).join(older, true())):
        found[row.location_id].append(_reviewed_of(row))
    return found


def _reviewed_of(row: Row[UUID, datetime, float, datetime | None, str | None]) -> Reviewed:
    is_answered = row.answered_at is not None or bool(row.answer)
    return Reviewed(row.published_at, row.rating, is_answered)
