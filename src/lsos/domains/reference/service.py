"""Use cases of the reference library: load the bundled release, draft, activate, roll back.

Releases belong to the platform, so these write as `lsos_system`; one lock orders them.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id
from lsos.core.db import audit_log
from lsos.core.db.database import Database
from lsos.core.db.system import system_session
from lsos.core.errors import Conflict, Invalid
from lsos.core.http.principal import Principal
from lsos.domains.reference import queries
from lsos.domains.reference.models import ReferenceActivation, ReferenceRelease
from lsos.domains.reference.rules import (
    ARTIFACTS,
    read,
    release_sha256,
    sha256_of,
    version_key,
)
from lsos.domains.reference.validation import Fault, validate

LOCK = 0x1505_0026
"""Key of the advisory lock of activations."""
MAX_WARNINGS = 200
MAX_FAULTS_SHOWN = 500


class Policy(NamedTuple):
    """What a release must cover, and whether a fault keeps it out."""

    known_codes: Collection[str]
    is_enforced: bool


class Loaded(NamedTuple):
    version: str
    faults: list[Fault]
    """Of the bundled release; enforced, they have kept it out."""


async def load(
    db: Database, document: Mapping[str, Any], faults: list[Fault], policy: Policy
) -> Loaded:
    """Put the bundled release in force when none is, or when it is new here and the newest.

    Idempotent: every process does it at its start. A release that is known already is not
    activated again, so a roll-back outlives restarts.
    """
    version = str(document.get("manifest", {}).get("version", ""))
    if is_refused(document, faults, policy):
        return Loaded(version, faults)
    async with system_session(db) as session:
        await session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
        release = await queries.find_release(session, version)
        if release is not None and release.sha256 != release_sha256(document):
            message = "this version is loaded already, with other content"
            return Loaded(version, [*faults, Fault("$.manifest.version", "taken", message)])
        known = await queries.list_versions(session)
        active = await queries.find_active(session)
        is_newest = all(version_key(version) > version_key(other) for other in known)
        if release is None:
            release = _insert(session, document, origin="bundled", actor=None)
            await session.flush()
        elif active is not None:
            return Loaded(version, faults)
        if active is None or is_newest:
            await _put_in_force(session, release, active, "load", None, faults)
    return Loaded(version, faults)


def is_refused(document: Mapping[str, Any], faults: list[Fault], policy: Policy) -> bool:
    """Faults keep a release out when validation is enforced; unusable metrics always do."""
    if faults and policy.is_enforced:
        return True
    try:
        read(document)
    except ValueError as error:
        faults.append(Fault("$.metrics", "unusable", str(error)[:300]))
        return True
    return False


async def draft(
    db: Database, principal: Principal, document: Mapping[str, Any], policy: Policy
) -> ReferenceRelease:
    """Store an immutable release that is not in force."""
    faults = validate(document, policy.known_codes)
    if is_refused(document, faults, policy):
        raise Invalid(
            f"this release has {len(faults)} faults",
            code="release_invalid",
            detail={"faults": [str(fault) for fault in faults[:MAX_FAULTS_SHOWN]]},
        )
    async with system_session(db) as session:
        await _lock(session)
        version = str(document["manifest"]["version"])
        if await queries.find_release(session, version) is not None:
            raise Conflict(
                "a release is immutable, and this version exists; give it the next number",
                field="version",
                code="version_exists",
            )
        release = _insert(session, document, origin="uploaded", actor=principal)
        _note(session, principal, "reference_library.drafted", release)
        await session.flush()
        await session.refresh(release)
        return release


async def activate(
    db: Database,
    principal: Principal,
    version: str,
    expected: str | None,
    policy: Policy,
) -> ReferenceRelease:
    """Put a release in force; Conflict for whoever comes second.

    `expected` is the version that the caller saw in force.
    """
    async with system_session(db) as session:
        await _lock(session)
        release = await queries.get_release(session, version)
        active = await queries.find_active(session)
        _check_expected(active, expected)
        if active is not None and active.id == release.id:
            raise Conflict("this release is in force already", code="already_active")
        faults = _check(release, policy)
        await _put_in_force(session, release, active, "activate", principal, faults)
        _note(session, principal, "reference_library.activated", release, active)
        return release


async def roll_back(
    db: Database, principal: Principal, expected: str | None, policy: Policy
) -> ReferenceRelease:
    """Put the release in force that was so before the present one was activated."""
    async with system_session(db) as session:
        await _lock(session)
        active = await queries.find_active(session)
        _check_expected(active, expected)
        target = None if active is None else await queries.find_predecessor(session, active.id)
        if active is None or target is None:
            raise Conflict("no release was in force before this one", code="nothing_to_roll_back")
        faults = _check(target, policy)
        await _put_in_force(session, target, active, "rollback", principal, faults)
        _note(session, principal, "reference_library.rolled_back", target, active)
        return target


async def _lock(session: AsyncSession) -> None:
    """One at a time; who finds another at work is told so instead of overwriting its choice."""
    taken = await session.scalar(text("select pg_try_advisory_xact_lock(:key)"), {"key": LOCK})
    if not taken:
        raise Conflict("somebody else is changing the library", code="change_in_progress")


def _check_expected(active: ReferenceRelease | None, expected: str | None) -> None:
    found = active.version if active is not None else None
    if expected is not None and expected != found:
        raise Conflict(
            "another release is in force than you have seen",
            field="expected_version",
            code="active_version_changed",
            detail={"active_version": found},
        )


def _check(release: ReferenceRelease, policy: Policy) -> list[Fault]:
    """Faults of a stored release by today's codes; Conflict when they keep it out."""
    bodies: dict[str, Any] = {name: getattr(release, name) for name in ARTIFACTS}
    # The manifest is not kept: what it vouched for was compared when the release came in.
    document = {**bodies, "manifest": _manifest(release, bodies)}
    faults = validate(document, policy.known_codes)
    if is_refused(document, faults, policy):
        raise Conflict(
            f"release {release.version} has {len(faults)} faults",
            code="release_invalid",
            detail={"faults": [str(fault) for fault in faults[:MAX_FAULTS_SHOWN]]},
        )
    return faults


