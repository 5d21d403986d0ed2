"""Tenants: no one reads, changes or finds out about another agency's rows."""

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from lsos.core.clock import new_id
from lsos.core.db.database import Database
from lsos.core.db.system import system_session
from lsos.core.http.principal import Principal
from lsos.core.settings.settings import Settings
from lsos.domains.audit.views import encode_issue
from lsos.domains.auth import service as auth
from lsos.domains.auth.schemas import ApiKeyCreate, UserCreate
from lsos.rooms import JOINTS
from tests.conftest import PASSWORD, Api, sign_in
from tests.support.catalogue import TENANT_TABLES, fingerprint, tenant_tables
from tests.support.clients import Answer, Client
from tests.support.operations import Operation, Slot, ask, fill
from tests.support.parties import Party
from tests.support.seeding import Seeded

OPEN_TABLES = {
    "alembic_version",
    "reference_releases",
    "reference_activations",
    "metric_minutes",
    "alert_states",
    "platform_transitions",
}
"""Tables without tenants' data: the platform's own."""


# The catalogue


async def test_every_table_with_tenants_is_behind_forced_policies(db: Database) -> None:
    async with db.engine.connect() as connection:
        tables = (await connection.execute(text(TENANT_TABLES))).all()
        everything = await connection.scalars(
            text("select tablename from pg_tables where schemaname = 'public'")
        )
        policies = await connection.execute(
            text("select tablename, unnest(roles)::text, qual, with_check from pg_policies")
        )
        by_table: dict[str, dict[str, tuple[str, str]]] = {}
        for name, role, using, check in policies:
            by_table.setdefault(name, {})[role] = (using, check)
        assert set(everything.all()) == {t.relname for t in tables} | OPEN_TABLES
    for table in tables:
        assert table.relrowsecurity, f"{table.relname}: row-level security is off"
        assert table.relforcerowsecurity, f"{table.relname}: its owner sees all rows"
        roles = by_table[table.relname]
        assert set(roles) == {"lsos_app", "lsos_system"}, table.relname
        for expression in roles["lsos_app"]:
            assert "app.tenant_id" in expression, f"{table.relname}: {expression}"


async def test_keys_carry_the_tenant(db: Database) -> None:
    """Constraints bypass row-level security: without the tenant, they would tell or tie rows."""
    async with db.engine.connect() as connection:
        unique = await connection.execute(
            text("""
                select t.relname, i.relname, array(
                    select a.attname from unnest(x.indkey::int[]) k
                    join pg_attribute a on a.attrelid = t.oid and a.attnum = k
                ) from pg_index x
                join pg_class t on t.oid = x.indrelid
                join pg_class i on i.oid = x.indexrelid
                where x.indisunique and t.relnamespace = 'public'::regnamespace
            """)
        )
        without = {
            (table, tuple(columns))
            for table, _, columns in unique
            if "tenant_id" not in columns and table not in OPEN_TABLES
        }
        assert without == {("users", ("email",)), ("tenants", ("id",))}
        foreign = await connection.execute(
            text("""
                select conrelid::regclass::text, conname, pg_get_constraintdef(oid)
                from pg_constraint where contype = 'f'
            """)
        )
        for table, name, definition in foreign:
            if table in OPEN_TABLES:
                continue
            own, other = re.findall(r"\(([^)]*)\)", definition)[:2]
            assert "tenant_id" in own, f"{table}.{name}: {definition}"
            assert "tenant_id" in other or "REFERENCES tenants(id)" in definition, name


async def test_the_roles_can_not_step_over_the_policies(db: Database) -> None:
    async with db.engine.connect() as connection:
        roles = await connection.execute(
            text("""
                select rolname, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb
                    or rolcanlogin as is_mighty
                from pg_roles where rolname in ('lsos_app', 'lsos_system')
            """)
        )
        assert {r.rolname: r.is_mighty for r in roles} == {"lsos_app": False, "lsos_system": False}
        owner = await connection.execute(
            text("select rolsuper or rolbypassrls from pg_roles where rolname = current_user")
        )
        assert owner.scalar_one() is False, "these tests prove nothing as a superuser"


async def test_a_connection_that_names_no_tenant_sees_nothing(db: Database, theirs: Party) -> None:
    async with db.engine.connect() as connection:
        for table in (await connection.execute(text(TENANT_TABLES))).all():
            seen = await connection.scalar(text(f"select count(*) from {table.relname}"))
            assert seen == 0, f"{table.relname}: the owner sees {seen} rows"
        await connection.rollback()
        await connection.execute(text("set local role lsos_app"))
        for table in (await connection.execute(text(TENANT_TABLES))).all():
            seen = await connection.scalar(text(f"select count(*) from {table.relname}"))
            assert seen == 0, f"{table.relname}: lsos_app without a tenant sees {seen} rows"


