"""Whatever a rank provider sends, the reader gets a page or a typed refusal, and clean values."""

import base64
import random
from contextlib import suppress
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.core.settings.provider_config import FieldPaths
from lsos.domains.providers.answers import decode
from lsos.domains.providers.base import (
    MAX_INT,
    PROVIDER_ERRORS,
    BadResponse,
    Permanent,
    QuotaSpent,
)
from lsos.domains.rank.providers.http import at, parse
from lsos.domains.rank.providers.serpapi import google, joined, maps, meaning, uule
from lsos.domains.rank.providers.serpapi_parse import is_empty, parse_google, parse_maps
from lsos.domains.rank.rules import BusinessIdentity, Organic, Place, RankQuery, SearchPage, judge

PATHS = FieldPaths(results="data.0.items", position="rank", url="link", pack="places")
OWN = BusinessIdentity(site="alder.example", cids=frozenset({"17"}))
DONE = {"search_metadata": {"id": "a", "status": "Success"}}

KEYS = st.sampled_from(
    [
        "search_metadata", "status", "organic_results", "local_results", "places", "place_results",
        "position", "link", "title", "place_id", "data_id", "data_cid", "links", "website",
        "search_information", "organic_results_state", "error", "data", "items", "rank", "x",
    ]
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=20)
    | st.sampled_from(["Success", "https://alder.example/", "Fully empty", "0x1:0xff", "\x00", "١"])
)
JSON: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)
NEARLY = st.dictionaries(KEYS, JSON, max_size=8).map(lambda extra: {**extra, **DONE})


def judged(page: SearchPage) -> None:
    """The values that would be stored fit their columns."""
    result = judge(page, OWN)
    stored = msgspec.json.encode([result.results, result.pack, result.features, result.url])
    assert b"\\u0000" not in stored
    assert b"NaN" not in stored
    for entry in (*result.results, *result.pack):
        assert 1 <= entry.position <= MAX_INT


@given(JSON | NEARLY)
def test_no_json_breaks_a_parser(payload: Any) -> None:
    for read in (parse_google, lambda p: parse(p, PATHS)):
        with suppress(*PROVIDER_ERRORS):
            judged(read(payload))
    with suppress(*PROVIDER_ERRORS):
        judged(SearchPage(organic=[], pack=parse_maps(payload)))
    for status in (200, 400, 429, 503):
        assert isinstance(meaning(status, payload), (type(None), *PROVIDER_ERRORS))


GOOD: dict[str, Any] = {
    **DONE,
    "search_information": {"organic_results_state": "Results for exact spelling"},
    "organic_results": [
        {"position": i, "title": f"T{i}", "link": f"https://s{i}.example/"} for i in range(1, 9)
    ],
    "local_results": {"places": [{"position": 1, "title": "A", "place_id": "17"}]},
}


def test_ten_thousand_damaged_answers_end_in_types() -> None:
    draw = random.Random(7)
    body = msgspec.json.encode(GOOD)
    refused = 0
    for _ in range(10_000):
        raw = bytearray(body)
        for _ in range(draw.randint(1, 4)):
            place = draw.randrange(len(raw))
            if draw.random() < 0.5:
                raw[place] = draw.choice(b'{}[]",:0123456789.eE-+aNull \x00\xff')
            else:
                del raw[place : place + draw.randint(1, 40)]
        try:
            judged(parse_google(decode(bytes(raw))))
        except (ValueError, *PROVIDER_ERRORS):
            refused += 1
    assert 1_000 < refused < 10_000


# SerpApi's shapes


def test_a_page_of_google() -> None:
    page = parse_google(GOOD)
    assert [o.position for o in page.organic] == list(range(1, 9))
    assert page.pack == [Place(1, "A", "17", "", "")]
    assert page.features == ["local_results"]


def test_the_pack_comes_in_two_forms() -> None:
    places = [{"position": 2, "title": "B", "place_id": "18", "links": {"website": "http://b.c/"}}]
    expected = [Place(2, "B", "18", "", "http://b.c/")]
    assert parse_google({**GOOD, "local_results": places}).pack == expected
    assert parse_google({**GOOD, "local_results": {"places": places}}).pack == expected
    without = {k: v for k, v in GOOD.items() if k != "local_results"}
    assert parse_google(without).pack == []


