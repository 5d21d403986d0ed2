"""The door of the API: the principal behind a bearer token, compared with what the route needs."""

from collections.abc import Iterable

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers.base import BaseRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from lsos.core.errors import Forbidden, Unauthenticated
from lsos.core.http.principal import ANY, PUBLIC, Authenticator, Principal


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
