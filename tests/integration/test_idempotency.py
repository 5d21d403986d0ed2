"""Idempotency-Key: a client that repeats a POST gets one effect and the first answer."""

import asyncio
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from lsos.core.clock import new_id
from lsos.core.db.database import Database
from tests.conftest import Api, serve_api
from tests.support.clients import Answer, Client
from tests.support.operations import Operation
from tests.support.parties import Party


def a_key() -> str:
    return new_id().hex


async def create(client: Client, key: str, name: str) -> Answer:
    return await client.post("/campaigns", {"name": name}, headers={"Idempotency-Key": key})


async def count(db: Database, party: Party, name: str) -> int:
    async with db.tenant_session(party.rows.tenant_id) as session:
        found = await session.scalar(
            text("select count(*) from campaigns where name = :name"), {"name": name}
        )
        return int(found or 0)


async def stored_keys(db: Database, party: Party) -> list[Any]:
    async with db.tenant_session(party.rows.tenant_id) as session:
        rows = await session.execute(text("select status, body from idempotency_keys"))
        return list(rows.all())


async def test_a_repeat_gets_the_first_answer(api: Api, mine: Party) -> None:
    key, name = a_key(), a_key()
    first = await create(mine.clients.admin, key, name)
    again = await create(mine.clients.admin, key, name)
    assert (first.status, again.status) == (201, 201)
    assert again.text == first.text
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert await count(api.db, mine, name) == 1


async def test_twenty_at_once_have_one_effect(api: Api, mine: Party) -> None:
    key, name = a_key(), a_key()
    answers = await asyncio.gather(*(create(mine.clients.admin, key, name) for _ in range(20)))
    assert await count(api.db, mine, name) == 1
    made = [answer for answer in answers if answer.status == 201]
    assert made
    assert len({answer.text for answer in made}) == 1
    for answer in answers:
        if answer.status != 201:
            assert (answer.status, answer.code) == (409, "key_in_use")
    assert (await create(mine.clients.admin, key, name)).text == made[0].text


async def test_an_answer_that_was_lost_in_a_crash_is_not_waited_for(api: Api, mine: Party) -> None:
    """The effect is there, so the client is told to look instead of to wait."""
    key, name = a_key(), a_key()
    assert (await create(mine.clients.admin, key, name)).status == 201
    async with api.db.tenant_session(mine.rows.tenant_id) as session:
        await session.execute(
            text(
                "update idempotency_keys set status = null, body = null,"
                " created_at = created_at - interval '2 minutes'"
            )
        )
    again = await create(mine.clients.admin, key, name)
    assert (again.status, again.code) == (409, "answer_lost")
    assert await count(api.db, mine, name) == 1


async def test_another_body_is_refused(api: Api, mine: Party) -> None:
    key, name, other = a_key(), a_key(), a_key()
    assert (await create(mine.clients.admin, key, name)).status == 201
    refused = await create(mine.clients.admin, key, other)
    assert (refused.status, refused.code) == (422, "key_reused")
    assert await count(api.db, mine, other) == 0


async def test_a_key_belongs_to_its_caller_and_route(api: Api, mine: Party, theirs: Party) -> None:
    key, name = a_key(), a_key()
    first = await create(mine.clients.admin, key, name)
    for client in (mine.clients.analyst, theirs.clients.admin):
        other = await create(client, key, name)
        assert other.status == 201
        assert other.data["id"] != first.data["id"]
    campaign = first.data["id"]
    path = f"/campaigns/{campaign}/competitors"
    body = {"domain": "rival.example"}
    headers = {"Idempotency-Key": key}
    made = await mine.clients.admin.post(path, body, headers=headers)
    assert (made.status, made.data["domain"]) == (201, "rival.example")
    assert await count(api.db, mine, name) == 2


async def test_a_replay_asks_who_is_there(api: Api, mine: Party) -> None:
    """Not even a stored answer is for those who may no longer ask."""
    key, name = a_key(), a_key()
    assert (await create(mine.clients.admin, key, name)).status == 201
    assert (await create(mine.clients.viewer, key, name)).status == 403
    assert (await create(api.client(None), key, name)).status == 401
    assert (await create(api.client("nonsense"), key, name)).status == 401


