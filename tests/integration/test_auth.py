"""Signing in: guesses are bounded, a stolen token dies, and nobody learns who has an account."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import jwt
import msgspec
import pytest
from sqlalchemy import text

from lsos.core.clock import new_id
from lsos.core.redis.client import LOGIN_IP, client
from lsos.domains.auth.rules import ACCOUNT_TRIES, IP_TRIES, KNOWN_IP_TRIES
from tests.conftest import PASSWORD, Api, serve_api
from tests.support.clients import Answer, Client
from tests.support.hashing import counted_checks
from tests.support.operations import Operation, ask
from tests.support.parties import Party
from tests.support.ports import closed_port
from tests.support.role_matrix import MATRIX


@pytest.fixture(scope="module")
async def proxied(api: Api) -> AsyncIterator[Api]:
    """Behind a trusted proxy, so that each test has addresses of its own."""
    settings = msgspec.structs.replace(api.settings, trusted_proxies="127.0.0.1")
    async with serve_api(settings, api.db) as served:
        yield served


def an_address() -> str:
    return f"2001:db8::{new_id().hex[-4:]}:{new_id().hex[-4:]}"


async def log_in(
    api: Api, email: str, password: str = PASSWORD, address: str | None = None
) -> Answer:
    headers = {"X-Forwarded-For": address} if address else {}
    body = {"email": email, "password": password}
    return await api.client(None).post("/auth/login", body, headers=headers)


async def make_user(party: Party, role: str = "analyst", **fields: Any) -> tuple[str, str]:
    """Address and path of a new account."""
    email = f"{new_id().hex}@example.com"
    body = {"email": email, "role": role, "password": PASSWORD, **fields}
    users = f"/tenants/{party.rows.tenant_id}/users"
    made = await party.clients.admin.post(users, body)
    assert made.status == 201, made.text
    return email, f"{users}/{made.data['user']['id']}"


async def tokens_of(api: Api, email: str) -> dict[str, Any]:
    answer = await log_in(api, email)
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.data
    return found


async def refresh(api: Api, token: str) -> Answer:
    return await api.client(None).post("/auth/refresh", {"refresh_token": token})


async def is_in(api: Api, access: str) -> bool:
    answer = await api.client(access).get("/auth/me")
    assert answer.status in (200, 401)
    return answer.status == 200


# Logging in


async def test_nobody_learns_who_has_an_account(proxied: Api, mine: Party) -> None:
    """The same answer for the same work: one hash, known account or not."""
    known, _ = await make_user(mine)
    inactive, path = await make_user(mine)
    assert (await mine.clients.admin.patch(path, {"is_active": False})).status == 200
    told = []
    for email, password in (
        (known, "wrong password"),
        ("nobody@example.com", "wrong password"),
        (inactive, PASSWORD),
        ("nobody@example.com", PASSWORD),
        ("' or 1=1 --", PASSWORD),
    ):
        with counted_checks() as checks:
            answer = await log_in(proxied, email, password, an_address())
        told.append((answer.status, answer.body["errors"], sorted(answer.headers)))
        assert len(checks) == 1, email
    assert all(each == told[0] for each in told)
    assert told[0][0] == 401


async def test_an_address_is_found_however_it_is_written(proxied: Api, mine: Party) -> None:
    email, _ = await make_user(mine)
    for spelling in (email.upper(), f"  {email} ", email.title()):
        assert (await log_in(proxied, spelling, address=an_address())).status == 200


async def test_guesses_at_one_account_are_bounded(proxied: Api, mine: Party) -> None:
    email, _ = await make_user(mine)
    home = an_address()
    assert (await log_in(proxied, email, address=home)).status == 200
    for _ in range(ACCOUNT_TRIES):
        assert (await log_in(proxied, email, "wrong", an_address())).status == 401
    refused = await log_in(proxied, email.upper(), PASSWORD, an_address())
    assert (refused.status, refused.code) == (429, "too_many_logins")
    assert int(refused.headers["retry-after"]) > 0
    # The owner is not locked out of the address of the last log-in.
    assert (await log_in(proxied, email, address=home)).status == 200
    tries = [(await log_in(proxied, email, "wrong", home)).status for _ in range(10)]
    assert tries.count(401) <= KNOWN_IP_TRIES, "but neither is guessing free there"
    # Other accounts are not concerned.
    other, _ = await make_user(mine)
    assert (await log_in(proxied, other, address=an_address())).status == 200


async def test_parallel_guesses_are_bounded_too(proxied: Api, mine: Party) -> None:
    email, _ = await make_user(mine)
    with counted_checks() as checks:
        answers = await asyncio.gather(
            *(log_in(proxied, email, "wrong", an_address()) for _ in range(30))
        )
    statuses = sorted(answer.status for answer in answers)
    assert statuses == [401] * ACCOUNT_TRIES + [429] * (30 - ACCOUNT_TRIES)
    assert len(checks) == ACCOUNT_TRIES


async def test_right_passwords_use_up_nothing(proxied: Api, mine: Party) -> None:
    email, _ = await make_user(mine)
    address = an_address()
    for _ in range(ACCOUNT_TRIES + 3):
        assert (await log_in(proxied, email, address=address)).status == 200


async def test_guesses_from_one_address_are_bounded(proxied: Api, mine: Party) -> None:
    address = an_address()
    redis = client(proxied.settings.redis_url)
    await redis.set(LOGIN_IP + address, IP_TRIES - 1, ex=60)
    tries = [(await log_in(proxied, f"{n}@example.com", "wrong", address)).status for n in range(3)]
    assert tries == [401, 429, 429]
    await redis.aclose()


async def test_a_spoofed_address_counts_for_nothing(api: Api) -> None:
    """Without a trusted proxy, the header is the attacker's own."""
    redis = client(api.settings.redis_url)
    await redis.set(LOGIN_IP + "127.0.0.1", IP_TRIES, ex=60)
    try:
        answers = [
            (await log_in(api, "nobody@example.com", "wrong", an_address())).status
            for _ in range(2)
        ]
        assert answers == [429, 429]
    finally:
        await redis.delete(LOGIN_IP + "127.0.0.1")
        await redis.aclose()


