"""The reference library over HTTP: what is in force, who changes it, and in which processes."""

import asyncio
import copy
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from lsos.core.clock import new_id
from lsos.core.db.database import Database
from lsos.core.db.system import system_session
from lsos.core.http.principal import Principal
from lsos.core.settings.settings import Settings
from lsos.domains.auth import service as auth
from lsos.domains.auth.schemas import TenantCreate, UserCreate
from lsos.domains.reference import service
from lsos.domains.reference.bundle import BUNDLED, read_release
from lsos.domains.reference.library import Library
from lsos.domains.reference.rules import ARTIFACTS, sha256_of
from lsos.room import Joints, Room
from lsos.rooms import JOINTS, ROOMS
from tests.conftest import PASSWORD, Api, make_tenant, serve_api, sign_in
from tests.support.clients import Answer, Client
from tests.support.stack import StoreFactory, settings_for
from tests.support.waiting import until

Document = dict[str, Any]


@pytest.fixture(scope="module")
async def own_settings(stores: StoreFactory) -> AsyncIterator[Settings]:
    """A database of their own: what is in force is one thing for all tenants."""
    async with stores.new() as own:
        yield settings_for(own)


@pytest.fixture(scope="module")
async def own_db(own_settings: Settings) -> AsyncIterator[Database]:
    db = Database.of(own_settings, application_name="lsos-tests")
    yield db
    await db.close()


@pytest.fixture(scope="module")
async def served(own_settings: Settings, own_db: Database) -> AsyncIterator[Api]:
    async with serve_api(own_settings, own_db) as api:
        yield api


@pytest.fixture(scope="module")
async def operator(served: Api) -> Client:
    return await operator_of(served)


async def operator_of(served: Api) -> Client:
    tenant = await auth.create_tenant(
        served.db, TenantCreate(name="Operators"), actor=None, is_platform=True
    )
    email = f"operator.{new_id().hex}@example.com"
    async with served.db.tenant_session(tenant.id) as session:
        user = UserCreate(email=email, role="platform_admin", password=PASSWORD)
        await auth.create_user(session, tenant.id, user, actor=None)
    return await sign_in(served, email)


def release(version: str, title: str | None = None) -> Document:
    """The shipped release as another version, with honest hashes."""
    document, _ = read_release(BUNDLED)
    document["manifest"]["version"] = version
    for name in ARTIFACTS:
        document[name]["version"] = version
    if title is not None:
        document["recommendations"]["items"][0]["title"] = title
    hashes = {name: sha256_of(document[name]) for name in ARTIFACTS}
    document["manifest"]["sha256"] = hashes
    return document


async def active(client: Client) -> str:
    answer = await client.get("/reference-library/active")
    assert answer.status == 200, answer.text
    return str(answer.data["version"])


async def put_in_force(client: Client, version: str, **more: Any) -> Answer:
    return await client.post("/reference-library/activate", {"version": version, **more})


async def draft(client: Client, document: Document) -> None:
    answer = await client.post("/reference-library/drafts", document)
    assert answer.status == 201, answer.text


async def test_the_shipped_release_is_in_force_after_a_start(stores: StoreFactory) -> None:
    async with stores.new() as own:
        db = Database.of(settings_for(own), application_name="lsos-tests")
        async with serve_api(settings_for(own), db) as api:
            operator = await operator_of(api)
            assert await active(operator) == "2026.11.0"
            (row,) = (await operator.get("/reference-library/versions")).data
        await db.close()
    assert (row["state"], row["origin"]) == ("active", "bundled")


async def test_advice_comes_with_its_evidence(operator: Client) -> None:
    advice = (await operator.get("/reference-library/evidence/http_4xx")).data
    assert advice["steps"]
    assert advice["evidence"]
    for fact in advice["evidence"]:
        assert fact["url"].startswith("https://")
        assert fact["retrieved_at"] is None
    unknown = await operator.get("/reference-library/evidence/no_such")
    assert (unknown.status, unknown.code) == (404, "advice_not_found")


async def test_a_dry_run_lists_every_fault_and_stores_nothing(operator: Client) -> None:
    document = release("2027.3.0")
    assert (await operator.post("/reference-library/validate", document)).data["is_valid"]
    document["recommendations"]["items"][0]["effort"] = 9
    document["recommendations"]["items"][1]["evidence"] = ["no.such"]
    document["metrics"]["default_ctr_curve"] = "none"
    answer = await operator.post("/reference-library/validate", document)
    assert answer.status == 200
    paths = {fault["path"] for fault in answer.data["faults"]}
    assert {
        "$.recommendations.items[0].effort",
        "$.recommendations.items[1].evidence[0]",
        "$.metrics.default_ctr_curve",
        "$.manifest.sha256.recommendations",
    } <= paths
    assert answer.data["fault_count"] == len(answer.data["faults"])
    listed = (await operator.get("/reference-library/versions")).data
    assert "2027.3.0" not in {row["version"] for row in listed}


