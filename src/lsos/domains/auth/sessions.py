"""Use cases of signing in: login, refresh, logout, password change, and who a request is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.core.db import audit_log
from lsos.core.db.database import Database, NotAdmitted
from lsos.core.db.system import system_session
from lsos.core.errors import Forbidden, Invalid, Unauthenticated
from lsos.core.http.access import Access
from lsos.core.http.principal import Principal, Role
from lsos.core.settings.settings import Settings
from lsos.domains.auth import queries, tokens
from lsos.domains.auth.models import AuthSession, RefreshToken, User
from lsos.domains.auth.passwords import hash_password, is_password
from lsos.domains.auth.rules import REFRESH_GRACE_S, password_fault
from lsos.domains.auth.schemas import Tokens

_WRONG = "e-mail address or password is wrong"
_ENDED = "this session has ended; sign in again"

_ADMIT = """
    select u.role, set_config('app.campaign_ids',
        case when u.role = 'client_viewer' then coalesce((
            select array_agg(c.campaign_id)::text from user_campaigns c
            where c.tenant_id = u.tenant_id and c.user_id = u.id
        ), '{}') else '' end, true)
    from users u
    join tenants t on t.id = u.tenant_id and t.is_active
    where u.tenant_id = $1::uuid and u.id = $2::uuid and u.is_active
        and case when $3::uuid is not null then exists (
            select from auth_sessions s
            where s.tenant_id = u.tenant_id and s.id = $3::uuid and s.user_id = u.id
                and s.revoked_at is null and s.expires_at > now()
        ) else exists (
            select from api_keys k
            where k.tenant_id = u.tenant_id and k.id = $4::uuid and k.user_id = u.id
                and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
        ) end
        and ($5::text is null or u.role = $5::text)
