"""Where profiles come from: the seam of all adapters, and the one of the generic contract."""

from typing import Protocol
from uuid import UUID

from lsos.domains.campaigns.nap import Address
from lsos.domains.campaigns.rules import Listing
from lsos.domains.local.rules import Profile, ProfileReading
from lsos.domains.providers.generic import Answer, GenericProvider, Reader, identity

MAX_TEXT_CHARS = 5_000


class ProfileProvider(Protocol):
    source: str
    """synthetic | provider: shown with everything that was measured by it."""

    async def fetch(self, listing: Listing, *, tenant_id: UUID) -> ProfileReading:
        """found, not_found or empty; failures are ProviderErrors."""


class GenericProfiles:
    source = "provider"

    def __init__(self, provider: GenericProvider) -> None:
        self._provider = provider

    async def fetch(self, listing: Listing, *, tenant_id: UUID) -> ProfileReading:
        answer = await self._provider.ask("/v1/profile", identity(listing), tenant_id=tenant_id)
        return parse(self._provider.name, answer)


def parse(provider: str, answer: Answer) -> ProfileReading:
    if answer.status != "found":
        return ProfileReading(state="not_found", source=GenericProfiles.source)
    entry = Reader(provider, answer.body.get("profile"), "profile.")
    address = entry.part("address")
    profile = Profile(
        external_id=entry.needed_text("id", 300),
        name=entry.optional_text("name", 300),
        address=None if address is None else _address(address),
        phone=entry.optional_text("phone", 60),
        website=entry.optional_text("website", 2_048),
        hours=entry.texts("hours"),
        description=entry.optional_text("description", MAX_TEXT_CHARS),
        attributes=entry.texts("attributes"),
        primary_category=entry.optional_text("primary_category", 200),
        secondary_categories=entry.texts("secondary_categories"),
        photos=entry.count("photos"),
        posts=entry.count("posts"),
        last_post_at=entry.time("last_post_at"),
        rating=entry.number("rating", 1, 5),
        reviews=entry.count("reviews"),
        url=entry.text("url", 2_048),
    )
    return ProfileReading(state="found", source=GenericProfiles.source, profile=profile)


def _address(entry: Reader) -> Address:
    return Address(
        street=entry.text("street", 300),
        city=entry.text("city", 200),
        region=entry.text("region", 200),
        postcode=entry.text("postcode", 40),
        country=entry.text("country", 40),
    )
