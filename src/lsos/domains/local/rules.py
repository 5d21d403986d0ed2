"""Profiles, their health, and what a measurement says of a location's presence."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from lsos.domains.campaigns import nap
from lsos.domains.campaigns.nap import Address, Match
from lsos.domains.campaigns.rules import Listing
from lsos.domains.providers.rules import MeasurementState
from lsos.signals import SignalKind

FORMULA = "lsos-profile-health-v1"
Surface = Literal["structured_data", "visible_text", "profile"]
SURFACES: tuple[Surface, ...] = ("structured_data", "visible_text", "profile")
NapField = Literal["name", "address", "phone"]
NAP_FIELDS: tuple[NapField, ...] = ("name", "address", "phone")

LEAST_MEASURED = 50.0
FULL_PHOTOS = 10
FRESH_POST_DAYS, OLD_POST_DAYS = 30, 90
LOW_HEALTH = 60.0

SIGNALS: tuple[SignalKind, ...] = (
    SignalKind("profile_missing", "local", "high", "No profile was found for these locations"),
    SignalKind("profile_health_low", "local", "medium", "The profile health is under 60"),
    SignalKind("profile_incomplete", "local", "low", "Fields of the profile are empty"),
    SignalKind(
        "nap_wrong", "local", "high", "Name, address or phone contradict the campaign's somewhere"
    ),
    SignalKind("nap_missing", "local", "medium", "Name, address or phone are missing somewhere"),
)
NAP_SIGNALS = ("nap_wrong", "nap_missing")
"""These rest on the newest crawl, too."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A business profile as a provider tells it; None is what it does not tell."""

    external_id: str
    name: str | None = None
    address: Address | None = None
    phone: str | None = None
    website: str | None = None
    hours: list[str] | None = None
    description: str | None = None
    attributes: list[str] | None = None
    primary_category: str | None = None
    secondary_categories: list[str] | None = None
    photos: int | None = None
    posts: int | None = None
    last_post_at: datetime | None = None
    rating: float | None = None
    reviews: int | None = None
    url: str = ""


