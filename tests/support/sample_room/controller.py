"""Routes of notes."""

from uuid import UUID

from litestar import Controller, get
from litestar.params import FromQuery

from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, ok
from lsos.core.http.principal import needs
from tests.support.sample_room import queries


class NoteController(Controller):
    path = "/notes"
    tags = ("Notes",)

    @get("/", operation_id="listNotes", opt=needs("notes:read"))
    async def list_notes(
        self, session: inject.Session, campaign_id: FromQuery[UUID]
    ) -> Envelope[list[str]]:
        """The notes of a campaign."""
        return ok([note.text for note in await queries.list_notes(session, campaign_id)])


CONTROLLERS = (NoteController,)
