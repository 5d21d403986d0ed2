"""The manifest of the providers."""

from lsos.core.http.access import Scope
from lsos.room import Room

ROOM = Room(
    package=__package__,
    scopes=(Scope("providers:read", "tenant_admin", is_for_keys=False),),
)
