"""The manifest of the audit."""

from lsos.checks.catalogue import BY_CODE
from lsos.core.http.access import Scope
from lsos.domains.audit import findings
from lsos.domains.audit.queries import provide_check_settings
from lsos.room import Room, ScoreSource

ROOM = Room(
    package=__package__,
    scopes=(Scope("check_settings:write", "tenant_admin", is_for_keys=False),),
    starts=(provide_check_settings,),
    codes=tuple(BY_CODE),
    score=ScoreSource("technical", findings.find_technical_score),
)