async def test_a_pooled_connection_carries_no_tenant(settings: Settings, theirs: Party) -> None:
    one = msgspec.structs.replace(settings, postgres_pool_size=1)
    db = Database.of(one, application_name="lsos-tests-pool")
    try:
        await _prove_no_tenant_stays(db, theirs)
    finally:
        await db.close()


async def _prove_no_tenant_stays(db: Database, theirs: Party) -> None:
    look = text(
        "select pg_backend_pid(), current_user, nullif(current_setting('app.tenant_id', true), ''),"
        " nullif(current_setting('app.campaign_ids', true), '')"
    )
    used = set()
    for fails in (False, True):
        try:
            async with db.tenant_session(theirs.rows.tenant_id, campaign_ids="{}") as session:
                pid, user, tenant, campaigns = (await session.execute(look)).one()
                assert (user, tenant) == ("lsos_app", str(theirs.rows.tenant_id))
                assert campaigns == "{}"
                used.add(pid)
                if fails:
                    raise LookupError
        except LookupError:
            pass
        async with db.engine.connect() as connection:
            pid, user, tenant, campaigns = (await connection.execute(look)).one()
            used.add(pid)
            assert (user != "lsos_app", tenant, campaigns) == (True, None, None)
    assert len(used) == 1, "the pool gave another connection: nothing was proven"


async def test_rows_can_not_be_given_to_another_tenant(
    db: Database, mine: Party, theirs: Party
) -> None:
    for statement in (
        "update campaigns set tenant_id = :theirs where id = :id",
        "insert into check_settings (tenant_id, code, is_enabled, limits)"
        " values (:theirs, 'x', true, '{}')",
    ):
        with pytest.raises(Exception, match="row-level security"):
            async with db.tenant_session(mine.rows.tenant_id) as session:
                await session.execute(
                    text(statement),
                    {"theirs": theirs.rows.tenant_id, "id": mine.rows.campaign_id}
                    if ":id" in statement
                    else {"theirs": theirs.rows.tenant_id},
                )


# Every route, every id slot, every role


async def _callers(api: Api, mine: Party, platform_admin: Client) -> dict[str, Client]:
    async with api.db.tenant_session(mine.rows.tenant_id) as session:
        body = UserCreate(
            email=f"keys.{new_id().hex}@example.com", role="tenant_admin", password=PASSWORD
        )
        user, _ = await auth.create_user(session, mine.rows.tenant_id, body, actor=None)
    scopes = JOINTS.access.scopes_of["tenant_admin"]
    maker = Principal(mine.rows.tenant_id, user.id, "tenant_admin", scopes)
    async with api.db.tenant_session(mine.rows.tenant_id) as session:
        wanted = ["campaigns:read", "campaigns:write", "crawl:read", "crawl:write", "jobs:write"]
        key = ApiKeyCreate(name="all", scopes=[*wanted, "jobs:read", "dashboard:read"])
        _, secret = await auth.create_api_key(session, maker, JOINTS.access, key)
    return {
        "anonymous": api.client(None),
        "tenant_admin": mine.clients.admin,
        "analyst": mine.clients.analyst,
        "client_viewer": mine.clients.viewer,
        "platform_admin": platform_admin,
        "api_key": api.client(secret),
    }


def _ids(mine: Party, probed: Slot, value: str) -> Callable[[Slot], str]:
    """The probed slot holds `value`, all others our own rows' ids."""

    def id_of(slot: Slot) -> str:
        return value if slot == probed else mine.rows.id_of(slot.row)

    return id_of


def _random(slot: Slot) -> str:
    return encode_issue(new_id(), "http_4xx", 1) if slot.row == "issue_id" else str(new_id())


def _verdict(answer: Answer) -> tuple[int, Any]:
    """What an answer tells: all of it but the request's own id."""
    return answer.status, answer.body.get("errors", answer.body.get("data"))


def _may_reach(role: str, operation: Operation) -> bool:
    """A platform_admin administers the tenants by design."""
    return role == "platform_admin" and operation.path.startswith("/tenants/")


