"""The manifest of the dashboard."""

from lsos.core.http.access import Scope
from lsos.domains.dashboard.queries import board
from lsos.room import Room

ROOM = Room(
    package=__package__,
    scopes=(Scope("dashboard:read", "client_viewer"),),
    provides={"board": board},
)
