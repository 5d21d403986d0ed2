"""Profiles, NAP and reviews of the campaign's locations."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.domains.campaigns import nap
from lsos.domains.local import queries as local_queries
from lsos.domains.local.queries import Known
from lsos.domains.reports import facts, rules
from lsos.domains.reports.inputs.values import joined
from lsos.domains.reviews import queries as review_queries
from lsos.domains.reviews.queries import LocationFigures, ReviewFilter

SURFACES = ("structured_data", "visible_text", "profile")


async def local(
    session: AsyncSession, campaign_id: UUID, names: Mapping[UUID, str]
) -> facts.Local | None:
    """`names`: the campaign's locations."""
    ids = list(names)
    known = await local_queries.load_snapshots(session, ids)
    matches = await local_queries.load_matches(session, ids)
    measured = [k.measured for k in known.values() if k.measured is not None]
    cells = [cell for row in matches.values() for cell in row]
    times = [one.measured_at for one in measured] + [cell.measured_at for cell in cells]
    if not times:
        return None
    found = {(c.location_id, c.surface, c.field): c.match for c in cells}
    rows = [
        facts.NapRow(
            location=names[location_id],
            surface=surface,
            name=found.get((location_id, surface, "name")),
            address=found.get((location_id, surface, "address")),
            phone=found.get((location_id, surface, "phone")),
        )
        for location_id in ids
        for surface in SURFACES
        if any(key[:2] == (location_id, surface) for key in found)
    ]
    health = [_health(names[location_id], known[location_id]) for location_id in ids]
    return facts.Local(
        measured_at=max(times),
        # The texts of the site are our own crawl's; only profiles come from a provider.
        source=joined(one.source for one in measured),
        locations=sorted(health, key=_lowest_first)[: rules.MAX_LOCATIONS],
        locations_total=len(ids),
        scores=[one.health_score for one in measured if one.health_score is not None],
        nap=rows[: rules.MAX_NAP_ROWS],
        nap_total=len(rows),
        nap_agree=sum(match in nap.AGREEING for match in found.values()),
        nap_judged=sum(match != "review" for match in found.values()),
    )


def _lowest_first(health: facts.LocationHealth) -> tuple[bool, float, str]:
    """What needs attention first; without a score last."""
    return health.score is None, health.score or 0.0, health.location


def _health(name: str, known: Known) -> facts.LocationHealth:
    """By the newest measurement that had an answer; a failed one since then changes nothing."""
    measured = known.measured
    if measured is None:
        state = "unmeasured" if known.latest is None else known.latest.state
        return facts.LocationHealth(location=name, state=state, score=None)
    return facts.LocationHealth(
        location=name,
        state=measured.state,
        score=measured.health_score,
        parts=[
            facts.HealthPart(name=part.name, points=part.points, of=part.of)
            for part in local_queries.parts_of(measured.health)
        ],
    )


async def reviews(
    session: AsyncSession, campaign_id: UUID, names: Mapping[UUID, str], at: datetime
) -> facts.Reviews | None:
    """`names`: the campaign's locations."""
    known = await review_queries.load_figures(session, list(names), at)
    read = [k.reading for k in known.values() if k.reading is not None]
    if not read:
        return None
    newest = await review_queries.list_reviews(
        session, campaign_id, ReviewFilter(), None, rules.MAX_REVIEWS
    )
    return facts.Reviews(
        measured_at=max(reading.measured_at for reading in read),
        source=joined(reading.source for reading in read),
        locations=[
            _stats(name, known[location_id])
            for location_id, name in list(names.items())[: rules.MAX_LOCATIONS]
        ],
        locations_total=len(names),
        total=sum(k.figures.reviews for k in known.values()),
        qualities=_measured(k.figures.quality for k in known.values()),
        ratings=await review_queries.count_by_stars(session, campaign_id),
        newest=[
            facts.ReviewText(
                location=names.get(review.location_id, ""),
                author=review.author,
                rating=review.rating,
                text=review.text[: rules.MAX_STORED],
                published_at=review.published_at,
                is_answered=review.answered_at is not None or bool(review.answer),
            )
            for review in newest.items
        ],
    )


def _stats(name: str, known: LocationFigures) -> facts.ReviewStats:
    figures = known.figures
    reading = known.reading or known.latest
    return facts.ReviewStats(
        location=name,
        state="unmeasured" if reading is None else reading.state,
        rating=figures.rating_mean,
        reviews=figures.reviews,
        velocity=figures.velocity_per_month,
        responded=figures.responded,
        responded_of=figures.responded_of,
        quality=figures.quality,
    )


def _measured(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
