"""The manifest of the site's entity."""

from lsos.core.http.access import read_and_write
from lsos.domains.entity import figures, queries, rules
from lsos.room import BaselineStep, Room, ScoreSource, SignalSource

ROOM = Room(
    package=__package__,
    scopes=read_and_write("entity"),
    baseline=(BaselineStep(rules.BASELINE_STEP, "entity.baseline", after="crawl"),),
    signals=rules.SIGNALS,
    signal_source=SignalSource(rules.ROOM, queries.signals, queries.measured_at),
    score=ScoreSource("entity", queries.find_score),
    dashboard=figures.DASHBOARD,
)
