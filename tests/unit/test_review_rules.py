"""Reviews: the formulas of Docs/formulas.md, and what is null when too little was read."""

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.core.clock import now
from lsos.domains.campaigns.rules import Listing
from lsos.domains.providers.base import BadResponse
from lsos.domains.reviews import rules, service, synthetic
from lsos.domains.reviews.rules import RawReview, Reach, Reviewed, ReviewPage

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
_ID = UUID(int=1)
ALL = Reach(is_complete=True, oldest_at=None)


def _ago(days: float, rating: float = 5, is_answered: bool = False) -> Reviewed:
    return Reviewed(AT - timedelta(days=days), rating, is_answered)


@pytest.mark.parametrize(
    "rating, score",
    [(5.0, 100), (4.75, 97.5), (4.5, 95), (4.25, 87.5), (4.0, 80), (3.75, 65), (3.5, 50),
     (3.25, 25), (3.0, 0), (1.0, 0)],
)  # fmt: skip
def test_the_rating_scale(rating: float, score: float) -> None:
    assert rules.rating_score(rating) == pytest.approx(score)


def test_velocity_counts_90_days_by_month() -> None:
    reviews = [_ago(1), _ago(45), _ago(89), _ago(91), _ago(400)]
    assert rules.velocity(reviews, ALL, AT) == 1.0
    reaching = Reach(is_complete=False, oldest_at=AT - timedelta(days=90))
    assert rules.velocity(reviews, reaching, AT) == 1.0


def test_velocity_is_null_unless_90_days_were_read() -> None:
    short = Reach(is_complete=False, oldest_at=AT - timedelta(days=89))
    assert rules.velocity([_ago(1)], short, AT) is None
    assert rules.velocity([], ALL, AT) is None


@pytest.mark.parametrize(
    "ages, velocity",
    [([60, 10], 1.0), ([45, 10, 1], 2.0), ([10, 5], 2.0), ([0], 1.0), ([120, 10], 1 / 3)],
)
def test_a_young_profile_is_measured_over_its_life(ages: list[float], velocity: float) -> None:
    assert rules.velocity([_ago(age) for age in ages], ALL, AT) == pytest.approx(velocity)


def test_freshness_halves_each_90_days() -> None:
    assert rules.freshness([_ago(0)], AT) == 100
    assert rules.freshness([_ago(90)], AT) == 50
    assert rules.freshness([_ago(0), _ago(180)], AT) == pytest.approx(62.5)
    # Only the ten newest count.
    assert rules.freshness([_ago(0)] * 10 + [_ago(900)] * 50, AT) == 100
    assert rules.freshness([], AT) is None
    assert rules.freshness([_ago(-3)], AT) == 100, "a clock that is ahead"


def test_quality_weighs_its_parts() -> None:
    assert rules.quality(80, 40, 60) == pytest.approx(0.5 * 80 + 0.25 * 40 + 0.25 * 60)
    assert rules.quality(80, None, 50) == pytest.approx((0.5 * 80 + 0.25 * 50) / 0.75)
    assert rules.quality(None, 40, 60) is None


def test_figures_say_their_denominators() -> None:
    reviews = [_ago(5, 5, True), _ago(200, 4), _ago(364, 3), _ago(366, 1, True)]
    found = rules.figures(reviews, ALL, AT, total=4, mean=3.25)
    assert (found.responded, found.responded_of, found.responded_share) == (1, 3, 33.33)
    assert (found.rating_mean, found.rating_score) == (3.25, 25)
    assert (found.velocity_per_month, found.velocity_reviews) == (0.33, 1)
    assert found.newest_at == AT - timedelta(days=5)


def test_without_a_review_all_is_null() -> None:
    found = rules.figures([], ALL, AT, total=0, mean=None)
    assert found == rules.Figures()
    assert found.quality is found.velocity_per_month is found.responded_share is None


def test_the_profiles_rating_stands_in_for_reviews_that_were_not_read() -> None:
    part = Reach(is_complete=False, oldest_at=AT - timedelta(days=470), rating=4.5)
    assert rules.figures([_ago(1, 1)], part, AT, total=1, mean=1.0).rating_mean == 4.5
    whole = Reach(is_complete=True, oldest_at=None, rating=4.5)
    assert rules.figures([_ago(1, 1)], whole, AT, total=1, mean=1.0).rating_mean == 1.0


def test_a_burst_stands_out_from_the_90_days_before() -> None:
    # 18 in 90 days are 1.4 a week: over 1.4 + 3 * sqrt(1.4) = 4.95 is a burst.
    calm = [_ago(10 + 5 * n) for n in range(18)]
    assert rules.find_bursts(calm, ALL, AT) == []
    burst = [_ago(1 + n / 10) for n in range(5)]
    found = rules.find_bursts([*calm, *burst], ALL, AT)
    assert found is not None
    assert [(b.count, b.expected) for b in found] == [(5, 1.4)]
    busy = [_ago(8 + 2 * n) for n in range(45)]  # 3.5 a week: the limit is 9.1
    assert rules.find_bursts([*busy, *burst], ALL, AT) == []