async def test_a_refusal_does_not_use_up_the_key(api: Api, mine: Party) -> None:
    key = a_key()
    headers = {"Idempotency-Key": key}
    for body in ({}, {"name": ""}, {"name": "x", "site_url": "http://127.0.0.1/"}):
        refused = await mine.clients.admin.post("/campaigns", body, headers=headers)
        assert refused.status == 422, refused.text
    assert (await create(mine.clients.admin, key, a_key())).status == 201

    # A conflict neither: it may be gone the next time.
    rows = mine.rows
    path = f"/campaigns/{rows.campaign_id}/competitors"
    domain = f"{a_key()}.example"
    made = await mine.clients.admin.post(path, {"domain": domain})
    headers = {"Idempotency-Key": a_key()}
    taken = await mine.clients.admin.post(path, {"domain": domain}, headers=headers)
    assert taken.status == 409
    await mine.clients.admin.delete(f"{path}/{made.data['id']}")
    later = await mine.clients.admin.post(path, {"domain": domain}, headers=headers)
    assert later.status == 201
    assert "idempotent-replayed" not in later.headers


async def test_an_outage_does_not_use_up_the_key(api: Api, mine: Party) -> None:
    key, name = a_key(), a_key()
    dsn = "postgresql+asyncpg://lsos:pw@127.0.0.1:9/lsos"
    settings = msgspec.structs.replace(api.settings, postgres_dsn=dsn)
    async with serve_api(settings, api.db) as away:
        failed = await create(away.client(mine.clients.admin.token), key, name)
        assert failed.status == 503
    assert (await create(mine.clients.admin, key, name)).status == 201


@pytest.mark.parametrize(
    "key, status", [("x" * 200, 201), ("x" * 201, 422), ("", 422), ("a\tb", 422), ("k-1._:/", 201)]
)
async def test_a_key_has_a_form(mine: Party, key: str, status: int) -> None:
    answer = await create(mine.clients.admin, key, "a name")
    assert answer.status == status, answer.text
    if status == 422:
        assert answer.body["errors"][0]["field"] == "Idempotency-Key"


async def test_an_old_key_is_free_again(api: Api, mine: Party) -> None:
    key, name = a_key(), a_key()
    assert (await create(mine.clients.admin, key, name)).status == 201
    async with api.db.tenant_session(mine.rows.tenant_id) as session:
        await session.execute(
            text("update idempotency_keys set created_at = created_at - interval '25 hours'")
        )
    assert (await create(mine.clients.admin, key, name)).status == 201
    assert await count(api.db, mine, name) == 2


async def test_answers_with_secrets_are_never_stored(
    api: Api, mine: Party, operations: list[Operation]
) -> None:
    """The effect still happens once; who lost the answer makes another key and revokes this one."""
    headers = {"Idempotency-Key": a_key()}
    body = {"name": a_key(), "scopes": ["campaigns:read"]}
    first = await mine.clients.admin.post("/auth/api-keys", body, headers=headers)
    assert first.status == 201
    again = await mine.clients.admin.post("/auth/api-keys", body, headers=headers)
    assert (again.status, again.code) == (409, "answer_lost")
    listed = (await mine.clients.admin.get("/auth/api-keys")).data
    assert [key["name"] for key in listed].count(body["name"]) == 1

    users = f"/tenants/{mine.rows.tenant_id}/users"
    body = {"email": f"{a_key()}@example.com", "role": "analyst"}
    made = await mine.clients.admin.post(users, body, headers={"Idempotency-Key": a_key()})
    assert made.status == 201
    assert made.data["password"]
    for _, kept in await stored_keys(api.db, mine):
        assert kept is None or first.data["secret"].encode() not in kept
        assert kept is None or made.data["password"].encode() not in kept
    shows = {o.id for o in operations if o.method == "POST" and _shows_secret(o)}
    assert shows <= {"createApiKey", "createUser", "logIn", "refreshTokens"}, "cover it here"


def _shows_secret(operation: Operation) -> bool:
    answer = str(operation.spec["responses"])
    return any(name in answer for name in ("ApiKeyCreated", "UserCreated", "Tokens", "Secret"))


async def test_work_is_accepted_once(api: Api, mine: Party) -> None:
    """Of an accepted run, too: a proxy's retry must not crawl a site twice."""
    made = await mine.clients.admin.post(
        "/campaigns", {"name": a_key(), "site_url": "https://example.com/"}
    )
    campaign = made.data["id"]
    body = {"campaign_id": campaign}
    headers = {"Idempotency-Key": a_key()}
    answers = [
        await mine.clients.admin.post("/crawl/schedule", body, headers=headers) for _ in range(3)
    ]
    assert [answer.status for answer in answers] == [202, 202, 202], answers[0].text
    assert len({answer.data["run_id"] for answer in answers}) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1
    runs = await mine.clients.admin.get(f"/crawl/runs?campaign_id={campaign}")
    assert len(runs.data) == 1
    await mine.clients.admin.post(f"/crawl/runs/{runs.data[0]['id']}/cancel")