async def test_bodies_that_are_too_large_or_too_deep(operator: Client) -> None:
    document = release("2027.3.1")
    document["evidence"]["padding"] = "x" * 1_100_000
    answer = await operator.post("/reference-library/validate", document)
    assert (answer.status, answer.code) == (413, "body_too_large")
    raw = b'{"manifest":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001
    answer = await operator.post(
        "/reference-library/validate", content=raw, headers={"Content-Type": "application/json"}
    )
    assert answer.status == 400
    nested: Any = {}
    for _ in range(100):
        nested = {"a": nested}
    answer = await operator.post(
        "/reference-library/validate", {**release("2027.3.1"), "metrics": nested}
    )
    assert [fault["code"] for fault in answer.data["faults"]] == ["too_deep"]


async def test_faulty_drafts_are_refused_with_all_faults(operator: Client) -> None:
    document = release("2027.4.0")
    document["evidence"]["items"][0]["statement"] += " Or so."
    answer = await operator.post("/reference-library/drafts", document)
    assert (answer.status, answer.code) == (422, "release_invalid")
    assert len(answer.body["errors"][0]["detail"]["faults"]) == 2


async def test_activate_and_roll_back_are_audited(operator: Client) -> None:
    await draft(operator, release("2027.5.0", "Something better to do"))
    again = await operator.post("/reference-library/drafts", release("2027.5.0"))
    assert (again.status, again.code) == (409, "version_exists")
    before = await active(operator)
    assert (await put_in_force(operator, "2027.5.0")).status == 200
    assert await active(operator) == "2027.5.0"
    code = release("2027.5.0")["recommendations"]["items"][0]["code"]
    advice = (await operator.get(f"/reference-library/evidence/{code}")).data
    assert advice["title"] == "Something better to do"
    same = await put_in_force(operator, "2027.5.0")
    assert (same.status, same.code) == (409, "already_active")
    back = await operator.post("/reference-library/rollback", {})
    assert (back.status, back.data["version"]) == (200, before)
    assert await active(operator) == before
    entries = (await operator.get("/audit-log?limit=200")).data
    noted = {(e["action"], e["target"]) for e in entries}
    assert {
        ("reference_library.drafted", "2027.5.0"),
        ("reference_library.activated", "2027.5.0"),
        ("reference_library.rolled_back", before),
    } <= noted


async def test_rolling_back_beyond_the_first_release(operator: Client) -> None:
    while (answer := await operator.post("/reference-library/rollback", {})).status == 200:
        pass
    assert (answer.status, answer.code) == (409, "nothing_to_roll_back")
    assert await active(operator) == "2026.11.0"


async def test_of_activations_at_once_one_wins(operator: Client) -> None:
    seen = await active(operator)
    versions = [f"2027.6.{n}" for n in range(4)]
    for version in versions:
        await draft(operator, release(version))
    answers = await asyncio.gather(
        *(put_in_force(operator, version, expected_version=seen) for version in versions)
    )
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    refused = {answer.code for answer in answers if answer.status == 409}
    assert refused <= {"active_version_changed", "change_in_progress"}
    winner = next(a.data["version"] for a in answers if a.status == 200)
    assert await active(operator) == winner


async def test_while_somebody_changes_the_library_others_are_refused(
    operator: Client, own_db: Database
) -> None:
    async with system_session(own_db) as session:
        await session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": service.LOCK})
        answer = await put_in_force(operator, "2026.11.0")
        assert (answer.status, answer.code) == (409, "change_in_progress")


async def test_unknown_versions(operator: Client) -> None:
    answer = await put_in_force(operator, "2030.1.0")
    assert (answer.status, answer.code) == (404, "release_not_found")
    assert (await put_in_force(operator, "latest")).status == 422


async def test_only_operators_change_it(served: Api) -> None:
    tenant = await make_tenant(served, "Agency")
    for client in (tenant.admin, tenant.analyst, tenant.viewer):
        assert (await client.get("/reference-library/active")).status == 200
        assert (await put_in_force(client, "2026.11.0")).status == 403
        assert (await client.post("/reference-library/drafts", release("2028.1.0"))).status == 403