def test_four_in_a_week_are_no_burst() -> None:
    assert rules.find_bursts([_ago(n) for n in range(4)], ALL, AT) == []
    assert rules.find_bursts([_ago(n) for n in range(5)], ALL, AT) != []


def test_at_most_one_burst_a_week() -> None:
    found = rules.find_bursts([_ago(n / 10) for n in range(200)], ALL, AT)
    assert found is not None
    assert len(found) >= 2
    gaps = [later.to_at - before.to_at for before, later in pairwise(found)]
    assert all(gap >= timedelta(days=7) for gap in gaps)


def test_bursts_are_null_unless_97_days_were_read() -> None:
    reviews = [_ago(n / 10) for n in range(20)]
    short = Reach(is_complete=False, oldest_at=AT - timedelta(days=96))
    assert rules.find_bursts(reviews, short, AT) is None


def test_an_old_copy_never_undoes_an_edit() -> None:
    told = RawReview(external_id="1", author="", rating=5, text="", published_at=AT)
    later, earlier = AT + timedelta(days=2), AT + timedelta(days=1)
    edited = RawReview(
        external_id="1", author="", rating=5, text="", published_at=AT, edited_at=earlier
    )
    assert not rules.is_outdated(None, told)
    assert not rules.is_outdated(earlier, edited)
    assert rules.is_outdated(later, edited)


_REVIEWS = st.lists(
    st.builds(
        Reviewed,
        st.floats(-10, 2_000).map(lambda days: AT - timedelta(days=days)),
        st.floats(1, 5),
        st.booleans(),
    ),
    max_size=60,
)


@given(_REVIEWS, st.booleans(), st.one_of(st.none(), st.floats(0, 2_000)))
def test_figures_stay_in_their_ranges(
    reviews: list[Reviewed], is_complete: bool, read_days: float | None
) -> None:
    oldest_at = None if read_days is None else AT - timedelta(days=read_days)
    mean = sum(r.rating for r in reviews) / len(reviews) if reviews else None
    found = rules.figures(reviews, Reach(is_complete, oldest_at), AT, total=len(reviews), mean=mean)
    for value in (found.rating_score, found.responded_share, found.freshness, found.quality):
        assert value is None or 0 <= value <= 100
    assert found.velocity_per_month is None or 0 <= found.velocity_per_month <= len(reviews)
    for burst in found.bursts or ():
        assert burst.count >= 5
        assert burst.count > burst.expected - 0.01 + 3 * math.sqrt(max(0, burst.expected - 0.01))


def test_synthetic_reviews_are_the_same_each_time_and_only_grow() -> None:
    listing = Listing(id=_ID, created_at=AT, name="Pine Cove Dental", city="Alder Bay")
    today = synthetic.make_reviews(listing, AT)
    before = synthetic.make_reviews(listing, AT - timedelta(days=30))
    assert today == synthetic.make_reviews(listing, AT)
    assert {r.external_id for r in before} <= {r.external_id for r in today}
    times = [r.published_at for r in today]
    assert times == sorted(times, reverse=True)
    assert max(times) <= AT
    other = Listing(id=_ID, created_at=AT, name="Pine Cove Dental", city="Millbrook")
    assert synthetic.make_reviews(other, AT) != today


SHOP = Listing(id=_ID, created_at=AT, name="Alder Plumbing")


class Told:
    """A provider that answers with one page."""

    source = "provider"

    def __init__(self, **page: Any) -> None:
        self._page = ReviewPage(**page)

    async def fetch(self, listing: Listing, cursor: str | None, *, tenant_id: UUID) -> ReviewPage:
        return self._page


def _reviews(count: int) -> list[RawReview]:
    return [
        RawReview(
            external_id=str(number),
            author="Ada",
            rating=5.0,
            text="Good work",
            published_at=now() - timedelta(days=number),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize(
    "listed, total, is_complete",
    [(18, 4884, False), (18, 18, True), (18, 17, True), (18, None, True), (0, 0, True)],
)
async def test_fewer_reviews_than_are_counted_are_not_all(
    listed: int, total: int | None, is_complete: bool
) -> None:
    provider = Told(state="found", reviews=_reviews(listed), total=total)
    reading = await service.read(provider, SHOP, tenant_id=_ID)
    assert reading.is_complete is is_complete
    assert reading.state == ("found" if listed else "empty")


@pytest.mark.parametrize("state", ["found", "empty"])
async def test_no_review_of_many_is_an_error_and_never_an_empty_profile(state: str) -> None:
    with pytest.raises(BadResponse, match="4884"):
        await service.read(Told(state=state, reviews=[], total=4884), SHOP, tenant_id=_ID)