async def test_the_limits_hold_while_redis_is_away(api: Api, mine: Party) -> None:
    with closed_port() as port:
        away = f"redis://127.0.0.1:{port}"
        settings = msgspec.structs.replace(api.settings, redis_url=away, arq_redis_url=away)
        email, _ = await make_user(mine)
        async with serve_api(settings, api.db) as alone:
            assert (await log_in(alone, email)).status == 200
            answers = [await log_in(alone, email, "wrong") for _ in range(ACCOUNT_TRIES + 2)]
            statuses = [answer.status for answer in answers]
            assert statuses.count(401) <= ACCOUNT_TRIES
            assert statuses[-1] == 429


# Refreshing


async def test_parallel_refreshes_have_one_successor(api: Api, mine: Party) -> None:
    """Twenty tabs that wake at once: all stay in, and no second leaf grows."""
    email, _ = await make_user(mine)
    first = (await tokens_of(api, email))["refresh_token"]
    answers = await asyncio.gather(*(refresh(api, first) for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.data["refresh_token"] for answer in answers}) == 1
    session_id = jwt.decode(first, options={"verify_signature": False})["sid"]
    async with api.db.tenant_session(mine.rows.tenant_id) as session:
        unused = await session.scalar(
            text(
                "select count(*) from refresh_tokens"
                " where session_id = cast(:sid as uuid) and used_at is null"
            ),
            {"sid": session_id},
        )
    assert unused == 1
    successor = answers[0].data["refresh_token"]
    assert (await refresh(api, successor)).status == 200


async def test_a_reused_refresh_token_ends_the_family(api: Api, mine: Party) -> None:
    """Thief and owner both hold it: both must sign in again, and the agency can read of it."""
    email, path = await make_user(mine)
    stolen = await tokens_of(api, email)
    following = (await refresh(api, stolen["refresh_token"])).data
    other = await tokens_of(api, email)
    async with api.db.tenant_session(mine.rows.tenant_id) as session:
        await session.execute(
            text("update refresh_tokens set used_at = used_at - interval '11 seconds'")
        )
    answers = await asyncio.gather(*(refresh(api, stolen["refresh_token"]) for _ in range(5)))
    assert {answer.status for answer in answers} == {401}
    codes = sorted(answer.code for answer in answers)
    assert codes == ["refresh_reused"] + ["session_ended"] * 4
    assert not await is_in(api, following["access_token"])
    assert not await is_in(api, stolen["access_token"])
    assert (await refresh(api, following["refresh_token"])).code == "session_ended"
    assert await is_in(api, other["access_token"]), "another log-in of the account goes on"

    log = (await mine.clients.admin.get("/audit-log?limit=200")).data
    user_id = path.rpartition("/")[2]
    noted = [e for e in log if e["actor_id"] == user_id and e["action"] == "auth.refresh_reused"]
    assert len(noted) == 1


# The end of a session


async def test_logging_out_ends_this_session_at_once(api: Api, mine: Party) -> None:
    email, _ = await make_user(mine)
    one, other = await tokens_of(api, email), await tokens_of(api, email)
    assert (await api.client(one["access_token"]).post("/auth/logout")).status == 204
    assert not await is_in(api, one["access_token"])
    assert (await refresh(api, one["refresh_token"])).status == 401
    assert await is_in(api, other["access_token"])


async def test_no_route_forgets_to_ask_whether_the_session_lives(
    api: Api, mine: Party, operations: list[Operation]
) -> None:
    """Each one asks by its `session` or `sessions`; a route without either would go on."""
    email, _ = await make_user(mine, "tenant_admin")
    gone = api.client((await tokens_of(api, email))["access_token"])
    assert (await gone.post("/auth/logout")).status == 204
    for operation in operations:
        if MATRIX[operation.id].startswith("401") and operation.id != "refreshTokens":
            answer = await ask(gone, operation, lambda slot: mine.rows.id_of(slot.row))
            is_operators = MATRIX[operation.id].split()[2] == "403"
            assert answer.status == (403 if is_operators else 401), operation.id


async def test_a_new_password_ends_every_session(api: Api, mine: Party) -> None:
    email, _ = await make_user(mine)
    one, other = await tokens_of(api, email), await tokens_of(api, email)
    new = "another long password"
    body = {"current_password": PASSWORD, "new_password": new}
    assert (await api.client(one["access_token"]).post("/auth/password", body)).status == 204
    for tokens in (one, other):
        assert not await is_in(api, tokens["access_token"])
        assert (await refresh(api, tokens["refresh_token"])).status == 401
    assert (await log_in(api, email)).status == 401
    assert (await log_in(api, email, new)).status == 200


async def test_a_stolen_token_does_not_guess_the_password(api: Api, mine: Party) -> None:
    email, _ = await make_user(mine)
    thief = api.client((await tokens_of(api, email))["access_token"])
    guess = {"current_password": "wrong", "new_password": "another long password"}
    with counted_checks() as checks:
        answers = [await thief.post("/auth/password", guess) for _ in range(ACCOUNT_TRIES + 2)]
    assert [a.status for a in answers] == [422] * ACCOUNT_TRIES + [429] * 2
    assert len(checks) == ACCOUNT_TRIES
    assert (await log_in(api, email)).status == 200, "logging in has a budget of its own"


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "client_viewer"}])
async def test_deactivation_and_a_new_role_hold_from_the_next_request(
    api: Api, mine: Party, change: dict[str, Any]
) -> None:
    email, path = await make_user(mine)
    tokens = await tokens_of(api, email)
    key = await make_key(api.client(tokens["access_token"]))
    assert (await mine.clients.admin.patch(path, change)).status == 200
    assert not await is_in(api, tokens["access_token"])
    assert (await refresh(api, tokens["refresh_token"])).status == 401
    if "is_active" in change:
        assert (await log_in(api, email)).status == 401
        assert not await is_in(api, key["secret"]), "an API key dies with its user"
    else:
        fallen = api.client(key["secret"])
        assert (await fallen.get("/campaigns")).status == 200
        body = {"name": "no longer mine to make"}
        assert (await fallen.post("/campaigns", body)).status == 403


async def test_a_suspended_tenant_is_out_at_once(api: Api, platform_admin: Client) -> None:
    tenant = (await platform_admin.post("/tenants", {"name": "Suspended"})).data
    email = f"{new_id().hex}@example.com"
    body = {"email": email, "role": "tenant_admin", "password": PASSWORD}
    await platform_admin.post(f"/tenants/{tenant['id']}/users", body)
    tokens = await tokens_of(api, email)
    path = f"/tenants/{tenant['id']}"
    assert (await platform_admin.patch(path, {"is_active": False})).status == 200
    assert not await is_in(api, tokens["access_token"])
    assert (await refresh(api, tokens["refresh_token"])).status == 401
    assert (await log_in(api, email)).status == 401
    assert (await platform_admin.patch(path, {"is_active": True})).status == 200
    assert (await log_in(api, email)).status == 200


