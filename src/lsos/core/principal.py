"""Who is asking: the principal of a request, and the guard that compares it with the route."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Literal
from uuid import UUID

import msgspec
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers.base import BaseRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from lsos.core.errors import Forbidden, Unauthenticated

Role = Literal["platform_admin", "tenant_admin", "analyst", "client_viewer"]
PUBLIC = "public"
ANY = "any"
"""Any principal may use the route."""


class Principal(msgspec.Struct, frozen=True):
    tenant_id: UUID
    user_id: UUID
    role: Role
    scopes: frozenset[str]
    session_id: UUID | None = None
    """The refresh family behind an access token; None for an API key."""
    api_key_id: UUID | None = None


Authenticator = Callable[[str], Awaitable[Principal]]
"""Bearer token -> Principal; raises Unauthenticated."""


def needs(scope: str, *, shows_secret: bool = False) -> dict[str, object]:
    """The `opt` of a route: `@get(opt=needs("crawl:read"))`. A route without one is refused.

    An answer that shows a secret once is never stored, not for an Idempotency-Key either.
    """
    return {"scope": scope, "shows_secret": shows_secret}


def guard(connection: ASGIConnection, handler: BaseRouteHandler) -> None:  # type: ignore[type-arg]  # Litestar's four type variables say nothing here
    """The one guard of the application: fail closed.

    OPTIONS is answered by Litestar with the route's methods alone.
    """
    scope = handler.opt.get("scope")
    if scope == PUBLIC or connection.scope.get("method") == "OPTIONS":
        return
    principal = connection.scope.get("user")
    if not isinstance(principal, Principal):
        failure = connection.scope.get("auth")
        if isinstance(failure, Unauthenticated):
            raise failure
        raise Unauthenticated("send an access token or an API key: Authorization: Bearer <token>")
    if scope != ANY and scope not in principal.scopes:
        raise Forbidden(f"this needs the scope {scope}", detail={"role": principal.role})


class AuthMiddleware:
    """Finds the principal behind a bearer token; the guard decides whether one is needed."""

    def __init__(self, app: ASGIApp, authenticate: Authenticator) -> None:
        self._app = app
        self._authenticate = authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = bearer_token(scope["headers"]) if scope["type"] == ScopeType.HTTP else None
        if token is not None:
            try:
                scope["user"] = await self._authenticate(token)
            except Unauthenticated as error:
                scope["auth"] = error
        await self._app(scope, receive, send)


def bearer_token(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            if scheme.lower() == "bearer" and token:
                return token.strip()
    return None
