"""Who may do what: a table of every operation and role, and fields that no caller may set."""

import pytest

from lsos.core.clock import new_id
from lsos.core.http.access import RANKS as ROLES
from lsos.core.http.principal import PUBLIC
from lsos.rooms import JOINTS
from tests.conftest import Api, sign_in
from tests.support.catalogue import fingerprint
from tests.support.clients import Client
from tests.support.operations import BODIES, Operation, ask, fill
from tests.support.parties import Party
from tests.support.role_matrix import CALLERS, MATRIX, OPERATOR

ROLE_SCOPES = JOINTS.access.scopes_of


ALWAYS_REFUSED = (
    "id",
    "tenant_id",
    "user_id",
    "role",
    "created_at",
    "password_hash",
    "is_platform",
    "scopes",
    "setup_state",
    "version",
)


def _callers(api: Api, mine: Party, platform_admin: Client) -> dict[str, Client]:
    clients = mine.clients
    everyone = (api.client(None), platform_admin, clients.admin, clients.analyst, clients.viewer)
    return dict(zip(CALLERS, everyone, strict=True))


async def test_every_operation_has_a_row(operations: list[Operation]) -> None:
    """A route without one may be open to anybody: decide, and write it down."""
    assert {operation.id for operation in operations} == MATRIX.keys()
    for operation in operations:
        if operation.body is not None:
            assert operation.id in BODIES, operation.id


def test_no_scope_is_left_without_a_role(operations: list[Operation]) -> None:
    assert set(ROLE_SCOPES) == set(ROLES)
    assert ROLE_SCOPES["client_viewer"] < ROLE_SCOPES["analyst"] < ROLE_SCOPES["tenant_admin"]
    for scope in ROLE_SCOPES["client_viewer"]:
        assert scope.endswith(":read"), f"a viewer only reads: {scope}"
    assert PUBLIC not in set().union(*ROLE_SCOPES.values())


async def test_each_role_may_do_what_its_row_says(
    api: Api, mine: Party, platform_admin: Client, operations: list[Operation]
) -> None:
    callers = _callers(api, mine, platform_admin)
    wrong = []
    for operation in operations:
        expected = dict(zip(CALLERS, MATRIX[operation.id].split(), strict=True))
        for role, client in callers.items():
            if operation.id == "logOut" and client.token is not None:
                continue  # the next test: it ends the session of its caller
            path, body = fill(operation, lambda slot: str(new_id()))
            # An empty body does nothing, and shows no less whether the guard lets it pass.
            sent = {} if operation.id not in ("refreshTokens", "setBranding") else body
            answer = await client.ask(
                operation.method, path, json=sent if body is not None else None
            )
            got = str(answer.status) if answer.status in (401, 403) else "ok"
            if got != expected[role] or answer.status >= 500:
                wrong.append((operation.id, role, answer.status, answer.text[:200]))
    assert wrong == []


async def test_everybody_may_log_out(api: Api, mine: Party) -> None:
    for email in mine.clients.emails.values():
        client = await sign_in(api, email)
        assert (await client.post("/auth/logout")).status == 204
        assert (await client.get("/auth/me")).status == 401


@pytest.mark.parametrize("extra", ALWAYS_REFUSED)
async def test_fields_that_are_not_the_callers_are_refused(
    api: Api, mine: Party, platform_admin: Client, operations: list[Operation], extra: str
) -> None:
    """Mass assignment: a stray field must not become a column, nor be dropped in silence."""
    before = await fingerprint(api.db, mine.rows.tenant_id)
    asked = 0
    for operation in operations:
        if operation.body is None or extra in operation.body["properties"]:
            continue
        path, body = fill(operation, lambda slot: mine.rows.id_of(slot.row))
        assert body is not None
        is_operators = MATRIX[operation.id] == OPERATOR
        client = platform_admin if is_operators else mine.clients.admin
        answer = await client.ask(operation.method, path, json={**body, extra: str(new_id())})
        assert answer.status == 422, f"{operation.id}: {answer.text}"
        assert answer.body["errors"][0]["field"] == extra, operation.id
        asked += 1
    assert asked > 10
    assert await fingerprint(api.db, mine.rows.tenant_id) == before


async def test_an_admin_makes_no_operator_and_raises_no_cap(mine: Party) -> None:
    admin, users = mine.clients.admin, f"/tenants/{mine.rows.tenant_id}/users"
    body = {"email": f"{new_id().hex}@example.com", "role": "platform_admin"}
    assert (await admin.post(users, body)).code == "role_refused"
    user = f"{users}/{mine.rows.user_id}"
    assert (await admin.patch(user, {"role": "platform_admin"})).code == "role_refused"
    for change in ({"is_active": True}, {"max_pages_per_run": 10}, {"max_pages_per_run": None}):
        assert (await admin.patch(f"/tenants/{mine.rows.tenant_id}", change)).status == 403


async def test_the_operator_administers_tenants_but_sees_no_work(
    mine: Party, platform_admin: Client, operations: list[Operation]
) -> None:
    assert (await platform_admin.get(f"/tenants/{mine.rows.tenant_id}")).status == 200
    assert (await platform_admin.get(f"/campaigns/{mine.rows.campaign_id}")).status == 404
    for operation in operations:
        if operation.method == "GET" and operation.slots and "/tenants" not in operation.path:
            answer = await ask(platform_admin, operation, lambda slot: mine.rows.id_of(slot.row))
            assert mine.rows.mark not in answer.text, operation.id
