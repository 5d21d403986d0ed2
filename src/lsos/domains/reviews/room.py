"""The manifest of reviews."""

from lsos.core.http.access import read_and_write
from lsos.domains.reviews import queries, rules
from lsos.room import Room, ScoreSource, SignalSource

ROOM = Room(
    package=__package__,
    scopes=read_and_write("reviews"),
    signals=rules.SIGNALS,
    signal_source=SignalSource("reviews", queries.signals, queries.find_measured_at),
    score=ScoreSource("reviews", queries.find_quality),
)
