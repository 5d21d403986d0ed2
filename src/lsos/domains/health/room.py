"""The manifest of the platform's health."""

from lsos.domains.health.queries import last_judged
from lsos.domains.health.rollup import waiting
from lsos.room import Room

ROOM = Room(
    package=__package__,
    provides={"judged": last_judged, "waiting": waiting},
)
