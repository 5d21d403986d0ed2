"""Routes of notes."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromQuery, JSONBody

from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, ok
from lsos.core.http.principal import needs
from lsos.core.http.schema import In
from lsos.domains.measuring import service as measuring
from lsos.domains.measuring.bodies import MeasurementView, measurement_view
from lsos.domains.measuring.routes import DRY_RUN, answer_dry_run, run_routes
from lsos.domains.measuring.service import Order
from tests.support.sample_room import queries
from tests.support.sample_room.measurement import KIND


class NotesOrder(In):
    campaign_id: UUID
    dry_run: bool = False


class NoteController(Controller):
    path = "/notes"
    tags = ("Notes",)

    @get("/", operation_id="listNotes", opt=needs("notes:read"))
    async def list_notes(
        self, session: inject.Session, campaign_id: FromQuery[UUID]
    ) -> Envelope[list[str]]:
        """The notes of a campaign."""
        return ok([note.text for note in await queries.list_notes(session, campaign_id)])

    @post(
        "/measure",
        operation_id="measureNotes",
        opt=needs("notes:write"),
        status_code=202,
        responses=DRY_RUN,
    )
    async def measure(
        self,
        data: JSONBody[NotesOrder],
        session: inject.Session,
        principal: inject.Principal,
        settings: inject.Settings,
    ) -> Response[Envelope[MeasurementView]]:
        """Send out the words of the campaign's name."""
        order = Order(KIND, data.campaign_id, KIND.source(settings))
        if data.dry_run:
            return await answer_dry_run(session, principal, order)
        run, _ = await measuring.order(session, principal, order)
        return Response(ok(measurement_view(run)), status_code=202)


CONTROLLERS = (NoteController, run_routes(KIND))
