"""A reference server for the provider contract, with synthetic data.

An example for provider authors, and a way to see LSOS call a provider:

    python tools/provider_server.py --port 8777 --api-key try-me
    LOCAL_PROVIDER_BACKEND=provider LOCAL_PROVIDER_URL=http://127.0.0.1:8777
    LOCAL_PROVIDER_API_KEY=try-me
"""

import argparse
import hmac
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

import msgspec
from aiohttp import web

from lsos.core.clock import new_id, now
from lsos.domains.authority.rules import RawLink
from lsos.domains.authority.synthetic import make_links
from lsos.domains.campaigns.rules import Listing
from lsos.domains.local.rules import Profile
from lsos.domains.local.synthetic import SyntheticProfiles
from lsos.domains.reviews.rules import RawReview
from lsos.domains.reviews.synthetic import make_reviews

REVIEWS_A_PAGE = 100
LINKS_A_PAGE = 1_000
NOBODY = UUID(int=0)
KEY: web.AppKey[str] = web.AppKey("key", str)


def make_app(api_key: str) -> web.Application:
    app = web.Application(middlewares=[_check])
    app[KEY] = api_key
    app.router.add_get("/v1/profile", profile)
    app.router.add_get("/v1/reviews", reviews)
    app.router.add_get("/v1/backlinks", backlinks)
    return app


@web.middleware
async def _check(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every error is JSON with an `error`: 401 without the key, 400 for an invalid request."""
    sent = request.headers.get("Authorization", "")
    if not hmac.compare_digest(sent.encode(), f"Bearer {request.app[KEY]}".encode()):
        return _answer({"error": "send the API key as a bearer token"}, 401)
    try:
        return await handler(request)
    except ValueError as fault:
        return _answer({"error": str(fault)}, 400)
    except web.HTTPException as fault:
        return _answer({"error": fault.reason}, fault.status)


async def profile(request: web.Request) -> web.Response:
    reading = await SyntheticProfiles().fetch(_listing(request.query), tenant_id=NOBODY)
    if reading.profile is None:
        return _answer({"status": "not_found"})
    return _answer({"status": "found", "profile": _profile(reading.profile)})


async def reviews(request: web.Request) -> web.Response:
    listing = _listing(request.query)
    found = make_reviews(listing, now())
    if not found:
        return _answer({"status": "empty"})
    start, limit = _window(request.query, REVIEWS_A_PAGE)
    mean = sum(review.rating for review in found) / len(found)
    return _answer(
        {
            "status": "found",
            "total": len(found),
            "rating": round(mean, 1),
            "reviews": [_review(review) for review in found[start : start + limit]],
            "next_cursor": _next(start, limit, len(found)),
        }
    )


async def backlinks(request: web.Request) -> web.Response:
    domain = request.query.get("domain", "")
    if not domain:
        raise ValueError("domain is required")
    found = make_links(domain, now())
    if not found:
        return _answer({"status": "empty"})
    start, limit = _window(request.query, LINKS_A_PAGE)
    followed = {link.source_domain for link in found if link.is_followed}
    return _answer(
        {
            "status": "found",
            "backlinks_total": len(found),
            "referring_domains": len({link.source_domain for link in found}),
            "followed_domains": len(followed),
            "backlinks": [_link(link) for link in found[start : start + limit]],
            "next_cursor": _next(start, limit, len(found)),
        }
    )


def _listing(query: Mapping[str, str]) -> Listing:
    name = query.get("name", "")
    if not name.strip():
        raise ValueError("name is required")
    fields = ("street", "city", "region", "postcode", "country", "phone", "place_id", "cid")
    values: dict[str, object] = {field: query[field] for field in fields if field in query}
    return msgspec.convert({"id": new_id(), "created_at": now(), "name": name, **values}, Listing)


def _window(query: Mapping[str, str], most: int) -> tuple[int, int]:
    cursor, limit = query.get("cursor", "0"), query.get("limit", str(most))
    if not cursor.isdecimal() or not limit.isdecimal() or int(limit) < 1:
        raise ValueError("invalid cursor or limit")
    return int(cursor), min(int(limit), most)


def _next(start: int, limit: int, total: int) -> str | None:
    return str(start + limit) if start + limit < total else None


def _profile(found: Profile) -> dict[str, object]:
    values = msgspec.to_builtins(found)
    values["id"] = values.pop("external_id")
    return dict(values)


def _review(found: RawReview) -> dict[str, object]:
    values = msgspec.to_builtins(found)
    values["id"] = values.pop("external_id")
    return dict(values)


def _link(found: RawLink) -> dict[str, object]:
    return dict(msgspec.to_builtins(found))


def _answer(body: object, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8777)
    parser.add_argument("--api-key", required=True)
    options = parser.parse_args()
    web.run_app(make_app(options.api_key), host=options.host, port=options.port)


if __name__ == "__main__":
    main()
