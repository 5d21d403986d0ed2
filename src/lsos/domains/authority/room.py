"""The manifest of backlinks."""

from lsos.core.http.access import read_and_write
from lsos.domains.authority import queries, rules
from lsos.room import Room, ScoreSource, SignalSource

ROOM = Room(
    package=__package__,
    scopes=read_and_write("authority"),
    signals=rules.SIGNALS,
    signal_source=SignalSource("authority", queries.signals, queries.find_measured_at),
    score=ScoreSource("authority", queries.find_score),
)