async def test_another_tenants_ids_are_as_unknown_as_random_ones(
    api: Api, mine: Party, theirs: Party, platform_admin: Client, operations: list[Operation]
) -> None:
    before = await fingerprint(api.db, theirs.rows.tenant_id)
    callers = await _callers(api, mine, platform_admin)
    probes: Counter[int] = Counter()
    for operation in operations:
        for slot in operation.slots:
            for role, caller in callers.items():
                if _may_reach(role, operation):
                    continue
                named = f"{operation.id} {slot.place}:{slot.name} as {role}"
                real = await ask(caller, operation, _ids(mine, slot, theirs.rows.id_of(slot.row)))
                random = await ask(caller, operation, _ids(mine, slot, _random(slot)))
                assert _verdict(real) == _verdict(random), named
                probes[real.status] += 2
                if real.status == 200:
                    is_filter = operation.method == "GET" and slot.place == "query"
                    assert is_filter, named
                    assert real.data == [], named
                else:
                    assert real.status in _refusals(role, slot), f"{named}: {real.text}"
    print(f"{sum(probes.values())} probes of ids: {dict(probes)}")  # noqa: T201 -- how much was proven
    assert sum(probes.values()) > 300
    assert await fingerprint(api.db, theirs.rows.tenant_id) == before


def _refusals(role: str, slot: Slot) -> set[int]:
    if role == "anonymous":
        return {401}
    # A body that names what does not exist is a shape fault.
    return {403, 404, 422} if slot.place == "body" else {403, 404}


async def test_every_operation_can_be_probed(operations: list[Operation], mine: Party) -> None:
    """A new route needs a row in tests/support/operations.py and ids in seeding.py."""
    for operation in operations:
        path, _ = fill(operation, lambda slot: mine.rows.id_of(slot.row))
        assert "{" not in path, operation.id


async def test_nested_ids_must_belong_together(mine: Party) -> None:
    """A location below another campaign of the same tenant is not there."""
    rows, admin = mine.rows, mine.clients.admin
    for kind, row in (("locations", rows.location_id), ("competitors", rows.competitor_id)):
        path = f"/campaigns/{rows.other_campaign_id}/{kind}/{row}"
        assert (await admin.patch(path, {"name": "taken"})).status == 404
        assert (await admin.delete(path)).status == 404


# A client_viewer


async def test_a_viewer_sees_its_campaigns_and_nothing_else(api: Api, theirs: Party) -> None:
    viewer, rows = theirs.clients.viewer, theirs.rows
    listed = (await viewer.get("/campaigns")).data
    assert [campaign["id"] for campaign in listed] == [str(rows.other_campaign_id)]
    assert (await viewer.get(f"/campaigns/{rows.other_campaign_id}")).status == 200
    assert (await viewer.get(f"/dashboard?campaign_id={rows.other_campaign_id}")).status == 200
    for path in (
        f"/campaigns/{rows.campaign_id}",
        f"/campaigns/{rows.campaign_id}/locations",
        f"/campaigns/{rows.campaign_id}/competitors",
        f"/dashboard?campaign_id={rows.campaign_id}",
        f"/crawl/issues?campaign_id={rows.campaign_id}",
        f"/crawl/runs/{rows.run_id}",
        f"/crawl/runs/{rows.run_id}/events",
        f"/crawl/runs/{rows.run_id}/pages",
        f"/crawl/runs/{rows.run_id}/issues",
        f"/crawl/runs/{rows.run_id}/links?url={rows.page_url}",
        f"/crawl/runs/{rows.run_id}/export?kind=pages",
        f"/jobs/{rows.job_id}",
    ):
        assert (await viewer.get(path)).status == 404, path
    for path in ("/crawl/runs", "/jobs", f"/crawl/runs?campaign_id={rows.campaign_id}"):
        assert (await viewer.get(path)).data == [], path


async def test_no_operation_shows_a_viewer_another_campaign(
    theirs: Party, operations: list[Operation]
) -> None:
    """Rows of a run carry no campaign: a route that forgets to read the run first fails here."""
    of_campaigns = {"campaign_id", "run_id", "job_id", "issue_id", "location_id", "competitor_id"}
    asked = 0
    for operation in operations:
        if not of_campaigns & {slot.row for slot in operation.slots if slot.place != "body"}:
            continue
        answer = await ask(theirs.clients.viewer, operation, partial(_id_in, theirs.rows))
        if answer.status == 200:
            assert answer.data == [], f"{operation.id}: {answer.text[:200]}"
        else:
            assert answer.status in (403, 404), f"{operation.id}: {answer.text[:200]}"
        asked += 1
    assert asked > 20


