"""The manifest of local profiles."""

from lsos.core.http.access import read_and_write
from lsos.domains.local import queries, rules
from lsos.room import BaselineStep, Room, ScoreSource, SignalSource

ROOM = Room(
    package=__package__,
    scopes=read_and_write("local"),
    baseline=(BaselineStep("local", "local.baseline"),),
    follows_crawl=("local.match_site",),
    signals=rules.SIGNALS,
    signal_source=SignalSource(
        "local",
        queries.signals,
        queries.find_measured_at,
        dict.fromkeys(rules.NAP_SIGNALS, queries.find_nap_measured_at),
    ),
    score=ScoreSource("local", queries.find_health_score),
)
