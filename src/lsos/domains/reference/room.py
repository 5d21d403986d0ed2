"""The manifest of the reference library."""

from lsos.core.http.access import Scope
from lsos.domains.reference.library import library, start_library
from lsos.room import Room

ROOM = Room(
    package=__package__,
    scopes=(
        Scope("reference:read", "client_viewer"),
        Scope("reference:admin", "platform_admin", is_for_keys=False),
    ),
    provides={"library": library},
    starts=(start_library,),
)
