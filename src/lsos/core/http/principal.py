"""Who is asking: the principal of a request, and what a route asks of it."""

from collections.abc import Awaitable, Callable
from typing import Literal
from uuid import UUID

import msgspec

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
