"""Refusals over HTTP: the caller reads which field, what was sent, and what is allowed."""

from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import Api
from tests.support.clients import Answer
from tests.support.parties import Party

NOBODY = "01920000-0000-7000-8000-000000000000"


def errors(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 422, answer.text
    found: list[dict[str, Any]] = answer.body["errors"]
    return found


QUERIES: list[tuple[str, str, str]] = [
    ("/dashboard", "campaign_id", "campaign_id: is required"),
    ("/rank/keywords", "campaign_id", "campaign_id: is required"),
    ("/campaigns?limit=0", "limit", "limit: '0' is not a whole number from 1 to 200"),
    ("/campaigns?limit=ten", "limit", "limit: 'ten' is not a whole number from 1 to 200"),
    (
        "/campaigns?setup_state=Nowhere",
        "setup_state",
        "setup_state: 'Nowhere' is not one of Draft, Configured, BaselineRunning, Active, Paused,"
        " Archived",
    ),
    (
        "/jobs?state=lost",
        "state",
        "state: 'lost' is not one of queued, running, done, dead, cancelled",
    ),
    ("/jobs?campaign_id=x", "campaign_id", f"campaign_id: 'x' is not a UUID, such as {NOBODY}"),
    (
        f"/rank/snapshots?campaign_id={NOBODY}&day=today",
        "day",
        "day: 'today' is not a date, such as 2026-03-01",
    ),
    (
        f"/reviews?campaign_id={NOBODY}&is_answered=perhaps",
        "is_answered",
        "is_answered: 'perhaps' is not true or false",
    ),
    (
        "/campaigns?cursor=nonsense",
        "cursor",
        "cursor: this cursor is not one that the list gave out",
    ),
]


@pytest.mark.parametrize("path, field, message", QUERIES, ids=lambda value: str(value)[:40])
async def test_a_query_is_refused_in_words(
    mine: Party, path: str, field: str, message: str
) -> None:
    (error,) = errors(await mine.clients.admin.get(path))
    assert (error["field"], error["message"]) == (field, message)


BODIES: list[tuple[str, str, dict[str, Any], list[tuple[str | None, str]]]] = [
    (
        "POST",
        "/campaigns",
        {"name": 5, "services": ["ok", 5], "colour": 1},
        [
            ("colour", "colour: there is no such field"),
            ("name", "name: expected text of 1 to 200 characters, got a number"),
            ("services[1]", "services[1]: expected text of 1 to 200 characters, got a number"),
        ],
    ),
    ("POST", "/campaigns", {}, [("name", "name: is required")]),
    (
        "POST",
        "/campaigns",
        {"name": "x", "site_url": "ftp://me:pw@example.com"},
        [
            (
                "site_url",
                "site_url: 'ftp://[hidden]@example.com' is not an http or https URL, such as"
                " https://www.example.com/",
            )
        ],
    ),
    (
        "POST",
        "/rank/keywords",
        {"campaign_id": NOBODY, "keywords": [{"text": "a"}, {"text": "b", "contry": "DE"}]},
        [
            (
                "keywords[1].contry",
                "keywords[1].contry: there is no such field; did you mean country?",
            )
        ],
    ),
    (
        "POST",
        "/crawl/schedule",
        {"campaign_id": NOBODY, "mode": "full", "max_pages": 0, "min_interval_s": 61},
        [
            ("mode", "mode: 'full' is not one of deep, delta"),
            ("max_pages", "max_pages: 0 is not a whole number from 1 to 1000000"),
            ("min_interval_s", "min_interval_s: 61 is not a number from 0 to 60"),
        ],
    ),
    (
        "PUT",
        "/tenants/{tenant}/branding",
        {"primary_colour": "red", "reply_to": "nobody"},
        [
            ("primary_colour", "primary_colour: 'red' is not a colour, such as #1f4e79"),
            (
                "reply_to",
                "reply_to: 'nobody' is not an e-mail address, such as name@example.com",
            ),
        ],
    ),
    (
        "POST",
        "/auth/api-keys",
        {"name": "key", "scopes": []},
        [("scopes", "scopes: must not be empty")],
    ),
]


@pytest.mark.parametrize("method, path, body, expected", BODIES, ids=lambda value: str(value)[:40])
async def test_a_body_is_refused_in_words_with_every_fault(
    mine: Party, method: str, path: str, body: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    path = path.replace("{tenant}", str(mine.rows.tenant_id))
    found = errors(await mine.clients.admin.ask(method, path, json=body))
    assert [(error.get("field"), error["message"]) for error in found] == expected


async def test_a_country_is_refused_with_what_is_allowed(mine: Party) -> None:
    answer = await mine.clients.admin.post(
        f"/campaigns/{mine.rows.campaign_id}/locations",
        json={"name": "Here", "country": "Deutschland"},
    )
    (error,) = errors(answer)
    assert error["message"] == "country: 'Deutschland' is not an ISO 3166-1 code, such as DE"


async def test_no_body_at_all_is_said(mine: Party) -> None:
    (error,) = errors(await mine.clients.admin.post("/campaigns"))
    assert error["message"] == "the request needs a JSON body"
    (error,) = errors(await mine.clients.admin.ask("POST", "/campaigns", content=b"[]"))
    assert error["message"] == "the body: expected an object, got a list"


async def test_a_password_is_never_sent_back(mine: Party) -> None:
    secret = "correct horse " * 30
    answer = await mine.clients.admin.post(
        "/auth/password", json={"current_password": secret, "new_password": [secret]}
    )
    assert {error["field"] for error in errors(answer)} == {"current_password", "new_password"}
    assert "horse" not in answer.text


UNKNOWN: list[tuple[str, str]] = [
    ("GET", "/campaigns?stat=Draft"),
    ("GET", f"/dashboard?campaign_id={NOBODY}&colour=red"),
    ("GET", "/crawl/runs/{run}?verbose=1"),
    ("GET", "/crawl/runs/{run}/pages?statuss=200"),
    ("GET", "/crawl/runs/{run}/events?follow=1"),
    ("GET", "/crawl/runs/{run}/export?kind=pages&fromat=csv"),
    ("GET", "/health/metrics?window=60"),
    ("POST", "/campaigns?dry_run=true"),
    ("DELETE", f"/campaigns/{NOBODY}?force="),
]


@pytest.mark.parametrize("method, path", UNKNOWN, ids=str)
async def test_an_unknown_query_parameter_is_refused(mine: Party, method: str, path: str) -> None:
    """A filter that is misspelt must not look like an unfiltered answer."""
    path = path.replace("{run}", str(mine.rows.run_id))
    (error,) = errors(await mine.clients.admin.ask(method, path))
    assert error["code"] == "validation_failed"
    assert f"{error['field']}=" in path
    assert "there is no such query parameter" in error["message"]
    assert error["detail"]["in"] == "query"


async def test_the_known_query_parameters_are_listed(mine: Party) -> None:
    (error,) = errors(await mine.clients.admin.get("/campaigns?setup_stat=Draft"))
    assert error["detail"]["known"] == ["cursor", "limit", "setup_state"]
    assert error["message"].endswith("did you mean setup_state?")


async def test_probes_scrapers_and_browsers_may_add_a_parameter(api: Api, mine: Party) -> None:
    prefix = api.settings.api_v1_prefix
    for path in (
        f"{prefix}/health?probe=1",
        f"{prefix}/health/readiness?t=123",
        "/schema?theme=dark",
        "/schema/openapi.json?v=2",
    ):
        assert (await api.http.get(path)).status_code == 200, path
    token = mine.clients.admin.token
    scraped = await api.http.get(
        "/metrics?format=prometheus", headers={"Authorization": f"Bearer {token}"}
    )
    assert scraped.status_code == 200


async def test_without_a_token_a_stranger_learns_no_parameter(api: Api) -> None:
    answer = await api.http.get(f"{api.settings.api_v1_prefix}/campaigns?x={uuid4()}")
    assert answer.status_code == 401
