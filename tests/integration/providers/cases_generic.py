"""The adapters of the generic contract, as the contract of all adapters meets them."""

import json
from uuid import UUID

from lsos.core.clock import now
from lsos.domains.authority.provider import GenericBacklinks
from lsos.domains.campaigns.rules import Listing
from lsos.domains.local.provider import GenericProfiles
from lsos.domains.providers.client import ProviderClient
from lsos.domains.providers.generic import GenericProvider
from lsos.domains.reviews.provider import GenericReviews
from tests.integration.providers.contract import AdapterCase, Ask

KEY = "sk-4f9d1c77-secret/key+1"
LISTING = Listing(id=UUID(int=1), created_at=now(), name="Pine Cove Dental", country="US")
LINK = {
    "source_url": "https://chamber.example/1",
    "target_url": "https://own.example/",
    "is_followed": True,
}
REVIEW = {"id": "r1", "rating": 5, "published_at": "2026-11-20T15:04:00Z"}


def _profiles(client: ProviderClient, base_url: str) -> Ask:
    adapter = GenericProfiles(GenericProvider(client, base_url, KEY))

    async def ask(tenant_id: UUID) -> object:
        return await adapter.fetch(LISTING, tenant_id=tenant_id)

    return ask


def _reviews(client: ProviderClient, base_url: str) -> Ask:
    adapter = GenericReviews(GenericProvider(client, base_url, KEY))

    async def ask(tenant_id: UUID) -> object:
        return await adapter.fetch(LISTING, None, tenant_id=tenant_id)

    return ask


def _backlinks(client: ProviderClient, base_url: str) -> Ask:
    adapter = GenericBacklinks(GenericProvider(client, base_url, KEY))

    async def ask(tenant_id: UUID) -> object:
        return await adapter.fetch("own.example", None, 1_000, tenant_id=tenant_id)

    return ask


def _bodies(*bodies: object) -> tuple[bytes, ...]:
    return tuple(json.dumps(body).encode() for body in bodies)


ENVELOPE = _bodies(
    {},
    {"status": "ok"},
    {"status": None},
    {"status": "found", "error": "no such key"},
    {"status": "empty", "next_cursor": 7},
    {"status": "empty", "next_cursor": "x" * 2_001},
)


def _profile(**changes: object) -> object:
    return {"status": "found", "profile": {"id": "p1", **changes}}


def _review(**changes: object) -> object:
    return {"status": "found", "reviews": [{**REVIEW, **changes}]}


def _link(**changes: object) -> object:
    return {"status": "found", "followed_domains": 1, "backlinks": [{**LINK, **changes}]}


CASES = [
    AdapterCase(
        name="generic-profiles",
        build=_profiles,
        good=json.dumps(_profile(name="Pine Cove Dental", photos=3)).encode(),
        credential=KEY,
        broken=(
            *ENVELOPE,
            *_bodies(
                {"status": "found"},
                {"status": "found", "profile": []},
                _profile(id=""),
                _profile(id=7),
                _profile(name=["x"]),
                _profile(address="18 Schooner Lane"),
                _profile(hours="always"),
                _profile(hours=[1]),
                _profile(photos=-1),
                _profile(photos="3"),
                _profile(photos=True),
                _profile(photos=1.5),
                _profile(rating=6),
                _profile(last_post_at="yesterday"),
                _profile(last_post_at="0001-01-01T00:00:00Z"),
            ),
        ),
    ),
    AdapterCase(
        name="generic-reviews",
        build=_reviews,
        good=json.dumps(_review()).encode(),
        credential=KEY,
        broken=(
            *ENVELOPE,
            *_bodies(
                {"status": "found"},
                {"status": "found", "reviews": {}},
                {"status": "found", "reviews": [REVIEW, 5]},
                {"status": "found", "reviews": [], "next_cursor": "more"},
                {"status": "found", "reviews": [REVIEW] * 101},
                _review(id=None),
                _review(rating=None),
                _review(rating=0),
                _review(rating="5"),
                _review(published_at=None),
                _review(published_at=1_700_000_000),
                _review(published_at="9999-12-31T23:59:59-12:00"),
                _review(text={}),
            ),
        ),
    ),
    AdapterCase(
        name="generic-backlinks",
        build=_backlinks,
        good=json.dumps(_link()).encode(),
        credential=KEY,
        broken=(
            *ENVELOPE,
            *_bodies(
                {"status": "found", "backlinks": []},
                {"status": "found", "followed_domains": "1", "backlinks": []},
                {"status": "found", "followed_domains": 1 << 40, "backlinks": []},
                {"status": "found", "followed_domains": 1, "backlinks": None},
                _link(source_url="javascript:alert(1)"),
                _link(source_url="https://"),
                _link(target_url=None),
                _link(is_followed=None),
                _link(is_followed=1),
                _link(first_seen_at="soon"),
            ),
        ),
    ),
]
