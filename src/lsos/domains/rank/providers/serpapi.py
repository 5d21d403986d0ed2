"""Ranks from SerpApi: Google's results with the local pack, and Google Maps around a point."""

import asyncio
import base64
from collections.abc import Mapping
from datetime import UTC, datetime, time
from urllib.parse import quote, urlencode
from uuid import UUID

from lsos.domains.providers.base import (
    PROVIDER_ERRORS,
    Permanent,
    ProviderError,
    QuotaSpent,
    Transient,
    as_object,
    as_text,
    ends_run,
)
from lsos.domains.providers.client import Call, ProviderClient
from lsos.domains.rank.providers.serpapi_parse import (
    is_empty,
    is_pending,
    parse_google,
    parse_maps,
    search_id,
)
from lsos.domains.rank.rules import DEPTH, BusinessIdentity, Organic, RankQuery, SearchPage

PAGE = 10
"""Organic results of one search; the parameter for more of them is gone."""
MAX_PAGES = 3
"""Searches of one keyword: pages with many other features have as few as seven results."""
MAPS_ZOOM = 14
POLLS = 5
POLL_S = 1.0
OUT_OF_SEARCHES = "run out of searches"


class SerpApiRanks:
    """The key travels in the query string: no URL of this module may be shown.

    Answers of identical searches are cached and free for an hour, so a repeat costs nothing even
    when the first search has run unseen.
    """

    source = "serpapi"
    batch_size = 20

    def __init__(self, client: ProviderClient, base_url: str, api_key: str) -> None:
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._key = api_key

    async def fetch(
        self, query: RankQuery, own: BusinessIdentity, *, tenant_id: UUID
    ) -> SearchPage:
        """As few searches as tell: another page only while none has shown an own result.

        A page may be short because other features take its place, so only the answer tells the
        end. When a further page fails, nothing is known of what it would have shown.
        """
        page = parse_google(await self._search(google(query, 0), tenant_id))
        organic, last = page.organic, page
        for number in range(1, MAX_PAGES):
            is_found = any(own.matches(found.url) for found in organic)
            if is_found or not last.has_more or not last.organic or len(organic) >= DEPTH:
                break
            last = parse_google(await self._search(google(query, number * PAGE), tenant_id))
            organic = joined(organic, last.organic)
        if query.latitude is None:
            return SearchPage(organic=organic, pack=page.pack, features=page.features)
        try:
            places = parse_maps(await self._search(maps(query), tenant_id))
        except PROVIDER_ERRORS as error:
            if ends_run(error):
                raise
            # What is known of the organic results was paid for.
            return SearchPage(organic, None, page.features, pack_error=error.code)
        return SearchPage(organic=organic, pack=places, features=page.features)

    async def _search(self, parameters: Mapping[str, str], tenant_id: UUID) -> object:
        url = f"{self._base_url}/search.json?" + urlencode({**parameters, "api_key": self._key})
        answer = await self._client.fetch(Call(url=url, judge=meaning), tenant_id=tenant_id)
        for _ in range(POLLS):
            if not is_pending(answer):
                return answer
            await asyncio.sleep(POLL_S)
            # Reading a search by its id is free.
            path = f"/searches/{quote(search_id(answer), safe='')}.json?"
            url = self._base_url + path + urlencode({"api_key": self._key})
            answer = await self._client.fetch(Call(url=url, judge=meaning), tenant_id=tenant_id)
        raise Transient("serpapi: the search does not end", code="provider_timeout")


def meaning(status: int, payload: object) -> ProviderError | None:
    """What SerpApi's statuses and its `error` mean; None: what any status means."""
    error = as_text(as_object(payload).get("error"))
    if status == 429 and OUT_OF_SEARCHES in error.lower():
        return QuotaSpent(error)
    if status != 200:
        return None
    state = as_object(as_object(payload).get("search_metadata")).get("status")
    if is_empty(payload):
        return None
    if error or state == "Error":
        return Permanent(error or "the search has failed", code="provider_error")
    return None


def google(query: RankQuery, start: int) -> dict[str, str]:
    """Parameters of one page of Google's results."""
    found = {"engine": "google", "q": query.text, "device": query.device}
    if query.language:
        found["hl"] = query.language.lower()
    if query.country:
        found["gl"] = query.country.lower()
    if query.latitude is not None and query.longitude is not None:
        found["uule"] = uule(query.latitude, query.longitude, query)
    elif query.location:
        found["location"] = query.location
    if start:
        found["start"] = str(start)
    return found


def maps(query: RankQuery) -> dict[str, str]:
    """Parameters of Google Maps around the point."""
    found = {
        "engine": "google_maps",
        "type": "search",
        "q": query.text,
        "ll": f"@{query.latitude:.7f},{query.longitude:.7f},{MAPS_ZOOM}z",
    }
    if query.language:
        found["hl"] = query.language.lower()
    return found


def uule(latitude: float, longitude: float, query: RankQuery) -> str:
    """Google's parameter for a searcher at a point.

    Its time is the day's begin: parameters that differ would miss the cache, and cost.
    """
    began = datetime.combine(query.day, time(), UTC)
    lines = (
        "role: 1",
        "producer: 12",
        "provenance: 6",
        f"timestamp: {int(began.timestamp()) * 1_000_000}",
        "latlng{",
        f"latitude_e7: {round(latitude * 1e7)}",
        f"longitude_e7: {round(longitude * 1e7)}",
        "}",
        "radius: -1",
    )
    return "a+" + base64.b64encode("\n".join(lines).encode()).decode()


def joined(first: list[Organic], second: list[Organic]) -> list[Organic]:
    """Two pages as one list; a second page that counts from 1 again is moved behind the first."""
    last = first[-1].position
    shift = 0 if second and second[0].position > last else last
    moved = [Organic(o.position + shift, o.url, o.title) for o in second]
    return [*first, *moved][:DEPTH]
