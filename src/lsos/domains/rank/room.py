"""The manifest of ranks."""

from lsos.core.http.access import read_and_write
from lsos.domains.rank import figures, queries, rules
from lsos.room import BaselineStep, Room, ScoreSource, SignalSource

ROOM = Room(
    package=__package__,
    scopes=read_and_write("rank"),
    baseline=(BaselineStep("rank", "rank.baseline"),),
    signals=rules.SIGNALS,
    signal_source=SignalSource("rank", queries.signals, queries.find_measured_at),
    score=ScoreSource("visibility", queries.find_visibility),
    dashboard=figures.DASHBOARD,
)
