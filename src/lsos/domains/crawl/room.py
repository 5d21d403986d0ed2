"""The manifest of the crawl."""

from lsos.checks.catalogue import BY_CODE
from lsos.core.http.access import Scope, read_and_write
from lsos.domains.crawl import findings
from lsos.room import BaselineStep, Room, ScoreSource

ROOM = Room(
    package=__package__,
    scopes=(
        *read_and_write("crawl"),
        Scope("check_settings:write", "tenant_admin", is_for_keys=False),
    ),
    baseline=(BaselineStep("crawl", "crawl.baseline"),),
    codes=tuple(BY_CODE),
    score=ScoreSource("technical", findings.find_technical_score),
)