# Tokens


async def test_forged_tokens_open_nothing(api: Api, mine: Party) -> None:
    email, _ = await make_user(mine)
    tokens = await tokens_of(api, email)
    good = tokens["access_token"]
    head, body, signature = good.split(".")
    claims = jwt.decode(good, options={"verify_signature": False})
    none = "eyJhbGciOiJub25lIn0"
    forged = {
        "unsigned": f"{none}.{body}.",
        "unsigned, no dot": f"{none}.{body}",
        "other key": jwt.encode(claims, "secret".ljust(32), algorithm="HS256"),
        "other signature": f"{head}.{body}.{signature[::-1]}",
        "refresh as access": tokens["refresh_token"],
        "padded": good + "=",
        "cut": good[:-1],
        "huge": "a" * 50_000,
        "not base64": "a.b.c",
        "key prefix": "lsk_",
        "key of nobody": f"lsk_{new_id().hex}_{'x' * 43}",
        "key, no id": "lsk_x_y",
    }
    for name, token in forged.items():
        answer = await api.client(token).get("/auth/me")
        assert answer.status == 401, name
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.code == "token_invalid", name
    assert (await refresh(api, good)).code == "token_invalid", "access as refresh"


async def test_a_token_with_a_claim_of_another_tenant_finds_no_session(
    api: Api, mine: Party, theirs: Party
) -> None:
    """Even signed with our key, claims that do not belong together open nothing."""
    email, _ = await make_user(mine)
    good = (await tokens_of(api, email))["access_token"]
    claims = jwt.decode(good, options={"verify_signature": False})
    for change in (
        {"tid": str(theirs.rows.tenant_id)},
        {"sub": str(mine.rows.user_id)},
        {"sid": str(new_id())},
        {"role": "tenant_admin"},
        {"role": "root"},
    ):
        token = jwt.encode({**claims, **change}, api.settings.jwt_secret, algorithm="HS256")
        assert not await is_in(api, token), change


async def test_only_the_authorization_header_carries_tokens(api: Api, mine: Party) -> None:
    email, _ = await make_user(mine)
    token = (await tokens_of(api, email))["access_token"]
    me = api.settings.api_v1_prefix + "/auth/me"

    async def status(headers: list[tuple[str, str]], query: str = "") -> int:
        return (await api.http.get(me + query, headers=httpx.Headers(headers))).status_code

    assert await status([("Authorization", f"Bearer {token}")]) == 200
    assert await status([("authorization", f"bEaReR   {token}")]) == 200
    for headers in (
        [("Authorization", token)],
        [("Authorization", f"Basic {token}")],
        [("Authorization", "Bearer")],
        [("Authorization", f"Bearer {token} {token}")],
        [("Authorization", f"Bearer nonsense, Bearer {token}")],
        [("Authorization", "Bearer nonsense"), ("Authorization", f"Bearer {token}")],
        [("Cookie", f"token={token}; Authorization={token}")],
        [("X-Authorization", f"Bearer {token}")],
    ):
        assert await status(headers) == 401, headers
    assert await status([], f"?access_token={token}&token={token}") == 401


# API keys


async def make_key(owner: Client, **fields: Any) -> dict[str, Any]:
    scopes = ["campaigns:read", "campaigns:write"]
    answer = await owner.post("/auth/api-keys", {"name": "a key", "scopes": scopes, **fields})
    assert answer.status == 201, answer.text
    found: dict[str, Any] = answer.data
    return found


async def test_a_key_is_shown_once_and_only_its_hash_is_kept(api: Api, mine: Party) -> None:
    made = await make_key(mine.clients.analyst)
    key_id, secret = made["key"]["id"], made["secret"]
    hidden = secret.split("_", 2)[2]  # of lsk_<id>_<secret>; base64url has _, too
    listed = await mine.clients.analyst.get("/auth/api-keys")
    assert key_id in {key["id"] for key in listed.data}
    assert secret not in listed.text
    async with api.db.tenant_session(mine.rows.tenant_id) as session:
        for table in ("api_keys", "audit_log", "idempotency_keys", "jobs"):
            rows = await session.scalars(text(f"select t::text from {table} t"))
            stored = "".join(rows)
            assert hidden not in stored, table
            assert hidden.encode().hex() not in stored, table


