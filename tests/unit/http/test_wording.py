"""What people read when a value is refused: its name, what they sent, what is allowed."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest

from lsos.core.http.wording import MAX_FAULTS, expected, faults, given

JARGON = re.compile(
    r"`|\$|\\|\^|\bint\b|\bstr\b|\bfloat\b|\bbool\b|None\b|[Ee]num|msgspec|Union|>=|<="
)
Limit = Annotated[int, msgspec.Meta(ge=1, le=200)]
Country = Annotated[
    str,
    msgspec.Meta(pattern=r"^([A-Za-z]{2})?\Z", extra=expected("an ISO 3166-1 code, such as DE")),
]


class Keyword(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=5)]
    country: Country | None = None
    volume: Annotated[int, msgspec.Meta(ge=0)] | msgspec.UnsetType | None = msgspec.UNSET
    share: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    device: Literal["desktop", "mobile"] = "desktop"
    place: UUID | None = None
    since: datetime | None = None
    day: date | None = None
    is_active: bool = True
    tags: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=3)]], msgspec.Meta(max_length=2)
    ] = msgspec.field(default_factory=list)
    api_secret: Annotated[str, msgspec.Meta(min_length=8)] = "long enough"
    internal: int = msgspec.field(default=1, name="publicName")


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    keywords: list[Keyword]
    limits: dict[str, float] = msgspec.field(default_factory=dict)


FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"text": 5}, "text: expected text of 1 to 5 characters, got a number"),
    ({"text": None}, "text: expected text of 1 to 5 characters, got null"),
    ({"text": ["a"]}, "text: expected text of 1 to 5 characters, got a list"),
    ({"text": ""}, "text: must not be empty"),
    ({"text": "abcdef"}, "text: has 6 characters; allowed are 1 to 5"),
    ({"country": "Deutschland"}, "country: 'Deutschland' is not an ISO 3166-1 code, such as DE"),
    ({"volume": -1}, "volume: -1 is not a whole number of at least 0"),
    ({"volume": 1.5}, "volume: 1.5 is not a whole number of at least 0"),
    ({"volume": "many"}, "volume: expected a whole number of at least 0, got text"),
    ({"share": 1}, "share: 1 is not a number above 0 and below 1"),
    ({"share": True}, "share: expected a number above 0 and below 1, got true"),
    ({"device": "phone"}, "device: 'phone' is not one of desktop, mobile"),
    ({"device": {}}, "device: expected one of desktop, mobile, got an object"),
    (
        {"place": "here"},
        "place: 'here' is not a UUID, such as 01920000-0000-7000-8000-000000000000",
    ),
    (
        {"since": "yesterday"},
        "since: 'yesterday' is not a time with an offset, such as 2026-03-01T09:30:00Z",
    ),
    ({"day": "1 March"}, "day: '1 March' is not a date, such as 2026-03-01"),
    ({"is_active": "maybe"}, "is_active: expected true or false, got text"),
    ({"tags": "a"}, "tags: expected a list, got text"),
    ({"tags": ["a", "b", "c"]}, "tags: has 3 items; allowed are at most 2"),
    ({"tags": ["a", "long"]}, "tags[1]: has 4 characters; allowed are at most 3"),
    ({"publicName": "x"}, "publicName: expected a whole number, got text"),
    ({"contry": "DE"}, "contry: there is no such field; did you mean country?"),
    ({"internal": 1}, "internal: there is no such field"),
]


@pytest.mark.parametrize("change, message", FIELDS, ids=lambda value: str(value)[:40])
def test_a_field_is_named_as_it_was_sent(change: dict[str, Any], message: str) -> None:
    found = faults({"text": "ok", **change}, Keyword)
    assert [fault.message for fault in found] == [message]
    assert found[0].field == message.partition(":")[0]
    assert not JARGON.search(message)


@pytest.mark.parametrize(
    "value, kind, message",
    [
        ("ten", Limit, "limit: 'ten' is not a whole number from 1 to 200"),
        ("0", Limit, "limit: '0' is not a whole number from 1 to 200"),
        ("", Limit, "limit: an empty text is not a whole number from 1 to 200"),
        ("maybe", bool | None, "limit: 'maybe' is not true or false"),
        ("c", Literal["b", "a"] | None, "limit: 'c' is not one of b, a"),
        ("x", date | None, "limit: 'x' is not a date, such as 2026-03-01"),
    ],
    ids=str,
)
def test_a_query_parameter_is_text_until_it_is_read(value: str, kind: Any, message: str) -> None:
    assert [fault.message for fault in faults(value, kind, "limit", is_text=True)] == [message]


@pytest.mark.parametrize("value, kind", [("7", Limit), ("true", bool), ("DE", Country)], ids=str)
def test_what_fits_has_no_fault(value: str, kind: Any) -> None:
    assert faults(value, kind, "limit", is_text=True) == []


def test_all_faults_are_told_at_once_each_with_its_path() -> None:
    body = {"keywords": [{"text": "ok"}, {}, {"text": 1, "tags": ["a", 5]}], "limits": {"x": "y"}}
    assert [
        (fault.field, fault.message.partition(": ")[2][:20]) for fault in faults(body, Body)
    ] == [
        ("keywords[1].text", "is required"),
        ("keywords[2].text", "expected text of 1 t"),
        ("keywords[2].tags[1]", "expected text of at "),
        ("limits.x", "expected a number, g"),
    ]
    assert [fault.message for fault in faults([], Body)] == [
        "the body: expected an object, got a list"
    ]


def test_a_thousand_faults_do_not_make_a_thousand_messages() -> None:
    assert len(faults({"keywords": [{}] * 1_000}, Body)) == MAX_FAULTS


def test_an_unknown_name_lists_the_known_ones_and_is_cut() -> None:
    (fault,) = faults({"text": "ok", "x" * 5_000: 1}, Keyword)
    assert {"text", "country", "publicName"} <= set(fault.known)
    assert len(fault.message) < 300


@pytest.mark.parametrize(
    "secret", ["hunter2", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"], ids=["short", "token"]
)
def test_a_secret_is_never_quoted(secret: str) -> None:
    (fault,) = faults({"text": "ok", "api_secret": secret[:7]}, Keyword)
    assert secret[:7] not in fault.message
    (fault,) = faults({"text": "ok", "country": secret}, Keyword)
    assert not secret.startswith("eyJ") or secret not in fault.message


def test_a_quoted_value_is_short_printable_and_without_credentials() -> None:
    assert given("https://me:pw@example.com/") == "'https://[hidden]@example.com/'"
    assert len(given("x" * 10_000)) < 100
    assert given("a\x1b[31m\u202eb") == "'a�[31m�b'"
