"""Use cases of tenants, users and API keys."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec
from msgspec import UNSET
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.core.db import audit_log
from lsos.core.db.database import Database
from lsos.core.db.system import system_session
from lsos.core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from lsos.core.http.access import Access
from lsos.core.http.principal import Principal, Role
from lsos.core.settings.settings import Settings
from lsos.domains.auth import queries, sessions
from lsos.domains.auth.models import ApiKey, Tenant, User, UserCampaign
from lsos.domains.auth.passwords import hash_password
from lsos.domains.auth.rules import KEY_PREFIX, fold_email, key_hash
from lsos.domains.auth.schemas import (
    ApiKeyCreate,
    Branding,
    TenantCreate,
    TenantUpdate,
    UserCreate,
    UserUpdate,
)


async def authenticate(db: Database, settings: Settings, access: Access, bearer: str) -> Principal:
    """The principal behind an access token or an API key."""
    if bearer.startswith(KEY_PREFIX):
        return await _principal_of_key(db, access, bearer)
    return await sessions.principal_of_token(settings, access, bearer)


async def _principal_of_key(db: Database, access: Access, bearer: str) -> Principal:
    refusal = Unauthenticated("this is no API key of ours", code="token_invalid")
    key_id, _, secret = bearer.removeprefix(KEY_PREFIX).partition("_")
    try:
        wanted = UUID(hex=key_id)
    except ValueError:
        raise refusal from None
    async with system_session(db) as session:
        found = await queries.find_api_key(session, wanted)
        if found is None or not secrets.compare_digest(found[0].secret_hash, key_hash(secret)):
            raise refusal
        key, role = found[0], msgspec.convert(found[1], Role)
        await queries.touch_api_key(session, key.id)
    return Principal(
        tenant_id=key.tenant_id,
        user_id=key.user_id,
        role=role,
        scopes=frozenset(key.scopes) & access.scopes_of[role],
        api_key_id=key.id,
    )


@asynccontextmanager
async def acting_in(
    db: Database, session: AsyncSession, principal: Principal, tenant_id: UUID
) -> AsyncIterator[AsyncSession]:
    """A session of that tenant: one's own, or any for a platform_admin; else NotFound."""
    if tenant_id == principal.tenant_id:
        yield session
        return
    if principal.role != "platform_admin":
        raise NotFound("no such tenant", code="tenant_not_found")
    async with db.tenant_session(tenant_id) as other:
        await queries.get_tenant(other, tenant_id)
        yield other


async def create_tenant(
    db: Database, body: TenantCreate, *, actor: Principal | None, is_platform: bool = False
) -> Tenant:
    async with system_session(db) as session:
        tenant = Tenant(id=new_id(), name=body.name, is_platform=is_platform, branding={})
        session.add(tenant)
        await session.flush()
        await session.refresh(tenant)
        audit_log.record(
            session,
            tenant_id=actor.tenant_id if actor else tenant.id,
            actor_id=actor.user_id if actor else None,
            action="tenant.created",
            target=tenant.id,
        )
        return tenant


async def update_tenant(
    session: AsyncSession, principal: Principal, tenant_id: UUID, body: TenantUpdate
) -> Tenant:
    tenant = await queries.get_tenant(session, tenant_id)
    reserved = (body.is_active, body.max_pages_per_run)
    if principal.role != "platform_admin" and any(value is not UNSET for value in reserved):
        raise Forbidden("is_active and max_pages_per_run are the platform_admin's to set")
    changes = _changes(body)
    for name, value in changes.items():
        setattr(tenant, name, value)
    _note(session, principal, tenant_id, "tenant.updated", tenant_id, **changes)
    return tenant


async def set_branding(
    session: AsyncSession, principal: Principal, tenant_id: UUID, body: Branding
) -> Branding:
    tenant = await queries.get_tenant(session, tenant_id)
    tenant.branding = msgspec.structs.asdict(body)
    _note(session, principal, tenant_id, "branding.updated", tenant_id)
    return body


async def create_user(
    session: AsyncSession, tenant_id: UUID, body: UserCreate, *, actor: Principal | None
) -> tuple[User, str | None]:
    """The user, and the password that was made for it when none was given."""
    tenant = await queries.get_tenant(session, tenant_id)
    _refuse_role(body.role, is_platform=tenant.is_platform)
    made = None if body.password else secrets.token_urlsafe(15)
    password = body.password or made or ""
    sessions.refuse_weak(password, body.email, "password")
    user = User(
        tenant_id=tenant_id,
        id=new_id(),
        email=fold_email(body.email),
        name=body.name,
        role=body.role,
        password_hash=await hash_password(password),
        is_active=True,
    )
    session.add(user)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict(
            "this address already has an account", field="email", code="email_taken"
        ) from error
    await session.refresh(user)
    await _set_campaigns(session, user, body.campaign_ids)
    audit_log.record(
        session,
        tenant_id=tenant_id,
        actor_id=actor.user_id if actor else None,
        action="user.created",
        target=user.id,
        role=user.role,
    )
    return user, made


