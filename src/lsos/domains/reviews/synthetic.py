"""Made-up reviews for trying the product out: the same location always has the same ones."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

from lsos.core.clock import now
from lsos.domains.campaigns.rules import Listing
from lsos.domains.reviews.rules import RawReview, ReviewPage

PAGE_SIZE = 100
FIRST_DAY = date(2024, 1, 1)
"""A profile is at least as old as that: reviews are made day by day from there on."""

_AUTHORS = (
    "Robin A.", "Sam K.", "Jo P.", "Alex M.", "Kim T.", "Lee W.", "Dana R.", "Chris B.",
    "Pat N.", "Morgan F.",
)  # fmt: skip
_PRAISE = (
    "Friendly people, and I was seen on time.",
    "Everything was explained before it was done. Fair price, too.",
    "Easy to reach, easy to park, and they called back the same day.",
    "Third visit, and again nothing to complain about.",
)
_MIXED = (
    "Good work, but I waited forty minutes past my appointment.",
    "Fine in the end. The invoice had to be corrected twice.",
)
_BLAME = (
    "Nobody answered the phone for two days.",
    "The price was not the one that I had been told.",
)
_ANSWER = "Thank you for telling us. We have written to you."


class SyntheticReviews:
    """Deterministic: each day of each location is drawn from a hash of both."""

    source = "synthetic"

    async def fetch(self, listing: Listing, cursor: str | None, *, tenant_id: UUID) -> ReviewPage:
        """Newest first; a location without a name is not found."""
        if not listing.name.strip():
            return ReviewPage("not_found", [])
        reviews = make_reviews(listing, now())
        if not reviews:
            return ReviewPage("empty", [], None, 0)
        start = int(cursor) if cursor and cursor.isdecimal() else 0
        end = start + PAGE_SIZE
        return ReviewPage(
            state="found",
            reviews=reviews[start:end],
            next_cursor=str(end) if end < len(reviews) else None,
            total=len(reviews),
            rating=round(sum(review.rating for review in reviews) / len(reviews), 1),
        )


def make_reviews(listing: Listing, at: datetime) -> list[RawReview]:
    made = list(_days(listing, at))
    made.reverse()
    return made


def _days(listing: Listing, at: datetime) -> Iterator[RawReview]:
    place = f"{listing.name}|{listing.street}|{listing.city}|{listing.postcode}"
    taste = _random(place)
    per_day = taste.uniform(0.02, 0.2)
    goodness = taste.uniform(0.6, 0.95)
    answers = taste.uniform(0.2, 0.9)
    day = FIRST_DAY + timedelta(days=taste.randrange(300))
    while day <= at.date():
        draw = _random(f"{place}|{day}")
        if draw.random() < per_day:
            moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
            published_at = moment + timedelta(minutes=draw.randrange(480, 1_300))
            if published_at <= at:
                yield _review(place, published_at, draw, goodness, answers, at)
        day += timedelta(days=1)


def _review(
    place: str, published_at: datetime, draw: Random, goodness: float, answers: float, at: datetime
) -> RawReview:
    mood = draw.random()
    texts: tuple[str, ...]
    if mood < goodness:
        rating, texts = draw.choice((4, 5, 5, 5)), _PRAISE
    elif mood < goodness + (1 - goodness) * 0.6:
        rating, texts = 3, _MIXED
    else:
        rating, texts = draw.choice((1, 2)), _BLAME
    answered_at = published_at + timedelta(hours=draw.randrange(5, 200))
    is_answered = draw.random() < answers and answered_at <= at
    identity = hashlib.sha256(f"{place}|{published_at.isoformat()}".encode()).hexdigest()[:24]
    return RawReview(
        external_id=f"synthetic-{identity}",
        author=draw.choice(_AUTHORS),
        rating=float(rating),
        text="" if draw.random() < 0.2 else draw.choice(texts),
        published_at=published_at,
        answered_at=answered_at if is_answered else None,
        answer=_ANSWER if is_answered else None,
    )


def _random(text: str) -> Random:
    return Random(hashlib.sha256(text.encode()).digest())  # noqa: S311 -- made-up data
