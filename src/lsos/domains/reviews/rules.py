"""What reviews say of a location: velocity, rating, answers, freshness, quality and bursts.

The formulas stand in Docs/formulas.md. Null means that not enough was read.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple, Protocol
from uuid import UUID

import msgspec

from lsos.domains.campaigns.rules import Listing
from lsos.domains.providers.rules import MeasurementState
from lsos.signals import SignalKind

FORMULA = "lsos-reviews-v1"

VELOCITY_DAYS = 90
RESPONSE_DAYS = 365
FRESHNESS_HALF_LIFE_DAYS = 90.0
FRESHNESS_REVIEWS = 10
BURST_DAYS = 7
BURST_LEAST = 5
READ_BACK_DAYS = 470
"""How far a reading goes: a year, and the 97 days that judge a burst at its beginning."""
MAX_PAGES = 50
RATING_SCORES = ((3.0, 0.0), (3.5, 50.0), (4.0, 80.0), (4.5, 95.0), (5.0, 100.0))

STALE_DAYS = 90
LOW_RATING = 4.0
LOW_RESPONDED_SHARE = 0.5
BURST_SIGNAL_DAYS = 30

SIGNALS: tuple[SignalKind, ...] = (
    SignalKind("reviews_stale", "reviews", "medium", "No review for 90 days"),
    SignalKind("review_rating_low", "reviews", "high", "The mean rating is under 4.0"),
    SignalKind(
        "reviews_unanswered",
        "reviews",
        "medium",
        "Under half of the reviews of the last year are answered",
    ),
    SignalKind(
        "review_burst", "reviews", "low", "Far more reviews in a week than the weeks before"
    ),
)


class RawReview(msgspec.Struct, frozen=True, kw_only=True):
    """A review as a provider tells it."""

    external_id: str
    author: str
    rating: float
    text: str
    published_at: datetime
    edited_at: datetime | None = None
    answered_at: datetime | None = None
    answer: str | None = None


class ReviewPage(msgspec.Struct, frozen=True):
    """Newest first."""

    state: Literal["found", "not_found", "empty"]
    reviews: list[RawReview]
    next_cursor: str | None = None
    total: int | None = None
    rating: float | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """All that was read of one location at once, or why nothing was."""

    state: MeasurementState
    source: str
    reviews: list[RawReview] = msgspec.field(default_factory=list)
    is_complete: bool = False
    total: int | None = None
    rating: float | None = None
    error_code: str | None = None

    @property
    def oldest_at(self) -> datetime | None:
        return min((review.published_at for review in self.reviews), default=None)


class ReviewProvider(Protocol):
    source: str
    """synthetic | provider: shown with everything that was measured by it."""

    async def fetch(self, listing: Listing, cursor: str | None, *, tenant_id: UUID) -> ReviewPage:
        """One page, newest first; failures are ProviderErrors."""


class Reviewed(NamedTuple):
    """What the formulas need of a review."""

    published_at: datetime
    rating: float
    is_answered: bool


class Reach(NamedTuple):
    """How far the newest reading went."""

    is_complete: bool
    oldest_at: datetime | None
    rating: float | None = None
    """Of the profile, as the provider states it."""

    def covers(self, since: datetime) -> bool:
        return self.is_complete or (self.oldest_at is not None and self.oldest_at <= since)


class Burst(msgspec.Struct, frozen=True):
    """A week with far more reviews than expected."""

    from_at: datetime
    """Start of the time."""
    to_at: datetime
    """End of the time."""
    count: int
    """Reviews in it."""
    expected: float
    """Reviews to be expected, by the 90 days before."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of the reviews of a location."""

    formula: str = FORMULA
    """Name and version of the formula."""
    reviews: int = 0
    """Stored reviews: the denominator of the mean."""
    velocity_per_month: float | None = None
    """Reviews per month over the last 90 days; null: no review, or not read far enough."""
    velocity_reviews: int | None = None
    """Reviews of the last 90 days; null: not read far enough."""
    rating_mean: float | None = None
    """Mean rating, 1 to 5; null: no review."""
    rating_score: float | None = None
    """The mean rating as 0 to 100; null: no review."""
    responded_share: float | None = None
    """Answered reviews in percent, 0 to 100; null: no review, or not read far enough."""
    responded: int | None = None
    """Answered reviews; null: not read far enough."""
    responded_of: int | None = None
    """Reviews of the last 365 days: the denominator; null: not read far enough."""
    freshness: float | None = None
    """How recent the reviews are, 0 to 100; null: no review."""
    quality: float | None = None
    """The parts in one figure, 0 to 100; null: too little was read."""
    newest_at: datetime | None = None
    """When the newest review was published; null: no review."""
    bursts: list[Burst] | None = None
    """Bursts of the last 365 days; null: not read far enough."""


