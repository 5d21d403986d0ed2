"""The manifest of looking at jobs."""

from lsos.core.http.access import read_and_write
from lsos.domains.jobs import figures
from lsos.room import Room

ROOM = Room(
    package=__package__,
    scopes=read_and_write("jobs"),
    health=figures.HEALTH,
)