async def test_a_key_does_what_its_scopes_say(api: Api, mine: Party) -> None:
    key = api.client((await make_key(mine.clients.admin, scopes=["campaigns:read"]))["secret"])
    assert (await key.get("/campaigns")).status == 200
    for method, path, body in (
        ("POST", "/campaigns", {"name": "x"}),
        ("GET", "/jobs", None),
        ("GET", "/auth/api-keys", None),
        ("POST", "/auth/api-keys", {"name": "x", "scopes": ["campaigns:read"]}),
        ("GET", f"/tenants/{mine.rows.tenant_id}/users", None),
        ("GET", "/audit-log", None),
        (
            "POST",
            "/auth/password",
            {"current_password": PASSWORD, "new_password": "another long password"},
        ),
    ):
        assert (await key.ask(method, path, json=body)).status == 403, path
    me = await key.get("/auth/me")
    assert me.data["scopes"] == ["campaigns:read"]


@pytest.mark.parametrize(
    "fields",
    [
        {"scopes": ["users:admin"]},
        {"scopes": ["api_keys:write"]},
        {"scopes": ["tenants:admin"]},
        {"scopes": ["any"]},
        {"scopes": ["public"]},
        {"scopes": []},
        {"scopes": ["audit_log:read"]},  # a key's, but not an analyst's
        {"expires_at": "2001-01-01T00:00:00Z"},
        {"expires_at": "2101-01-01T00:00:00"},
    ],
    ids=str,
)
async def test_a_key_has_no_more_than_its_maker(mine: Party, fields: dict[str, Any]) -> None:
    body = {"name": "x", "scopes": ["campaigns:read"], **fields}
    assert (await mine.clients.analyst.post("/auth/api-keys", body)).status == 422


async def test_a_revoked_or_expired_key_is_out(api: Api, mine: Party) -> None:
    made = await make_key(mine.clients.analyst)
    key = api.client(made["secret"])
    assert (await key.get("/campaigns")).status == 200
    path = f"/auth/api-keys/{made['key']['id']}"
    assert (await mine.clients.analyst.delete(path)).status == 204
    assert (await key.get("/campaigns")).code == "session_ended"

    made = await make_key(mine.clients.analyst, expires_at="2101-01-01T00:00:00Z")
    key = api.client(made["secret"])
    assert (await key.get("/campaigns")).status == 200
    async with api.db.tenant_session(mine.rows.tenant_id) as session:
        await session.execute(
            text("update api_keys set expires_at = now() where id = :id"),
            {"id": UUID(made["key"]["id"])},
        )
    assert (await key.get("/campaigns")).status == 401


async def test_keys_of_others_are_the_admins_to_revoke(api: Api, mine: Party) -> None:
    made = await make_key(mine.clients.admin)
    path = f"/auth/api-keys/{made['key']['id']}"
    assert (await mine.clients.analyst.delete(path)).status == 404
    assert made["key"]["id"] not in (await mine.clients.analyst.get("/auth/api-keys")).text
    of_analyst = await make_key(mine.clients.analyst)
    path = f"/auth/api-keys/{of_analyst['key']['id']}"
    assert (await mine.clients.admin.delete(path)).status == 204


async def test_a_changed_secret_opens_nothing(api: Api, mine: Party) -> None:
    secret = (await make_key(mine.clients.analyst))["secret"]
    head, key_id, tail = secret.split("_", 2)
    for wrong in (
        secret[:-1],
        secret + "x",
        secret.swapcase(),
        f"{head}_{key_id}_",
        f"{head}_{key_id}",
        f"{head}_{new_id().hex}_{tail}",
        f"{head}_{key_id}_{tail}\xe9",
    ):
        assert (await ask_raw(api, wrong)) == 401, wrong


async def ask_raw(api: Api, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}".encode("latin-1")}
    path = api.settings.api_v1_prefix + "/campaigns"
    return (await api.http.get(path, headers=headers)).status_code  # type: ignore[arg-type]  # bytes, as sent