async def update_user(
    session: AsyncSession, principal: Principal, tenant_id: UUID, user_id: UUID, body: UserUpdate
) -> User:
    """Deactivation and a new role end the account's sessions; the last admin stays."""
    tenant = await queries.get_tenant(session, tenant_id)
    user = await queries.get_user(session, tenant_id, user_id)
    changes = _changes(body)
    changes.pop("campaign_ids", None)
    if "role" in changes:
        _refuse_role(changes["role"], is_platform=tenant.is_platform)
    await _refuse_last_admin(session, user, changes)
    ends = changes.get("is_active", True) is False or changes.get("role", user.role) != user.role
    for name, value in changes.items():
        setattr(user, name, value)
    await session.flush()
    if body.campaign_ids is not UNSET:
        await _set_campaigns(session, user, body.campaign_ids)
    if ends:
        await queries.revoke_sessions(session, user.id, "account_changed")
    _note(session, principal, tenant_id, "user.updated", user_id, **changes)
    return user


async def reset_password(
    session: AsyncSession, tenant_id: UUID, user_id: UUID, password: str
) -> None:
    """Set a password without the old one (the operator's command line); ends all sessions."""
    user = await queries.get_user(session, tenant_id, user_id)
    sessions.refuse_weak(password, user.email, "password")
    user.password_hash = await hash_password(password)
    await queries.revoke_sessions(session, user_id, "password_reset")
    audit_log.record(
        session,
        tenant_id=tenant_id,
        actor_id=None,
        action="auth.password_reset",
        target=user_id,
    )


async def create_api_key(
    session: AsyncSession, principal: Principal, access: Access, body: ApiKeyCreate
) -> tuple[ApiKey, str]:
    """The key's row, and the only sight of its secret."""
    if principal.api_key_id is not None:
        raise Forbidden("an API key can't make another one; use an access token")
    allowed = access.key_scopes & principal.scopes
    if unknown := sorted(set(body.scopes) - allowed):
        raise Invalid(
            f"an API key of this role cannot have {', '.join(unknown)[:500]}",
            field="scopes",
            detail={"allowed": sorted(allowed)},
        )
    if body.expires_at is not None and (body.expires_at.tzinfo is None or body.expires_at <= now()):
        raise Invalid(
            "needs to be in the future, with an offset, such as 2030-01-01T00:00:00Z",
            field="expires_at",
        )
    secret = secrets.token_urlsafe(32)
    key = ApiKey(
        tenant_id=principal.tenant_id,
        id=new_id(),
        user_id=principal.user_id,
        name=body.name,
        secret_hash=key_hash(secret),
        scopes=sorted(set(body.scopes)),
        expires_at=body.expires_at,
    )
    session.add(key)
    await session.flush()
    await session.refresh(key)
    _note(session, principal, principal.tenant_id, "api_key.created", key.id, scopes=key.scopes)
    return key, f"{KEY_PREFIX}{key.id.hex}_{secret}"


async def revoke_api_key(session: AsyncSession, principal: Principal, key_id: UUID) -> None:
    """One's own key, or any of the tenant for an admin; idempotent."""
    key = await session.get(ApiKey, (principal.tenant_id, key_id))
    is_admin = "users:admin" in principal.scopes
    if key is None or not (is_admin or key.user_id == principal.user_id):
        raise NotFound("no such API key", code="api_key_not_found")
    key.revoked_at = key.revoked_at or now()
    _note(session, principal, principal.tenant_id, "api_key.revoked", key_id)


def _refuse_role(role: object, *, is_platform: bool) -> None:
    if (role == "platform_admin") != is_platform:
        raise Invalid(
            "platform_admin exists in the platform tenant only", field="role", code="role_refused"
        )


async def _refuse_last_admin(session: AsyncSession, user: User, changes: dict[str, object]) -> None:
    was_admin = user.is_active and user.role in ("tenant_admin", "platform_admin")
    role, is_active = changes.get("role", user.role), changes.get("is_active", user.is_active)
    stays = bool(is_active) and role in ("tenant_admin", "platform_admin")
    if was_admin and not stays and await queries.count_active_admins(session, user.tenant_id) < 2:
        raise Conflict("the last admin of a tenant must stay one", code="last_admin")


async def _set_campaigns(session: AsyncSession, user: User, campaign_ids: Sequence[UUID]) -> None:
    await session.execute(delete(UserCampaign).where(UserCampaign.user_id == user.id))
    for campaign_id in dict.fromkeys(campaign_ids):
        session.add(
            UserCampaign(tenant_id=user.tenant_id, user_id=user.id, campaign_id=campaign_id)
        )
    try:
        await session.flush()
    except IntegrityError as error:
        raise Invalid(
            "names a campaign that does not exist", field="campaign_ids", code="campaign_not_found"
        ) from error


async def find_platform_tenant(session: AsyncSession) -> Tenant | None:
    """The tenant of the operators: needs a system session."""
    return await session.scalar(select(Tenant).where(Tenant.is_platform).limit(1))


def _changes(body: msgspec.Struct) -> dict[str, object]:
    return {k: v for k, v in msgspec.structs.asdict(body).items() if v is not UNSET}


def _note(
    session: AsyncSession,
    principal: Principal,
    tenant_id: UUID,
    action: str,
    target: object,
    **detail: object,
) -> None:
    audit_log.record(
        session,
        tenant_id=tenant_id,
        actor_id=principal.user_id,
        action=action,
        target=target,
        **detail,
    )
