"""Made-up profiles for trying the product out: the same location always has the same one."""

import hashlib
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from lsos.core.clock import now
from lsos.domains.campaigns.nap import Address
from lsos.domains.campaigns.rules import Listing
from lsos.domains.local.rules import Profile, ProfileReading

_HOURS = ("Mo-Fr 08:00-17:00", "Sa 09:00-13:00")
_ATTRIBUTES = ("wheelchair_accessible", "parking", "online_appointments", "card_payment")
_CATEGORIES = ("Dentist", "Plumber", "Lawyer", "Veterinarian", "Bakery", "Hotel")


class SyntheticProfiles:
    source = "synthetic"

    async def fetch(self, listing: Listing, *, tenant_id: UUID) -> ProfileReading:
        """About one location in twelve has no profile."""
        draw = _random(f"{listing.name}|{listing.street}|{listing.city}|{listing.postcode}")
        if not listing.name.strip() or draw.random() < 1 / 12:
            return ProfileReading(state="not_found", source=self.source)
        return ProfileReading(
            state="found", source=self.source, profile=make_profile(listing, draw, now())
        )


def make_profile(listing: Listing, draw: Random, at: datetime) -> Profile:
    """Mostly what the campaign states; some differ as real ones do."""
    digits = hashlib.sha256(f"{listing.name}|{listing.postcode}".encode()).hexdigest()[:16]
    phone = listing.phone
    if phone and draw.random() < 0.1:
        phone = phone[:-1] + str((int(phone[-1]) + 1) % 10 if phone[-1].isdecimal() else 0)
    street = listing.street.replace("Street", "St").replace("Road", "Rd").replace("Lane", "Ln")
    posts = draw.randrange(0, 12)
    today = datetime(at.year, at.month, at.day, tzinfo=UTC)
    return Profile(
        external_id=listing.place_id or listing.cid or f"synthetic-{digits}",
        name=listing.name,
        address=Address(street, listing.city, listing.region, listing.postcode, listing.country),
        phone=phone,
        website=listing.landing_url if draw.random() < 0.9 else "",
        hours=list(_HOURS[: draw.randrange(0, 3)]),
        description="A synthetic description." if draw.random() < 0.7 else "",
        attributes=list(_ATTRIBUTES[: draw.randrange(0, 5)]),
        primary_category=draw.choice(_CATEGORIES),
        secondary_categories=[c for c in _CATEGORIES if draw.random() < 0.2],
        photos=draw.randrange(0, 25),
        posts=posts,
        last_post_at=today - timedelta(days=draw.randrange(0, 120)) if posts else None,
        rating=round(draw.uniform(3.2, 5.0), 1),
        reviews=draw.randrange(5, 300),
        url=f"https://profiles.example/{digits}",
    )


def _random(text: str) -> Random:
    return Random(hashlib.sha256(text.encode()).digest())  # noqa: S311 -- made-up data
