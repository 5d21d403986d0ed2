"""Profile health: parts that nobody measured are dropped, never counted as bad or good."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.domains.campaigns.nap import Address, Match
from lsos.domains.campaigns.rules import Listing
from lsos.domains.local import rules
from lsos.domains.local.rules import Health, NapFinding, Profile

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
LANE = Address("18 Schooner Lane", "Alder Bay", "ME", "04872", "US")
LISTING = Listing(
    id=UUID(int=1),
    created_at=AT,
    name="Pine Cove Dental Alder Bay",
    street="18 Schooner Lane",
    city="Alder Bay",
    region="ME",
    postcode="04872",
    country="US",
    phone="+1-207-555-0142",
)


def _full(**changes: Any) -> Profile:
    values: dict[str, Any] = {
        "external_id": "p1",
        "name": "Pine Cove Dental",
        "address": LANE,
        "phone": "(207) 555-0142",
        "website": "https://pinecovedental.example/",
        "hours": ["Mo-Fr 08:00-17:00"],
        "description": "Family dentists.",
        "attributes": ["parking"],
        "primary_category": "Dentist",
        "secondary_categories": ["Dental hygienist"],
        "photos": 10,
        "posts": 1,
        "last_post_at": AT - timedelta(days=3),
        **changes,
    }
    return Profile(**values)


def _health(profile: Profile, quality: float | None = 100.0, category: str = "Dentist") -> Health:
    findings = rules.profile_nap(LISTING, "Pine Cove Dental", profile)
    return rules.profile_health(
        profile, category=category, findings=findings, quality=quality, at=AT
    )


def _points(health: Health) -> dict[str, tuple[float | None, float]]:
    return {part.name: (part.points, part.of) for part in health.parts}


def test_a_full_profile_has_100() -> None:
    health = _health(_full())
    assert (health.score, health.measured) == (100, 100)
    assert _points(health) == {
        "completeness": (25, 25),
        "photos": (15, 15),
        "reviews": (20, 20),
        "categories": (15, 15),
        "posts": (10, 10),
        "nap": (15, 15),
    }


@pytest.mark.parametrize(
    "changes, part, points, of",
    [
        ({"description": "", "attributes": []}, "completeness", round(25 * 5 / 7, 2), 25),
        ({"description": None}, "completeness", 25, 25),
        ({"photos": 4}, "photos", 6, 15),
        ({"photos": 0}, "photos", 0, 15),
        ({"photos": 50}, "photos", 15, 15),
        ({"photos": None}, "photos", None, 15),
        ({"primary_category": "Plumber"}, "categories", 5, 15),
        ({"primary_category": "dentist"}, "categories", 15, 15),
        ({"secondary_categories": []}, "categories", 10, 15),
        ({"secondary_categories": None}, "categories", 10, 10),
        ({"posts": 0}, "posts", 0, 10),
        ({"posts": None}, "posts", None, 10),
        ({"last_post_at": AT - timedelta(days=31)}, "posts", 5, 10),
        ({"last_post_at": AT - timedelta(days=91)}, "posts", 0, 10),
        ({"last_post_at": None}, "posts", None, 10),
        ({"phone": "(207) 555-0143"}, "nap", 10, 15),
        ({"phone": None}, "nap", 10, 10),
        ({"name": "Harbor Plumbing", "address": Address("81 Schooner Lane")}, "nap", 5, 15),
        ({"name": "Pine Cove Dental Implants Center"}, "nap", 10, 10),  # a review: not judged
    ],
)
def test_parts(changes: dict[str, Any], part: str, points: float | None, of: float) -> None:
    assert _points(_health(_full(**changes)))[part] == (points, of)


def test_what_was_not_measured_is_dropped_and_the_rest_re_normalised() -> None:
    health = _health(_full(photos=5, posts=None), quality=None)
    # 25 + 7.5 + 15 + 15 of 25 + 15 + 15 + 15.
    assert health.measured == 70
    assert health.score == round(100 * 62.5 / 70, 2)


def test_under_50_measured_there_is_no_score() -> None:
    bare = Profile(external_id="p1", name="Pine Cove Dental", photos=10)
    health = _health(bare, quality=None)
    assert health.measured == 45  # completeness by the name alone, photos, one NAP field
    assert health.score is None
    assert _health(bare, quality=50).score == pytest.approx(100 * 55 / 65, abs=0.01)


def test_without_a_category_of_the_campaign_the_primary_one_is_not_judged() -> None:
    assert _points(_health(_full(), category=""))["categories"] == (5, 5)


def test_either_name_of_a_location_is_right() -> None:
    for name in ("Pine Cove Dental", "Pine Cove Dental Alder Bay"):
        (finding, *_) = rules.profile_nap(LISTING, "Pine Cove Dental", _full(name=name))
        assert finding.match == "exact", name


def test_what_the_campaign_does_not_state_is_not_judged() -> None:
    bare = Listing(id=UUID(int=1), created_at=AT, name="Pine Cove Dental")
    assert [f.field for f in rules.profile_nap(bare, "", _full())] == ["name"]


def test_empty_fields_are_missing_and_untold_ones_are_not() -> None:
    profile = _full(description="", hours=[], attributes=None, address=Address())
    assert rules.missing_fields(profile) == ["address", "hours", "description"]


_MATCHES: list[Match] = ["exact", "format_only", "minor", "review", "wrong", "missing"]


@given(
    st.builds(
        Profile,
        external_id=st.just("p"),
        name=st.none() | st.text(max_size=5),
        phone=st.none() | st.text(max_size=5),
        hours=st.none() | st.lists(st.text(max_size=3), max_size=2),
        photos=st.none() | st.integers(0, 2_000),
        posts=st.none() | st.integers(0, 50),
        last_post_at=st.none() | st.just(AT),
        primary_category=st.none() | st.text(max_size=5),
        secondary_categories=st.none() | st.lists(st.text(max_size=3), max_size=2),
    ),
    st.none() | st.floats(0, 100),
    st.lists(st.sampled_from(_MATCHES), max_size=3),
)
def test_any_profile_has_a_score_in_range_or_none(
    profile: Profile, quality: float | None, matches: list[Match]
) -> None:
    findings = [NapFinding("profile", "name", match, "", "", "") for match in matches]
    health = rules.profile_health(
        profile, category="Dentist", findings=findings, quality=quality, at=AT
    )
    assert 0 <= health.measured <= 100
    assert (health.score is None) == (health.measured < 50)
    assert health.score is None or 0 <= health.score <= 100
