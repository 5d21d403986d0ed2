"""The manifest of the crawl."""

from lsos.core.http.access import read_and_write
from lsos.domains.crawl import figures
from lsos.room import BaselineStep, Room

ROOM = Room(
    package=__package__,
    scopes=read_and_write("crawl"),
    baseline=(BaselineStep("crawl", "crawl.baseline"),),
    dashboard=figures.DASHBOARD,
    health=figures.HEALTH,
)
