"""SerpApi is asked as little as possible: each page is billed."""

import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web

from lsos.core.redis.client import client as redis_client
from lsos.domains.providers.base import BadResponse, Denied, QuotaSpent, Transient
from lsos.domains.providers.client import ProviderClient
from lsos.domains.rank.providers import serpapi
from lsos.domains.rank.providers.serpapi import SerpApiRanks
from lsos.domains.rank.rules import BusinessIdentity, RankQuery, SearchPage, judge
from lsos.embedded import Stores
from tests.integration.providers.cases_rank import CASES
from tests.integration.providers.contract import QUICK, Harness, harness, reply

OWN = BusinessIdentity(site="alder.example", cids=frozenset({"17"}))
DONE = {"search_metadata": {"id": "s1", "status": "Success"}}


def google(*links: str, **more: Any) -> bytes:
    found = [{"position": i, "link": link, "title": "T"} for i, link in enumerate(links, 1)]
    return json.dumps({**DONE, "organic_results": found, **more}).encode()


MORE = {"serpapi_pagination": {"current": 1, "next": "https://provider.example/search?start=10"}}
"""What says that another page follows."""


def others(count: int, first: int = 0) -> list[str]:
    return [f"https://s{first + i}.example/" for i in range(count)]


class Met:
    def __init__(self, made: Harness) -> None:
        self.harness = made
        self.seen: list[dict[str, str]] = []
        client = ProviderClient(
            made.provider, made.outbound, made.gate, credential="key", limits=QUICK
        )
        self.provider = SerpApiRanks(client, made.base_url, "key")

    async def ask(self, *bodies: bytes | Any, **changes: Any) -> SearchPage:
        steps = [reply(body) if isinstance(body, bytes) else body for body in bodies]

        async def answer(request: web.Request) -> web.StreamResponse:
            self.seen.append({"path": request.path, **request.query})
            step = steps.pop(0)
            response: web.StreamResponse = await step(request)
            return response

        self.harness.script.steps = [answer]
        values = {"text": "plumber", "language": "en", "country": "US", "day": date(2026, 3, 1)}
        query = RankQuery(**{**values, **changes})
        return await self.provider.fetch(query, OWN, tenant_id=uuid4())


@pytest.fixture
async def met(shared_stores: Stores) -> AsyncIterator[Met]:
    redis = redis_client(shared_stores.redis_url)
    case = next(case for case in CASES if case.name == "rank-serpapi")
    async with harness(case, redis) as made:
        yield Met(made)
    await redis.aclose()


async def test_the_second_page_is_asked_for_only_when_it_can_tell_more(met: Met) -> None:
    page = await met.ask(google(*others(3), "https://www.alder.example/", *others(6, 3)))
    assert judge(page, OWN).position == 4
    assert len(met.seen) == 1
    second = google(*others(4, 10), "https://alder.example/x")
    page = await met.ask(google(*others(10), **MORE), second)
    assert judge(page, OWN).position == 15
    assert [seen.get("start") for seen in met.seen[1:]] == [None, "10"]
    page = await met.ask(google(*others(10)))
    assert judge(page, OWN).state == "not_found", "nothing says that another page follows"
    assert len(met.seen) == 4
    assert {seen["path"] for seen in met.seen} == {"/search.json"}


async def test_a_short_page_is_not_taken_for_the_last_one(met: Met) -> None:
    """Pages on which other features take the place of results have seven of them or fewer."""
    mine = google(*others(2, 7), "https://www.alder.example/")
    page = await met.ask(google(*others(7), **MORE), mine)
    assert judge(page, OWN).position == 10
    page = await met.ask(google(*others(7), **MORE), google(*others(7, 7), **MORE), google())
    assert judge(page, OWN).state == "not_found"
    assert len(met.seen) == 5, "an empty page is the last one"


async def test_a_further_page_that_fails_leaves_the_rank_unknown(met: Met) -> None:
    with pytest.raises(BadResponse):
        await met.ask(google(*others(10), **MORE), b"<html>")


@pytest.mark.parametrize("position", [0, -1, "first", 1.5, True, 10_000, [1]])
async def test_an_impossible_position_is_never_a_rank(met: Met, position: object) -> None:
    found = [{"position": position, "link": "https://www.alder.example/", "title": "T"}]
    with pytest.raises(BadResponse):
        await met.ask(json.dumps({**DONE, "organic_results": found}).encode())


async def test_a_point_asks_the_map_around_it(met: Met) -> None:
    places = [{"position": 7, "title": "A", "place_id": "ChIJ", "data_cid": "17"}]
    page = await met.ask(
        google("https://alder.example/"),
        json.dumps({**DONE, "local_results": places}).encode(),
        latitude=30.2672,
        longitude=-97.7431,
    )
    result = judge(page, OWN)
    assert (result.position, result.pack_position) == (1, 7)
    first, second = met.seen
    assert "uule" in first
    assert (second["engine"], second["ll"]) == ("google_maps", "@30.2672000,-97.7431000,14z")


async def test_a_failing_map_costs_no_organic_result(met: Met) -> None:
    page = await met.ask(
        google("https://alder.example/"), b"<html>", latitude=30.2672, longitude=-97.7431
    )
    result = judge(page, OWN)
    assert (result.state, result.position) == ("found", 1)
    assert (result.pack_state, result.error_code) == ("error", "provider_bad_response")


async def test_a_time_out_is_asked_again_with_the_same_parameters(met: Met) -> None:
    """Or the cache, which answers for free, is missed."""
    point = {"latitude": 30.2672, "longitude": -97.7431}
    busy = reply(b'{"error": "try again later"}', 503)
    empty = json.dumps({**DONE, "local_results": []}).encode()
    await met.ask(busy, google("https://alder.example/"), empty, **point)
    assert met.seen[0] == met.seen[1]
    assert "no_cache" not in met.seen[0]


async def test_a_search_under_way_is_read_by_its_id(
    met: Met, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serpapi, "POLL_S", 0.0)
    waiting = json.dumps({"search_metadata": {"id": "s/1", "status": "Processing"}}).encode()
    page = await met.ask(waiting, waiting, google("https://alder.example/"))
    assert judge(page, OWN).position == 1
    assert [seen["path"] for seen in met.seen] == [
        "/search.json",
        "/searches/s/1.json",
        "/searches/s/1.json",
    ]
    with pytest.raises(Transient):
        await met.ask(*[waiting] * 10)


async def test_an_account_without_searches_is_asked_no_more(met: Met) -> None:
    spent = reply(b'{"error": "Your account has run out of searches."}', 429)
    with pytest.raises(QuotaSpent):
        await met.ask(spent)
    with pytest.raises(QuotaSpent):
        await met.ask(google())
    assert len(met.seen) == 1


async def test_a_map_refused_for_the_key_ends_the_run(met: Met) -> None:
    with pytest.raises(Denied):
        await met.ask(
            google("https://alder.example/"),
            reply(b'{"error": "no permission"}', 403),
            latitude=1.0,
            longitude=2.0,
        )