def rating_score(rating: float) -> float:
    """5.0 -> 100, 4.5 -> 95, 4.0 -> 80, 3.5 -> 50, 3.0 and less -> 0, linear between."""
    if rating <= RATING_SCORES[0][0]:
        return 0.0
    for (low, low_score), (high, high_score) in pairwise(RATING_SCORES):
        if rating <= high:
            return low_score + (high_score - low_score) * (rating - low) / (high - low)
    return 100.0


def velocity(reviews: Sequence[Reviewed], reach: Reach, at: datetime) -> float | None:
    """Reviews a month over 90 days, or over the life of a younger profile."""
    if not reviews or not reach.covers(at - timedelta(days=VELOCITY_DAYS)):
        return None
    oldest_at = min(review.published_at for review in reviews)
    months = VELOCITY_DAYS / 30
    if reach.is_complete:
        months = min(months, max(1.0, _days(at, oldest_at) / 30))
    return len(_within(reviews, at, VELOCITY_DAYS)) / months


def freshness(reviews: Sequence[Reviewed], at: datetime) -> float | None:
    """Mean of the 10 newest: 100 today, half of it each 90 days."""
    newest = sorted((review.published_at for review in reviews), reverse=True)[:FRESHNESS_REVIEWS]
    if not newest:
        return None
    return sum(
        100 * math.pow(0.5, _days(at, published_at) / FRESHNESS_HALF_LIFE_DAYS)
        for published_at in newest
    ) / len(newest)


def quality(rating: float | None, responded: float | None, fresh: float | None) -> float | None:
    """Half rating, a quarter responded, a quarter freshness, each 0 to 100.

    A part without a denominator (no review within a year) is dropped and the rest re-normalised.
    """
    if rating is None or fresh is None:
        return None
    parts = [(0.5, rating), (0.25, fresh)]
    if responded is not None:
        parts.append((0.25, responded))
    return sum(w * value for w, value in parts) / sum(w for w, _ in parts)


def find_bursts(reviews: Sequence[Reviewed], reach: Reach, at: datetime) -> list[Burst] | None:
    """Weeks with at least 5 reviews and more than m + 3 * sqrt(m), m by the 90 days before.

    At most one per 7 days; weeks whose 90 days before were not read are not judged.
    """
    if not reach.covers(at - timedelta(days=BURST_DAYS + VELOCITY_DAYS)):
        return None
    week, before = timedelta(days=BURST_DAYS), timedelta(days=VELOCITY_DAYS)
    times = sorted(min(review.published_at, at) for review in reviews)
    found: list[Burst] = []
    first = start = 0
    for last, end in enumerate(times):
        while times[first] <= end - week:
            first += 1
        while times[start] <= end - week - before:
            start += 1
        count = last - first + 1
        mean = (first - start) * BURST_DAYS / VELOCITY_DAYS
        if count < BURST_LEAST or count <= mean + 3 * math.sqrt(mean):
            continue
        is_judged = end >= at - timedelta(days=RESPONSE_DAYS) and reach.covers(end - week - before)
        if is_judged and (not found or end - found[-1].to_at >= week):
            found.append(Burst(times[first], end, count, round(mean, 2)))
    return found


def figures(
    reviews: Sequence[Reviewed], reach: Reach, at: datetime, *, total: int, mean: float | None
) -> Figures:
    """`reviews` reach back as far as the windows and hold the 10 newest; `total` and `mean` are of
    all stored ones.

    The rating is that mean when all were read, else the profile's own where it states one.
    """
    if not reviews or mean is None:
        return Figures()
    if reach.rating is not None and not reach.is_complete:
        mean = reach.rating
    score = rating_score(mean)
    recent = _within(reviews, at, RESPONSE_DAYS)
    answered = sum(review.is_answered for review in recent)
    responded = 100 * answered / len(recent) if recent else None
    speed, fresh = velocity(reviews, reach, at), freshness(reviews, at)
    return Figures(
        reviews=total,
        velocity_per_month=_rounded(speed),
        velocity_reviews=None if speed is None else len(_within(reviews, at, VELOCITY_DAYS)),
        rating_mean=round(mean, 2),
        rating_score=_rounded(score),
        responded_share=_rounded(responded),
        responded=answered,
        responded_of=len(recent),
        freshness=_rounded(fresh),
        quality=_rounded(quality(score, responded, fresh)),
        newest_at=max(review.published_at for review in reviews),
        bursts=find_bursts(reviews, reach, at),
    )


def is_outdated(stored_edited_at: datetime | None, told: RawReview) -> bool:
    """Whether what is told is an older copy than what is stored: it never undoes an edit."""
    if stored_edited_at is None or told.edited_at is None:
        return False
    return told.edited_at < stored_edited_at


def _within(reviews: Sequence[Reviewed], at: datetime, days: int) -> list[Reviewed]:
    since = at - timedelta(days=days)
    return [review for review in reviews if review.published_at > since]


def _days(at: datetime, moment: datetime) -> float:
    return max(0.0, (at - moment).total_seconds() / 86_400)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