class ProfileReading(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider answered for one location, or why it did not."""

    state: MeasurementState
    source: str
    profile: Profile | None = None
    error_code: str | None = None


class Part(msgspec.Struct, frozen=True):
    """A part of the profile health."""

    name: str
    """Name of the part."""
    points: float | None
    """Points reached; null: not measured."""
    of: float
    """Most points that were possible, by what was measured of it."""
    evidence: dict[str, object]
    """What the points rest on; its names depend on the part."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    score: float | None
    """0 to 100 of the measured parts; null under 50 of 100 measured."""
    measured: float
    """Points that could be judged, of 100: the denominator."""
    parts: list[Part]
    formula: str = FORMULA


class NapFinding(msgspec.Struct, frozen=True):
    """One field of a location on one surface."""

    surface: Surface
    field: NapField
    match: Match
    expected: str
    found: str
    where: str


def expected_names(listing: Listing, business_name: str) -> list[str]:
    """A location may go by its own name or by the business's."""
    return list(dict.fromkeys(name for name in (listing.name, business_name) if name.strip()))


def address_of(listing: Listing) -> Address:
    return Address(listing.street, listing.city, listing.region, listing.postcode, listing.country)


def match_names(expected: Sequence[str], found: Sequence[str]) -> tuple[Match, str, str]:
    """The best pair: (match, expected, found)."""
    pairs = [(nap.match_name(one, other), one, other) for one in expected for other in found]
    nothing: tuple[Match, str, str] = ("missing", expected[0] if expected else "", "")
    return min(pairs, key=lambda pair: nap.MATCHES.index(pair[0]), default=nothing)


def profile_nap(listing: Listing, business_name: str, profile: Profile) -> list[NapFinding]:
    """The fields that both the campaign states and the provider tells."""
    where = profile.url or profile.external_id
    found: list[NapFinding] = []
    if profile.name is not None and (names := expected_names(listing, business_name)):
        match, expected, shown = match_names(names, [profile.name])
        found.append(NapFinding("profile", "name", match, expected, shown, where))
    address = address_of(listing)
    if profile.address is not None and (address.street or address.postcode):
        match = nap.match_address(address, profile.address)
        shown = profile.address.line
        found.append(NapFinding("profile", "address", match, address.line, shown, where))
    if profile.phone is not None and listing.phone.strip():
        match = nap.match_phone(listing.phone, profile.phone, country=listing.country)
        found.append(NapFinding("profile", "phone", match, listing.phone, profile.phone, where))
    return found


def profile_health(
    profile: Profile,
    *,
    category: str,
    findings: Sequence[NapFinding],
    quality: float | None,
    at: datetime,
) -> Health:
    """Sum of the measured parts, re-normalised to 100.

    `category` is the campaign's, `findings` the profile's NAP, `quality` that of the reviews.
    """
    parts = [
        _completeness(profile),
        _photos(profile.photos),
        Part("reviews", None if quality is None else 0.2 * quality, 20, {"quality": quality}),
        _categories(profile, category),
        _posts(profile, at),
        _nap(findings),
    ]
    measured = sum(part.of for part in parts if part.points is not None)
    points = sum(part.points for part in parts if part.points is not None)
    score = round(100 * points / measured, 2) if measured >= LEAST_MEASURED else None
    return Health(score=score, measured=round(measured, 2), parts=[_rounded(p) for p in parts])


def missing_fields(profile: Profile) -> list[str]:
    """Fields that the profile has empty; what the provider does not tell is not judged."""
    return [name for name, value in _fields(profile).items() if value is not None and not value]


def _fields(profile: Profile) -> dict[str, object]:
    address = profile.address
    return {
        "name": profile.name,
        "address": None if address is None else address.street or address.city,
        "phone": profile.phone,
        "website": profile.website,
        "hours": profile.hours,
        "description": profile.description,
        "attributes": profile.attributes,
    }


def _completeness(profile: Profile) -> Part:
    told = {name: bool(value) for name, value in _fields(profile).items() if value is not None}
    points = 25 * sum(told.values()) / len(told) if told else None
    evidence = {"filled": sum(told.values()), "of": len(told), "missing": missing_fields(profile)}
    return Part("completeness", points, 25, evidence)


def _photos(photos: int | None) -> Part:
    points = None if photos is None else 15 * min(photos, FULL_PHOTOS) / FULL_PHOTOS
    return Part("photos", points, 15, {"photos": photos, "full_at": FULL_PHOTOS})


def _categories(profile: Profile, category: str) -> Part:
    """10 when the primary one is the campaign's, 5 for any secondary one."""
    points, of = 0.0, 0.0
    evidence: dict[str, object] = {"primary": profile.primary_category, "expected": category}
    if profile.primary_category is not None and category.strip():
        is_same = nap.match_name(category, profile.primary_category) in ("exact", "format_only")
        points, of = points + 10 * is_same, of + 10
    if profile.secondary_categories is not None:
        evidence["secondary"] = len(profile.secondary_categories)
        points, of = points + 5 * bool(profile.secondary_categories), of + 5
    return Part("categories", points if of else None, of or 15, evidence)


def _posts(profile: Profile, at: datetime) -> Part:
    """10 for a post within 30 days, 5 within 90."""
    evidence: dict[str, object] = {"posts": profile.posts}
    if profile.posts == 0:
        return Part("posts", 0, 10, evidence)
    if profile.posts is None or profile.last_post_at is None:
        return Part("posts", None, 10, evidence)
    days = max(0, (at - profile.last_post_at).days)
    evidence["days_since_last"] = days
    points = 10 if days <= FRESH_POST_DAYS else 5 if days <= OLD_POST_DAYS else 0
    return Part("posts", points, 10, evidence)


def _nap(findings: Sequence[NapFinding]) -> Part:
    """5 a field that agrees; one that needs a review is not judged."""
    judged = [finding for finding in findings if finding.match != "review"]
    points = sum(5.0 for finding in judged if finding.match in nap.AGREEING)
    evidence: dict[str, object] = {finding.field: finding.match for finding in findings}
    return Part("nap", points if judged else None, 5.0 * len(judged) or 15, evidence)


def _rounded(part: Part) -> Part:
    points = None if part.points is None else round(part.points, 2)
    return Part(part.name, points, part.of, part.evidence)
