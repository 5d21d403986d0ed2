"""The manifest of campaigns."""

from lsos.core.http.access import read_and_write
from lsos.domains.campaigns import figures
from lsos.room import Room

ROOM = Room(
    package=__package__,
    scopes=read_and_write("campaigns"),
    dashboard=figures.DASHBOARD,
)
