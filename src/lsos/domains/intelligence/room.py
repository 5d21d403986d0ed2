"""The manifest of recommendations."""

from lsos.core.http.access import read_and_write
from lsos.domains.intelligence import figures
from lsos.domains.intelligence.rules import REFRESH
from lsos.room import Room

ROOM = Room(
    package=__package__,
    scopes=read_and_write("intelligence"),
    follows_crawl=(REFRESH,),
    follows_measurement=(REFRESH,),
    dashboard=figures.DASHBOARD,
)
