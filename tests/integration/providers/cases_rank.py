"""The rank adapters that ask somebody, for the contract of all adapters."""

import json
from datetime import date
from uuid import UUID

import msgspec

from lsos.core.settings.provider_config import FieldPaths, JsonSource
from lsos.domains.providers.client import ProviderClient
from lsos.domains.rank.providers.base import RankProvider
from lsos.domains.rank.providers.http import HttpRanks
from lsos.domains.rank.providers.serpapi import SerpApiRanks
from lsos.domains.rank.rules import BusinessIdentity, RankQuery
from tests.integration.providers.contract import AdapterCase, Ask

QUERY = RankQuery(
    text="emergency plumber & drains",
    language="en",
    country="US",
    location="Austin, Texas, United States",
    day=date(2026, 3, 1),
)
OWN = BusinessIdentity(site="alder.example", cids=frozenset({"17"}))
CREDENTIAL = AdapterCase.credential


def ask_of(provider: RankProvider) -> Ask:
    async def ask(tenant_id: UUID) -> object:
        return await provider.fetch(QUERY, OWN, tenant_id=tenant_id)

    return ask


def build_http(client: ProviderClient, base_url: str) -> Ask:
    config = JsonSource(
        url=base_url + "/serp?q={keyword}&at={location}",
        headers={"Authorization": f"Bearer {CREDENTIAL}"},
        fields=FieldPaths(results="results", pack="places"),
    )
    return ask_of(HttpRanks(client, config))


def build_post(client: ProviderClient, base_url: str) -> Ask:
    config = JsonSource(
        url=base_url + "/serp",
        method="POST",
        body={"q": "{keyword}", "key": CREDENTIAL},
        fields=FieldPaths(results="results"),
    )
    return ask_of(HttpRanks(client, config))


def build_serpapi(client: ProviderClient, base_url: str) -> Ask:
    return ask_of(SerpApiRanks(client, base_url, CREDENTIAL))


HTTP_GOOD = json.dumps(
    {"results": [{"position": 1, "url": "https://www.alder.example/", "title": "Alder"}]}
).encode()
SERPAPI_GOOD = json.dumps(
    {
        "search_metadata": {"id": "a1", "status": "Success"},
        "organic_results": [{"position": 1, "title": "A", "link": "https://alder.example/"}],
        "local_results": {"places": [{"position": 1, "title": "A", "place_id": "17"}]},
    }
).encode()


def _serpapi(**parts: object) -> bytes:
    return msgspec.json.encode({"search_metadata": {"status": "Success"}, **parts})


HTTP_BROKEN = (
    b"{}",
    b'{"results": {"a": 1}}',
    b'{"results": "none"}',
    b'{"results": [1, 2, 3]}',
    b'{"results": [{"url": 5.5}]}',
)
CASES = [
    AdapterCase(
        name="rank-http",
        build=build_http,
        good=HTTP_GOOD,
        broken=(*HTTP_BROKEN, b'{"results": [], "places": 7}'),
    ),
    AdapterCase(
        name="rank-http-post",
        build=build_post,
        good=HTTP_GOOD,
        repeats=False,
        broken=HTTP_BROKEN,
    ),
    AdapterCase(
        name="rank-serpapi",
        build=build_serpapi,
        good=SERPAPI_GOOD,
        broken=(
            b"{}",
            b'{"search_metadata": []}',
            _serpapi(),
            _serpapi(organic_results={"a": 1}),
            _serpapi(organic_results=["a"]),
            _serpapi(organic_results=[{"link": 4}]),
            _serpapi(organic_results=[{"link": "https://a.example/"}], local_results=5),
        ),
    ),
]