def _manifest(release: ReferenceRelease, bodies: Mapping[str, Any]) -> dict[str, Any]:
    if release_sha256(bodies) != release.sha256:
        return {}  # somebody wrote past this service
    return {
        "version": release.version,
        "released_on": release.created_at.date().isoformat(),
        "sha256": {name: sha256_of(bodies[name]) for name in ARTIFACTS},
    }


def _insert(
    session: AsyncSession, document: Mapping[str, Any], *, origin: str, actor: Principal | None
) -> ReferenceRelease:
    release = ReferenceRelease(
        id=new_id(),
        version=str(document["manifest"]["version"]),
        sha256=release_sha256(document),
        metrics=document["metrics"],
        recommendations=document["recommendations"],
        evidence=document["evidence"],
        state="draft",
        origin=origin,
        created_by=actor.user_id if actor else None,
    )
    session.add(release)
    return release


async def _put_in_force(
    session: AsyncSession,
    release: ReferenceRelease,
    active: ReferenceRelease | None,
    action: str,
    actor: Principal | None,
    faults: list[Fault],
) -> None:
    if active is not None:
        active.state = "retired"
        await session.flush()  # the index allows one active release
    release.state = "active"
    session.add(
        ReferenceActivation(
            id=new_id(),
            release_id=release.id,
            previous_id=active.id if active is not None else None,
            action=action,
            actor_id=actor.user_id if actor else None,
            warnings=[str(fault) for fault in faults[:MAX_WARNINGS]],
        )
    )
    await session.flush()


def _note(
    session: AsyncSession,
    principal: Principal,
    action: str,
    release: ReferenceRelease,
    active: ReferenceRelease | None = None,
) -> None:
    audit_log.record(
        session,
        tenant_id=principal.tenant_id,
        actor_id=principal.user_id,
        action=action,
        target=release.version,
        previous=active.version if active is not None else None,
    )
