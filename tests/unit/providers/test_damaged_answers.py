"""Whatever a provider of any room sends, its parser gives clean values or a typed refusal (F31)."""

import math
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.core.settings.provider_config import FieldPaths
from lsos.domains.authority import provider as authority
from lsos.domains.local import provider as local
from lsos.domains.providers.answers import decode
from lsos.domains.providers.base import MAX_INT, PROVIDER_ERRORS
from lsos.domains.providers.generic import read_answer
from lsos.domains.rank.providers import http, serpapi_parse
from lsos.domains.reviews import provider as reviews

BODIES = 10_000
"""Damaged bodies a parser."""
PATHS = FieldPaths(results="results", pack="places")
ENVELOPE = {"search_metadata": {"id": "a", "status": "Success"}}
PROFILE = {
    "status": "found",
    "profile": {
        "id": "p1",
        "name": "Alder",
        "address": {"street": "1 Pine", "city": "Bay", "country": "US"},
        "hours": ["Mo-Fr 08:00-17:00"],
        "photos": 3,
        "last_post_at": "2026-11-20T15:04:00Z",
        "rating": 4.5,
        "reviews": 17,
    },
}
REVIEWS = {
    "status": "found",
    "total": 2,
    "rating": 4.5,
    "next_cursor": "2",
    "reviews": [
        {"id": f"r{n}", "author": "A", "rating": 4.5, "published_at": "2026-11-20T15:04:00Z"}
        for n in range(2)
    ],
}
BACKLINKS = {
    "status": "found",
    "followed_domains": 7,
    "backlinks": [
        {
            "source_url": f"https://s{n}.example/",
            "target_url": "https://own.example/",
            "is_followed": True,
            "first_seen_at": "2026-11-20T15:04:00Z",
        }
        for n in range(2)
    ],
}
SEARCH = {
    "results": [{"position": n, "url": f"https://s{n}.example/", "title": "T"} for n in (1, 2)],
    "places": [{"position": 1, "title": "A", "place_id": "17"}],
}
MAPS = {
    **ENVELOPE,
    "local_results": [
        {"position": n, "title": "A", "place_id": "17", "rating": 4.5} for n in (1, 2)
    ],
}
GOOGLE = {
    **ENVELOPE,
    "organic_results": [
        {"position": n, "title": "T", "link": f"https://s{n}.example/"} for n in (1, 2)
    ],
    "local_results": {"places": [{"position": 1, "title": "A", "place_id": "17"}]},
}

Parse = Callable[[Any], object]
PARSERS: dict[str, tuple[Parse, dict[str, Any]]] = {
    "profiles": (lambda p: local.parse("x", read_answer("x", p)), PROFILE),
    "reviews": (lambda p: reviews.parse("x", read_answer("x", p)), REVIEWS),
    "backlinks": (lambda p: authority.parse("x", read_answer("x", p)), BACKLINKS),
    "rank-http": (lambda p: http.parse(p, PATHS), SEARCH),
    "serpapi-google": (serpapi_parse.parse_google, GOOGLE),
    "serpapi-maps": (serpapi_parse.parse_maps, MAPS),
}
KEYS = sorted(
    {
        key
        for _, good in PARSERS.values()
        for key in msgspec.json.encode(good).decode().split('"')[1::2]
        if key.isidentifier()
    }
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=12)
    | st.sampled_from(["found", "empty", "Success", "https://a.example/", "\x00", "2026-11-20"])
)
JSON: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=20,
)


def check_clean(value: object) -> None:
    """All that a parser gives can be stored: no NaN, no NUL, nothing out of its column's range."""
    if isinstance(value, float):
        assert math.isfinite(value)
    elif isinstance(value, int):
        assert -MAX_INT <= value <= MAX_INT
    elif isinstance(value, str):
        assert "\x00" not in value
    elif isinstance(value, datetime):
        assert value.tzinfo is UTC
        assert 1989 < value.year < 2102
    elif isinstance(value, dict):
        check_clean(list(value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            check_clean(item)
    elif value is not None:
        fields = getattr(value, "__struct_fields__", None) or getattr(
            value, "__dataclass_fields__", None
        )
        assert fields, f"a parser gave a {type(value).__name__}"
        check_clean([getattr(value, name) for name in fields])


@pytest.mark.parametrize("name", PARSERS)
def test_a_whole_answer_is_read(name: str) -> None:
    parse, good = PARSERS[name]
    check_clean(parse(decode(msgspec.json.encode(good))))


@pytest.mark.parametrize("name", PARSERS)
def test_ten_thousand_damaged_answers_end_in_clean_values_or_types(name: str) -> None:
    parse, good = PARSERS[name]
    draw = random.Random(name)
    body = msgspec.json.encode(good)
    refused = 0
    for _ in range(BODIES):
        raw = bytearray(body)
        for _ in range(draw.randint(1, 4)):
            place = draw.randrange(len(raw))
            if draw.random() < 0.6:
                raw[place] = draw.choice(b'{}[]",:0123456789.eE-+aNull \x00\xff')
            else:
                del raw[place : place + draw.randint(1, 30)]
        try:
            payload = decode(bytes(raw))
        except ValueError:  # the client makes a BadResponse of it
            refused += 1
            continue
        try:
            check_clean(parse(payload))
        except PROVIDER_ERRORS:
            refused += 1
    assert BODIES // 20 < refused < BODIES, "some are whole enough to be read"


@pytest.mark.parametrize("name", PARSERS)
@given(data=st.data())
def test_no_json_breaks_a_parser(name: str, data: st.DataObject) -> None:
    """Any JSON, and one part of a good answer that is any JSON, NaN and infinity too."""
    parse, good = PARSERS[name]
    key = data.draw(st.sampled_from(sorted(good)))
    for payload in (data.draw(JSON), {**good, key: data.draw(JSON)}):
        with suppress(*PROVIDER_ERRORS):
            check_clean(parse(payload))
