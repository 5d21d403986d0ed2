"""The manifest of notes."""

from lsos.core.http.access import read_and_write
from lsos.room import BaselineStep, Room, ScoreSource, SignalSource, Statement
from tests.support.sample_room import queries

ROOM = Room(
    package=__package__,
    scopes=read_and_write("notes"),
    baseline=(BaselineStep("notes", "notes.baseline"),),
    follows_crawl=("notes.after_crawl",),
    signals=(queries.KIND,),
    signal_source=SignalSource("notes", queries.signals, queries.find_measured_at),
    score=ScoreSource("notes", queries.find_score),
    dashboard=(
        Statement("notes_kept", "select count(*) from notes where campaign_id = :campaign_id"),
    ),
)