async def test_a_viewer_without_chosen_campaigns_sees_none(api: Api, theirs: Party) -> None:
    email = f"nobody.{new_id().hex}@example.com"
    body = {"email": email, "role": "client_viewer", "password": PASSWORD}
    path = f"/tenants/{theirs.rows.tenant_id}/users"
    made = await theirs.clients.admin.post(path, body)
    assert made.status == 201
    viewer = await sign_in(api, email)
    for listing in ("/campaigns", "/crawl/runs", "/jobs"):
        assert (await viewer.get(listing)).data == [], listing
    assert (await viewer.get(f"/campaigns/{theirs.rows.other_campaign_id}")).status == 404

    # What is chosen, and chosen no more, holds from the next request.
    user = f"{path}/{made.data['user']['id']}"
    await theirs.clients.admin.patch(user, {"campaign_ids": [str(theirs.rows.campaign_id)]})
    assert len((await viewer.get("/campaigns")).data) == 1
    assert len((await viewer.get("/crawl/runs")).data) == 1
    assert len((await viewer.get("/jobs")).data) == 1
    await theirs.clients.admin.patch(user, {"campaign_ids": []})
    assert (await viewer.get("/campaigns")).data == []


# A canary


def _id_in(rows: Seeded, slot: Slot) -> str:
    return rows.id_of(slot.row)


UNMARKED = {
    ("users", "email"),
    ("users", "name"),
    ("users", "role"),
    ("users", "password_hash"),
    ("auth_sessions", "revoked_why"),
    ("campaigns", "setup_state"),
    ("check_settings", "severity"),
    ("baseline_steps", "state"),
    ("crawl_runs", "state"),
    ("crawl_runs", "phase"),
    ("crawl_findings", "severity"),
    ("crawl_findings", "scope"),
    ("jobs", "state"),
    ("entity_reports", "state"),
    ("recommendations", "state"),
    ("recommendation_events", "from_state"),
    ("recommendation_events", "to_state"),
    ("keywords", "device"),
    ("profile_snapshots", "state"),
    ("nap_matches", "surface"),
    ("nap_matches", "field"),
    ("nap_matches", "match"),
    ("review_readings", "state"),
    ("authority_snapshots", "state"),
    ("measurements", "state"),
    ("measurements", "kind"),
    ("rank_snapshots", "state"),
    ("rank_snapshots", "pack_state"),
    ("reports", "state"),
    ("report_deliveries", "state"),
    ("report_schedules", "cadence"),
    ("report_schedules", "last_status"),
}
"""Text columns with a fixed vocabulary, and those of accounts, which the addresses stand for."""


async def test_the_canary_sits_in_every_text_field(db: Database, theirs: Party) -> None:
    """Otherwise the next test proves nothing about a new column: mark it in seeding.py."""
    async with system_session(db) as session:
        for table in await tenant_tables(session):
            columns = await session.execute(
                text("""
                    select attname from pg_attribute
                    where attrelid = :oid and attnum > 0 and not attisdropped
                        and atttypid::regtype::text in ('text', 'character varying', 'jsonb')
                """),
                {"oid": table.oid},
            )
            for column in columns.scalars():
                if (table.relname, column) in UNMARKED:
                    continue
                hits = await session.scalar(
                    text(f'select count(*) from {table.relname} where "{column}"::text like :mark'),
                    {"mark": f"%{theirs.rows.mark}%"},
                )
                assert hits, f"{table.relname}.{column} holds no canary"


async def test_no_answer_to_us_holds_their_canary(
    api: Api, mine: Party, theirs: Party, platform_admin: Client, operations: list[Operation]
) -> None:
    secrets = [theirs.rows.mark, *theirs.clients.emails.values()]
    seen_by_owner = 0
    for operation in operations:
        if operation.method != "GET":
            continue
        for caller in (mine.clients.admin, mine.clients.analyst, mine.clients.viewer):
            for rows in (mine.rows, theirs.rows):
                answer = await ask(caller, operation, partial(_id_in, rows))
                for secret in secrets:
                    assert secret not in answer.text, operation.id
                    assert secret not in str(answer.headers), operation.id
        owned = await ask(theirs.clients.admin, operation, lambda slot: theirs.rows.id_of(slot.row))
        seen_by_owner += theirs.rows.mark in owned.text
    assert seen_by_owner > 15, "the owner must see it, or nothing was proven"


async def test_a_cursor_of_another_tenant_shows_nothing(mine: Party, theirs: Party) -> None:
    for path in ("/campaigns", "/tenants/{}/users"):
        page = await theirs.clients.admin.get(path.format(theirs.rows.tenant_id) + "?limit=1")
        cursor = page.body["meta"]["page"]["next_cursor"]
        assert cursor
        answer = await mine.clients.admin.get(
            path.format(mine.rows.tenant_id) + f"?limit=50&cursor={cursor}"
        )
        assert answer.status == 200
        assert theirs.rows.mark not in answer.text
