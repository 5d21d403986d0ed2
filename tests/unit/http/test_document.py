"""The OpenAPI document tells a stranger all that the code knows of a field."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from lsos.api import create_app
from lsos.core.http.described import texts_of_fields
from lsos.core.http.schema import In, Out
from lsos.core.settings.settings import Settings

Json = dict[str, Any]
DIALECT = re.compile(
    r"\b(?:rows|one|entry|runs|pages|searches|value) a (?:page|day|month|run|attempt|campaign)\b"
    r"|\bto who\b|\bstands?\b|\btold\b|\bwho has not got\b",
    re.IGNORECASE,
)
SAYS_NULL = re.compile(r"\bnull\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def document() -> Json:
    """Nothing connects before the first request, so the stores need not exist."""
    settings = Settings(
        app_env="test",
        jwt_secret="-" * 32,
        postgres_dsn="postgresql+asyncpg://nobody@localhost/none",
        redis_url="redis://localhost:1",
        arq_redis_url="redis://localhost:1",
    )
    found: Json = create_app(settings).openapi_schema.to_schema()
    return found


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    for item in document["paths"].values():
        for operation in item.values():
            yield operation["operationId"], operation


def properties(document: Json) -> Iterator[tuple[str, str, Json]]:
    for name, schema in document["components"]["schemas"].items():
        for field, part in schema.get("properties", {}).items():
            yield name, field, part


def is_nullable(part: Json) -> bool:
    options = part.get("oneOf", [])
    return any(option.get("type") == "null" for option in options) or None in part.get("enum", [])


def test_nothing_is_left_undescribed(document: Json) -> None:
    """Add a text below the field, a description to the parameter, a docstring to the handler."""
    missing = [
        f"{name}: {part}"
        for name, operation in operations(document)
        for part in ("summary", "description")
        if not operation.get(part) or operation[part].startswith("Needs the scope")
    ]
    missing += [
        f"{name}: parameter {parameter['name']}"
        for name, operation in operations(document)
        for parameter in operation.get("parameters", ())
        if not parameter.get("description")
    ]
    missing += [
        f"{name}: property {field}"
        for name, field, part in properties(document)
        if not part.get("description")
    ]
    missing += [
        f"{name}: the body itself"
        for name, schema in document["components"]["schemas"].items()
        if not schema.get("description")
    ]
    assert missing == []


def test_what_may_be_null_says_what_null_means(document: Json) -> None:
    silent = [
        f"{name}.{field}"
        for name, field, part in properties(document)
        if is_nullable(part) and not SAYS_NULL.search(part.get("description", ""))
        if field != "data"
    ]
    assert silent == []


def test_it_is_written_in_plain_english(document: Json) -> None:
    texts = [(f"{n}.{f}", p.get("description", "")) for n, f, p in properties(document)]
    for name, operation in operations(document):
        texts.append((name, operation["description"]))
        texts += [
            (f"{name}: {p['name']}", p["description"]) for p in operation.get("parameters", ())
        ]
    assert [name for name, text in texts if DIALECT.search(text)] == []


def test_a_state_lists_its_values(document: Json) -> None:
    wanted = {
        ("CampaignView", "setup_state"),
        ("RunView", "state"),
        ("RunView", "phase"),
        ("JobView", "state"),
        ("ReportView", "state"),
        ("DeliveryView", "state"),
        ("RecommendationView", "state"),
        ("CrawlStatus", "state"),
        ("LatestReport", "state"),
        ("UserView", "role"),
    }
    listed = {(name, field) for name, field, part in properties(document) if part.get("enum")}
    assert wanted <= listed


def test_the_dashboard_is_no_bag_of_anything(document: Json) -> None:
    """A client that is generated from the document knows every figure by name."""
    schemas = document["components"]["schemas"]
    for field, part in schemas["Dashboard"]["properties"].items():
        if field == "figures":  # numbers of rooms that this document can't know
            assert {"type": "number"} in part["additionalProperties"]["oneOf"]
            continue
        for option in part.get("oneOf", [part]):
            assert option.get("type") != "object", field


def test_the_main_bodies_have_an_example(document: Json) -> None:
    schemas = document["components"]["schemas"]
    for name in (
        "CampaignCreate",
        "CampaignView",
        "CrawlSchedule",
        "Dashboard",
        "ErrorEnvelope",
        "JobView",
        "KeywordsCreate",
        "LocationCreate",
        "ReportCreate",
        "ReportView",
        "RunView",
        "ScheduleSet",
        "ScoreView",
    ):
        assert schemas[name].get("examples"), name


def _with_examples(kind: type) -> Iterator[type]:
    if "EXAMPLE" in vars(kind):
        yield kind
    for below in kind.__subclasses__():
        yield from _with_examples(below)


@pytest.mark.parametrize(
    "kind", [*_with_examples(In), *_with_examples(Out)], ids=lambda kind: kind.__name__
)
def test_an_example_is_what_the_body_takes_or_gives(kind: Any) -> None:
    made = msgspec.convert(kind.EXAMPLE, kind)
    assert set(msgspec.to_builtins(made)) >= set(kind.EXAMPLE), "no field of it is dropped"


def test_a_post_of_a_tenant_documents_its_idempotency_key(document: Json) -> None:
    found = dict(operations(document))
    keys = {
        name
        for name, operation in found.items()
        for parameter in operation.get("parameters", ())
        if parameter["name"] == "Idempotency-Key" and not parameter["required"]
    }
    assert {"createCampaign", "scheduleCrawl", "generateReport"} <= keys
    assert not keys & {"logIn", "getCampaign", "updateCampaign"}
    assert all("409" in found[name]["responses"] for name in keys)


def test_the_errors_of_a_route_follow_from_what_it_is(document: Json) -> None:
    found = {name: set(operation["responses"]) for name, operation in operations(document)}
    assert found["getHealth"] == {"200", "400", "422", "500", "503"}
    assert {"401", "403"} <= found["listCampaigns"]
    assert "404" not in found["listCampaigns"]
    assert {"401", "403", "404"} <= found["getCampaign"]
    assert {"404", "409", "413", "415"} <= found["scheduleCrawl"]
    assert "403" not in found["getMe"]


class Base(msgspec.Struct):
    kept: int
    """Of the base."""
    replaced: int
    """Of the base."""


class Derived(Base):
    replaced: int
    """Of the derived one, in two
    lines."""
    sent_as: int = msgspec.field(default=0, name="sentAs")
    """By its public name."""
    silent: int = 0


def test_a_text_is_found_below_its_field_and_in_bases() -> None:
    assert texts_of_fields(Derived) == {
        "kept": "Of the base.",
        "replaced": "Of the derived one, in two lines.",
        "sentAs": "By its public name.",
    }