async def test_other_processes_follow_within_five_seconds(
    own_settings: Settings, own_db: Database, operator: Client
) -> None:
    """Each process reads the newest activation every two seconds at most."""
    await draft(operator, release("2027.7.0"))
    async with serve_api(own_settings, own_db) as other:
        there = other.client(operator.token)
        assert await active(there) == await active(operator)
        worker = Library(own_settings, JOINTS.known_codes)
        async with own_db.tenant_session(new_id()) as session:
            assert await worker.current(session) is not None
        assert (await put_in_force(operator, "2027.7.0")).status == 200

        async def has_followed() -> bool:
            async with own_db.tenant_session(new_id()) as session:
                found = await worker.current(session)
            return found is not None and "2027.7.0" == found.version == await active(there)

        await until(has_followed, "all processes to follow")


# Loading at start


def policy(*codes: str, is_enforced: bool = True) -> service.Policy:
    return service.Policy(frozenset({*JOINTS.known_codes, *codes}), is_enforced)


@pytest.fixture
async def empty(stores: StoreFactory) -> AsyncIterator[Settings]:
    async with stores.new() as own:
        yield settings_for(own)


async def _library(settings: Settings, db: Database, *codes: str) -> tuple[Library, str | None]:
    library = Library(settings, {*JOINTS.known_codes, *codes})
    await library.start(db)
    async with db.tenant_session(new_id()) as session:
        release = await library.current(session)
    return library, release.version if release else None


async def test_a_faulty_shipped_release_is_refused_and_the_old_one_stays(
    empty: Settings,
) -> None:
    db = Database.of(empty, application_name="lsos-tests")
    try:
        old = release("2026.10.0")
        await service.load(db, old, [], policy())
        library, version = await _library(empty, db, "a_check_without_advice")
        assert version == "2026.10.0"
        async with db.tenant_session(new_id()) as session:
            health = await library.health(session)
        assert not health.ok
        assert "2026.11.0 was refused" in health.detail
        assert "a_check_without_advice" in health.detail
    finally:
        await db.close()


async def test_not_enforced_a_faulty_release_is_in_force_with_a_warning(empty: Settings) -> None:
    lenient = msgspec.structs.replace(empty, reference_library_enforce_validation=False)
    db = Database.of(lenient, application_name="lsos-tests")
    try:
        library, version = await _library(lenient, db, "a_check_without_advice")
        assert version == "2026.11.0"
        async with db.tenant_session(new_id()) as session:
            health = await library.health(session)
        assert (health.ok, "1 faults" in health.detail) == (False, True)
    finally:
        await db.close()


async def test_a_switched_off_loader_loads_nothing(empty: Settings) -> None:
    off = msgspec.structs.replace(empty, reference_library_loader_enabled=False)
    db = Database.of(off, application_name="lsos-tests")
    try:
        library, version = await _library(off, db)
        assert version is None
        async with db.tenant_session(new_id()) as session:
            assert not (await library.health(session)).ok
    finally:
        await db.close()


async def test_many_processes_load_at_once_and_a_roll_back_outlives_restarts(
    empty: Settings,
) -> None:
    db = Database.of(empty, application_name="lsos-tests")
    try:
        document, _ = read_release(BUNDLED)
        await service.load(db, release("2026.10.0"), [], policy())
        both = await asyncio.gather(
            *(service.load(db, copy.deepcopy(document), [], policy()) for _ in range(6))
        )
        assert all(loaded.faults == [] for loaded in both)
        actor = Principal(
            new_id(), new_id(), "platform_admin", JOINTS.access.scopes_of["platform_admin"]
        )
        tenant = await auth.create_tenant(db, TenantCreate(name="Platform"), actor=None)
        actor = msgspec.structs.replace(actor, tenant_id=tenant.id)
        back = await service.roll_back(db, actor, None, policy())
        assert back.version == "2026.10.0"
        _, version = await _library(empty, db)
        assert version == "2026.10.0", "a restart must not undo a roll-back"
        changed = copy.deepcopy(document)
        changed["metrics"]["formulas"]["local"] = "lsos-profile-v2"
        changed["manifest"]["sha256"]["metrics"] = sha256_of(changed["metrics"])
        loaded = await service.load(db, changed, [], policy())
        assert [fault.code for fault in loaded.faults] == ["taken"]
    finally:
        await db.close()


async def test_readiness_says_why_the_library_is_degraded(
    empty: Settings,
) -> None:
    unadvised = Room(package="tests.support", codes=("a_check_without_advice",))
    db = Database.of(empty, application_name="lsos-tests")
    try:
        async with serve_api(empty, db, Joints((*ROOMS, unadvised))) as api:
            answer = await api.client(None).get("/health/readiness")
            assert (answer.status, answer.data["status"]) == (200, "degraded")
            check = answer.data["checks"]["reference_library"]
            assert not check["ok"]
            assert "a_check_without_advice" in check["detail"]
    finally:
        await db.close()