def test_the_ids_of_a_place_are_kept_apart() -> None:
    """The same field name holds a CID in one engine and a Place ID in another."""
    in_maps = {
        **DONE,
        "local_results": [
            {"place_id": "ChIJabc", "data_id": "0x864:0xea388e8841a2955e", "title": "A"},
            {"place_id": "ChIJdef", "data_cid": "42", "title": "B"},
        ],
    }
    first, second = parse_maps(in_maps)
    assert (first.cid, first.place_id) == ("16877396319438804318", "ChIJabc")
    assert (second.cid, second.place_id, second.position) == ("42", "ChIJdef", 2)


def test_one_exact_match_is_rank_one() -> None:
    alone = parse_maps({**DONE, "place_results": {"title": "A", "place_id": "ChIJ1"}})
    assert alone == [Place(1, "A", "", "ChIJ1", "")]


@pytest.mark.parametrize(
    "extra",
    [
        {"search_information": {"organic_results_state": "Fully empty"}},
        {"error": "Google hasn't returned any results for this query."},
    ],
)
def test_no_results_is_an_answer(extra: dict[str, Any]) -> None:
    payload = {**DONE, **extra}
    assert is_empty(payload)
    assert meaning(200, payload) is None
    assert judge(parse_google(payload), OWN).state == "empty"
    assert parse_maps(payload) == []


def test_an_error_text_is_no_answer() -> None:
    assert isinstance(meaning(200, {**DONE, "error": "Something else"}), Permanent)
    failed = {"search_metadata": {"status": "Error"}}
    assert isinstance(meaning(200, failed), Permanent)
    spent = meaning(429, {"error": "Your account has run out of searches."})
    assert isinstance(spent, QuotaSpent)
    assert meaning(429, {"error": "hourly throughput exceeded"}) is None


def test_a_second_page_continues_the_count_however_it_counts() -> None:
    first = [Organic(i, f"https://a{i}.example/", "") for i in range(1, 11)]
    again = [Organic(i, f"https://b{i}.example/", "") for i in (1, 2)]
    on = [Organic(i, f"https://b{i}.example/", "") for i in (11, 12)]
    assert [o.position for o in joined(first, again)] == list(range(1, 13))
    assert [o.position for o in joined(first, on)] == list(range(1, 13))
    assert len(joined(first, [*again] * 8)) == 20


# What is asked


def query(**changes: Any) -> RankQuery:
    values = {"text": "plumber", "language": "en", "country": "US", "day": date(2026, 3, 1)}
    return RankQuery(**{**values, **changes})


def test_a_place_is_named_or_a_point_encoded_never_both() -> None:
    named = google(query(location="Austin, Texas"), 0)
    assert named == {
        "engine": "google", "q": "plumber", "device": "desktop", "hl": "en", "gl": "us",
        "location": "Austin, Texas",
    }  # fmt: skip
    point = query(latitude=30.2672, longitude=-97.7431)
    asked = google(point, 10)
    assert asked["start"] == "10"
    assert "location" not in asked
    assert "num" not in asked
    decoded = base64.b64decode(asked["uule"].removeprefix("a+")).decode()
    assert "latitude_e7: 302672000" in decoded
    assert "longitude_e7: -977431000" in decoded
    # Identical parameters, or the cache is missed and the repeat is billed.
    assert uule(30.2672, -97.7431, point) == asked["uule"]
    assert maps(point)["ll"] == "@30.2672000,-97.7431000,14z"


# Any JSON source


def test_field_paths_lead_through_objects_and_lists() -> None:
    payload = {
        "data": [{"items": [{"rank": "3", "link": "https://b.example/", "title": "B"},
                            {"rank": 1, "link": "https://a.example/"}]}],
        "places": [{"title": "A", "cid": 17, "place_id": "ChIJ1", "website": "https://a.example"}],
    }  # fmt: skip
    page = parse(payload, PATHS)
    assert page.organic == [
        Organic(1, "https://a.example/", ""),
        Organic(3, "https://b.example/", "B"),
    ]
    assert page.pack == [Place(1, "A", "17", "ChIJ1", "https://a.example")]
    assert at(payload, "data.7.items") is at(payload, "no.where")


def test_a_missing_list_is_refused_and_an_empty_one_is_empty() -> None:
    with pytest.raises(BadResponse):
        parse({"data": []}, PATHS)
    assert judge(parse({"data": [{"items": []}]}, PATHS), OWN).state == "empty"
