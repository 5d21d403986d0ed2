"""The manifest of reports."""

from lsos.core.http.access import read_and_write
from lsos.domains.reports import figures
from lsos.room import Room

ROOM = Room(
    package=__package__,
    scopes=read_and_write("reports"),
    dashboard=figures.DASHBOARD,
    health=figures.HEALTH,
)
