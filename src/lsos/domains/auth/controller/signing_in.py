"""Routes of signing in and of API keys."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, failures, ok
from lsos.core.http.principal import ANY, PUBLIC, needs
from lsos.core.http.request import client_address
from lsos.domains.auth import queries, service, sessions
from lsos.domains.auth.limiter import LoginLimiter
from lsos.domains.auth.models import ApiKey
from lsos.domains.auth.schemas import (
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyView,
    Login,
    Me,
    PasswordChange,
    Refresh,
    Tokens,
)


class AuthController(Controller):
    path = "/auth"
    tags = ("auth",)

    @post(
        "/login",
        operation_id="logIn",
        opt=needs(PUBLIC),
        status_code=200,
        responses=failures(401, 429),
    )
    async def log_in(
        self,
        data: JSONBody[Login],
        db: inject.Database,
        settings: inject.Settings,
        limiter: NamedDependency[LoginLimiter],
        request: Request[Any, Any, Any],
    ) -> Envelope[Tokens]:
        """Sign in with e-mail address and password.

        After 10 failures an account has to wait, and so has an address after 100.
        """
        address = client_address(request.scope, settings.trusted_proxy_networks)
        await limiter.admit(data.email, address)
        tokens = await sessions.log_in(db, settings, data.email, data.password)
        await limiter.succeeded(data.email, address)
        return ok(tokens)

    @post(
        "/refresh",
        operation_id="refreshTokens",
        opt=needs(PUBLIC),
        status_code=200,
        responses=failures(401),
    )
    async def refresh(
        self, data: JSONBody[Refresh], db: inject.Database, settings: inject.Settings
    ) -> Envelope[Tokens]:
        """Exchange a refresh token for a new pair of tokens.

        Each refresh token works once. One that is used again within 10 seconds gets the same
        successor; later use ends the session.
        """
        return ok(await sessions.refresh(db, settings, data.refresh_token))

    @post("/logout", operation_id="logOut", opt=needs(ANY), status_code=204)
    async def log_out(self, session: inject.Session, principal: inject.Principal) -> None:
        """End this session at once, its access token included."""
        await sessions.log_out(session, principal)

    @post(
        "/password",
        operation_id="changePassword",
        opt=needs(ANY),
        status_code=204,
        responses=failures(403, 429),
    )
    async def change_password(
        self,
        data: JSONBody[PasswordChange],
        db: inject.Database,
        settings: inject.Settings,
        session: inject.Session,
        principal: inject.Principal,
        limiter: NamedDependency[LoginLimiter],
        request: Request[Any, Any, Any],
    ) -> None:
        """Set a new password; this ends every session of the account."""
        # Whoever holds a stolen token must not guess the password here.
        account = str(principal.user_id)
        address = client_address(request.scope, settings.trusted_proxy_networks)
        await limiter.admit(account, address)
        await sessions.change_password(db, principal, data.current_password, data.new_password)
        await limiter.succeeded(account, address)

    @get(
        "/me",
        operation_id="getMe",
        opt=needs(ANY),
    )
    async def me(self, session: inject.Session, principal: inject.Principal) -> Envelope[Me]:
        """Show whom this token belongs to, and what it may do."""
        user = await queries.get_user(session, principal.tenant_id, principal.user_id)
        tenant = await queries.get_tenant(session, principal.tenant_id)
        return ok(
            Me(
                user_id=user.id,
                tenant_id=tenant.id,
                email=user.email,
                name=user.name,
                role=principal.role,
                scopes=sorted(principal.scopes),
                tenant_name=tenant.name,
            )
        )

    @post(
        "/api-keys",
        operation_id="createApiKey",
        opt=needs("api_keys:write", shows_secret=True),
    )
    async def create_key(
        self,
        data: JSONBody[ApiKeyCreate],
        session: inject.Session,
        principal: inject.Principal,
        access: inject.Access,
    ) -> Envelope[ApiKeyCreated]:
        """Create an API key; its secret is shown in this answer only."""
        key, secret = await service.create_api_key(session, principal, access, data)
        return ok(ApiKeyCreated(key=_key(key), secret=secret))

    @get(
        "/api-keys",
        operation_id="listApiKeys",
        opt=needs("api_keys:write"),
    )
    async def list_keys(
        self, session: inject.Session, principal: inject.Principal
    ) -> Envelope[list[ApiKeyView]]:
        """List your own API keys; an administrator sees all keys of the tenant."""
        mine = None if "users:admin" in principal.scopes else principal.user_id
        return ok([_key(key) for key in await queries.list_api_keys(session, mine)])

    @delete(
        "/api-keys/{key_id:uuid}",
        operation_id="revokeApiKey",
        opt=needs("api_keys:write"),
    )
    async def revoke_key(
        self, key_id: FromPath[UUID], session: inject.Session, principal: inject.Principal
    ) -> None:
        """Revoke an API key, effective from the next request on."""
        await service.revoke_api_key(session, principal, key_id)


def _key(key: ApiKey) -> ApiKeyView:
    return ApiKeyView(
        id=key.id,
        name=key.name,
        scopes=key.scopes,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )
