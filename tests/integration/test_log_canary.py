"""A log at its most talkative shows no secret of the people who sign in."""

import io
import json
import logging
from collections.abc import Iterator

import msgspec
import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lsos.core.clock import new_id
from lsos.core.observability import log as logs
from tests.conftest import Api, serve_api
from tests.support.parties import Party

PASSWORD = "canary-password-of-the-user"


@pytest.fixture
def restored_logging() -> Iterator[None]:
    root, config = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**config)


@pytest.mark.usefixtures("restored_logging")
async def test_no_secret_reaches_the_log(api: Api, mine: Party) -> None:
    settings = msgspec.structs.replace(api.settings, log_level="DEBUG")
    out = io.StringIO()
    async with serve_api(settings, api.db) as talkative:
        logs.configure("DEBUG", secrets=settings.secrets, stream=out)
        email = f"{new_id().hex}@example.com"
        users = f"/tenants/{mine.rows.tenant_id}/users"
        admin = talkative.client(mine.clients.admin.token)
        body = {"email": email, "role": "analyst", "password": PASSWORD}
        assert (await admin.post(users, body)).status == 201
        made = await admin.post(users, {**body, "email": f"x{email}", "password": None})
        # Faults write the most: a taken address, wrong passwords, odd bodies, broken tokens.
        assert (await admin.post(users, body)).status == 409
        assert (await admin.post(users, {**body, "surplus": PASSWORD})).status == 422
        nobody = talkative.client(None)
        await nobody.post("/auth/login", {"email": email, "password": PASSWORD + "!"})
        await nobody.post("/auth/login", {"email": email, "password": {"deep": PASSWORD}})
        tokens = (await nobody.post("/auth/login", {"email": email, "password": PASSWORD})).data
        user = talkative.client(tokens["access_token"])
        key = (await user.post("/auth/api-keys", {"name": "k", "scopes": ["jobs:read"]})).data
        assert (await talkative.client(key["secret"]).get("/jobs")).status == 200
        assert (await talkative.client(key["secret"] + "x").get("/jobs")).status == 401
        refresh = {"refresh_token": tokens["refresh_token"]}
        renewed = (await nobody.post("/auth/refresh", refresh)).data
        await nobody.post("/auth/refresh", {"refresh_token": tokens["refresh_token"] + "="})
        change = {"current_password": PASSWORD, "new_password": PASSWORD + " new"}
        assert (await user.post("/auth/password", change)).status == 204
        await user.get(f"/auth/me?token={tokens['access_token']}")

    written = out.getvalue()
    events = [json.loads(line)["event"] for line in written.splitlines()]
    assert events.count("request") > 10, "nothing was logged, so nothing was proven"
    async with api.db.tenant_session(mine.rows.tenant_id) as session:
        stored = (await session.connection()).exec_driver_sql(
            "select password_hash from users where email = '" + email + "'"
        )
        password_hash = (await stored).scalar_one()
    for secret in (
        PASSWORD,
        made.data["password"],
        password_hash,
        tokens["access_token"],
        tokens["refresh_token"],
        renewed["access_token"],
        renewed["refresh_token"],
        key["secret"],
        key["secret"].split("_", 2)[2],
        settings.jwt_secret,
        "owner@",
    ):
        assert secret not in written, secret


async def test_a_failing_statement_does_not_quote_its_values(api: Api, mine: Party) -> None:
    """Its text ends in logs and in the rows of jobs."""
    with pytest.raises(DBAPIError) as failure:
        async with api.db.tenant_session(mine.rows.tenant_id) as session:
            await session.execute(
                text("select 1 / :zero, cast(:value as text)"), {"zero": 0, "value": PASSWORD}
            )
    assert PASSWORD not in str(failure.value)
