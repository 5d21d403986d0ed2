"""Reads of tenants, users, sessions and keys."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.db.audit_log import AuditEntry
from lsos.core.errors import NotFound
from lsos.core.http.paging import paginate
from lsos.core.http.schema import Page
from lsos.domains.auth.models import ApiKey, AuthSession, Tenant, User, UserCampaign
from lsos.domains.auth.rules import fold_email


class LoginRow(NamedTuple):
    tenant_id: UUID
    id: UUID
    password_hash: str
    is_usable: bool


async def find_login(session: AsyncSession, email: str) -> LoginRow | None:
    """The account of an address, over all tenants: needs a system session."""
    row = (
        await session.execute(
            select(User.tenant_id, User.id, User.password_hash, User.is_active & Tenant.is_active)
            .join(Tenant, Tenant.id == User.tenant_id)
            .where(User.email == fold_email(email))
        )
    ).one_or_none()
    return None if row is None else LoginRow(*row)


async def lock_live_session(
    session: AsyncSession, tenant_id: UUID, session_id: UUID
) -> AuthSession | None:
    return await session.scalar(
        select(AuthSession)
        .where(
            AuthSession.tenant_id == tenant_id,
            AuthSession.id == session_id,
            AuthSession.revoked_at.is_(None),
            AuthSession.expires_at > func.now(),
        )
        .with_for_update()
    )


async def find_active_user(session: AsyncSession, tenant_id: UUID, user_id: UUID) -> User | None:
    return await session.scalar(
        select(User)
        .join(Tenant, Tenant.id == User.tenant_id)
        .where(User.tenant_id == tenant_id, User.id == user_id, User.is_active, Tenant.is_active)
    )


async def revoke_session(session: AsyncSession, session_id: UUID, why: str) -> None:
    await session.execute(
        update(AuthSession)
        .where(AuthSession.id == session_id, AuthSession.revoked_at.is_(None))
        .values(revoked_at=now(), revoked_why=why)
    )


async def revoke_sessions(session: AsyncSession, user_id: UUID, why: str) -> None:
    await session.execute(
        update(AuthSession)
        .where(AuthSession.user_id == user_id, AuthSession.revoked_at.is_(None))
        .values(revoked_at=now(), revoked_why=why)
    )


async def get_tenant(session: AsyncSession, tenant_id: UUID) -> Tenant:
    tenant = await session.get(Tenant, tenant_id)
    if tenant is None:
        raise NotFound("no such tenant", code="tenant_not_found")
    return tenant


async def list_tenants(session: AsyncSession, cursor: str | None, limit: int) -> Page[Tenant]:
    """In order of creation: one's own, or all in a system session."""
    return await paginate(session, select(Tenant), (Tenant.created_at, Tenant.id), cursor, limit)


async def get_user(session: AsyncSession, tenant_id: UUID, user_id: UUID) -> User:
    user = await session.get(User, (tenant_id, user_id))
    if user is None:
        raise NotFound("no such user", code="user_not_found")
    return user


async def list_users(session: AsyncSession, cursor: str | None, limit: int) -> Page[User]:
    """In order of creation."""
    return await paginate(session, select(User), (User.created_at, User.id), cursor, limit)


async def campaigns_of_users(
    session: AsyncSession, user_ids: Sequence[UUID]
) -> dict[UUID, list[UUID]]:
    """Campaign ids of client_viewers, by user."""
    found: dict[UUID, list[UUID]] = {user_id: [] for user_id in user_ids}
    rows = await session.execute(
        select(UserCampaign.user_id, UserCampaign.campaign_id)
        .where(UserCampaign.user_id.in_(user_ids))
        .order_by(UserCampaign.campaign_id)
    )
    for user_id, campaign_id in rows:
        found[user_id].append(campaign_id)
    return found


async def count_active_admins(session: AsyncSession, tenant_id: UUID) -> int:
    """Locks the admins' rows, so that two of them can't deactivate each other at once."""
    rows = await session.scalars(
        select(User.id)
        .where(
            User.tenant_id == tenant_id,
            User.is_active,
            User.role.in_(("tenant_admin", "platform_admin")),
        )
        .with_for_update()
    )
    return len(rows.all())


async def list_api_keys(session: AsyncSession, user_id: UUID | None) -> Sequence[ApiKey]:
    query = select(ApiKey).order_by(ApiKey.created_at, ApiKey.id).limit(200)
    if user_id is not None:
        query = query.where(ApiKey.user_id == user_id)
    return (await session.scalars(query)).all()


async def find_api_key(session: AsyncSession, key_id: UUID) -> tuple[ApiKey, str] | None:
    """A key and its maker's role, over all tenants: needs a system session."""
    row = (
        await session.execute(
            select(ApiKey, User.role)
            .join(User, (User.tenant_id == ApiKey.tenant_id) & (User.id == ApiKey.user_id))
            .where(ApiKey.id == key_id)
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


async def touch_api_key(session: AsyncSession, key_id: UUID) -> None:
    """Note the use, at most once a minute."""
    await session.execute(
        text(
            "update api_keys set last_used_at = now() where id = :id"
            " and (last_used_at is null or last_used_at < now() - interval '1 minute')"
        ),
        {"id": key_id},
    )


async def list_audit_log(session: AsyncSession, cursor: str | None, limit: int) -> Page[AuditEntry]:
    """Newest first."""
    key = (AuditEntry.created_at.desc(), AuditEntry.id.desc())
    return await paginate(session, select(AuditEntry), key, cursor, limit)