"""


class Admission(msgspec.Struct, frozen=True):
    """Checks a principal in the request's own transaction; restricts a client_viewer's view.

    Logout, password change and deactivation hold from the next request on, since each one asks.
    """

    principal: Principal
    has_any_role: bool = False

    name: ClassVar[str] = "lsos_admit"
    statement: ClassVar[str] = _ADMIT

    def arguments(self) -> tuple[UUID | str | None, ...]:
        who = self.principal
        role = None if self.has_any_role else who.role
        return who.tenant_id, who.user_id, who.session_id, who.api_key_id, role


@asynccontextmanager
async def admitted_session(db: Database, principal: Principal) -> AsyncIterator[AsyncSession]:
    """A tenant session that has checked its principal; Unauthenticated when it may not in."""
    admission = Admission(principal)
    try:
        async with db.tenant_session(principal.tenant_id, admission=admission) as session:
            yield session
    except NotAdmitted:
        raise await _refusal(db, principal) from None


async def _refusal(db: Database, principal: Principal) -> Unauthenticated:
    admission = Admission(principal, has_any_role=True)
    try:
        async with db.tenant_session(principal.tenant_id, admission=admission):
            return Unauthenticated(
                "the role of this account has changed; refresh the token", code="role_changed"
            )
    except NotAdmitted:
        return Unauthenticated(_ENDED, code="session_ended")


async def principal_of_token(settings: Settings, access: Access, token: str) -> Principal:
    claims = tokens.verify(settings.jwt_secret, token, refresh=False)
    try:
        role = msgspec.convert(claims.role, Role)
    except msgspec.ValidationError as error:
        raise Unauthenticated("this is no token of ours", code="token_invalid") from error
    return Principal(
        tenant_id=claims.tid,
        user_id=claims.sub,
        role=role,
        scopes=access.scopes_of[role],
        session_id=claims.sid,
    )


async def log_in(db: Database, settings: Settings, email: str, password: str) -> Tokens:
    """Tokens of a new session; the same refusal in the same time for unknown accounts."""
    async with system_session(db) as session:
        found = await queries.find_login(session, email)
    is_right = await is_password(found.password_hash if found else None, password)
    if found is None or not is_right or not found.is_usable:
        raise Unauthenticated(_WRONG, code="login_failed")
    async with db.tenant_session(found.tenant_id) as session:
        user = await session.get_one(User, (found.tenant_id, found.id))
        user.last_login_at = at = now()
        family = AuthSession(
            tenant_id=user.tenant_id,
            id=new_id(),
            user_id=user.id,
            expires_at=at + timedelta(seconds=settings.jwt_refresh_ttl_seconds),
        )
        session.add(family)
        await session.flush()
        leaf = _new_leaf(settings, family)
        session.add(leaf)
        return _tokens(settings, user, leaf)


async def refresh(db: Database, settings: Settings, token: str) -> Tokens:
    """The successor of a refresh token.

    The family's row is locked, so of parallel refreshes one makes the successor and the others get
    the same one within the grace; a later use proves theft or a lost answer, and ends the family
    once.
    """
    claims = tokens.verify(settings.jwt_secret, token, refresh=True)
    async with db.tenant_session(claims.tid) as session:
        family = await queries.lock_live_session(session, claims.tid, claims.sid)
        leaf = await session.get(RefreshToken, (claims.tid, claims.jti))
        user = await queries.find_active_user(session, claims.tid, claims.sub)
        if leaf is None or family is None or user is None or leaf.session_id != family.id:
            raise Unauthenticated(_ENDED, code="session_ended")
        if leaf.used_at is None:
            successor = _new_leaf(settings, family)
            session.add(successor)
            leaf.used_at, leaf.successor_id = now(), successor.id
            family.expires_at = successor.expires_at
            return _tokens(settings, user, successor)
        if now() - leaf.used_at <= timedelta(seconds=REFRESH_GRACE_S) and leaf.successor_id:
            known = await session.get_one(RefreshToken, (claims.tid, leaf.successor_id))
            return _tokens(settings, user, known)
        family.revoked_at, family.revoked_why = now(), "refresh_reused"
        audit_log.record(
            session,
            tenant_id=claims.tid,
            actor_id=user.id,
            action="auth.refresh_reused",
            target=family.id,
        )
    raise Unauthenticated(_ENDED, code="refresh_reused")


async def log_out(session: AsyncSession, principal: Principal) -> None:
    if principal.session_id is not None:
        await queries.revoke_session(session, principal.session_id, "logout")


async def change_password(db: Database, principal: Principal, current: str, new: str) -> None:
    """Set a new password and end every session of the account, this one too."""
    if principal.api_key_id is not None:
        raise Forbidden("an API key can't change the password; use an access token")
    async with db.tenant_session(principal.tenant_id) as session:
        user = await session.get_one(User, (principal.tenant_id, principal.user_id))
        stored, email = user.password_hash, user.email
    if not await is_password(stored, current):
        raise Invalid(
            "is not the current password", field="current_password", code="wrong_password"
        )
    refuse_weak(new, email, "new_password")
    hashed = await hash_password(new)
    async with db.tenant_session(principal.tenant_id) as session:
        user = await session.get_one(User, (principal.tenant_id, principal.user_id))
        user.password_hash = hashed
        await queries.revoke_sessions(session, user.id, "password_changed")
        audit_log.record(
            session,
            tenant_id=user.tenant_id,
            actor_id=user.id,
            action="auth.password_changed",
            target=user.id,
        )


def refuse_weak(password: str, email: str, field: str) -> None:
    messages = {
        "too_short": "needs 12 or more characters",
        "too_long": "has more than 256 characters",
        "like_email": "must not be the e-mail address",
    }
    if fault := password_fault(password, email):
        raise Invalid(messages[fault], field=field, code="weak_password")


def _new_leaf(settings: Settings, family: AuthSession) -> RefreshToken:
    at = now().replace(microsecond=0)
    return RefreshToken(
        tenant_id=family.tenant_id,
        id=new_id(),
        session_id=family.id,
        issued_at=at,
        expires_at=at + timedelta(seconds=settings.jwt_refresh_ttl_seconds),
    )


def _tokens(settings: Settings, user: User, leaf: RefreshToken) -> Tokens:
    access = tokens.claims_of(
        user_id=user.id,
        tenant_id=user.tenant_id,
        role=user.role,
        session_id=leaf.session_id,
        jti=new_id(),
        at=now(),
        ttl_s=settings.jwt_access_ttl_seconds,
    )
    lasting = tokens.claims_of(
        user_id=user.id,
        tenant_id=user.tenant_id,
        role=user.role,
        session_id=leaf.session_id,
        jti=leaf.id,
        at=leaf.issued_at,
        ttl_s=settings.jwt_refresh_ttl_seconds,
    )
    return Tokens(
        access_token=tokens.issue(settings.jwt_secret, access, refresh=False),
        refresh_token=tokens.issue(settings.jwt_secret, lasting, refresh=True),
        expires_in=settings.jwt_access_ttl_seconds,
    )
