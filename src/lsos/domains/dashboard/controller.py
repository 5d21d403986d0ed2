"""Route of the dashboard."""

from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, ok
from lsos.core.http.principal import needs
from lsos.domains.dashboard.queries import Board
from lsos.domains.dashboard.schemas import Dashboard
from lsos.domains.health.queries import LastJudged


class DashboardController(Controller):
    path = "/dashboard"
    tags = ("dashboard",)

    @get(
        "/",
        operation_id="getDashboard",
        opt=needs("dashboard:read"),
    )
    async def get_one(
        self,
        campaign_id: FromQuery[UUID],
        session: inject.Session,
        board: NamedDependency[Board],
        judged: NamedDependency[LastJudged],
    ) -> Envelope[Dashboard]:
        """Show the newest figures of a campaign; what was never measured is null."""
        return ok(await board.show(session, campaign_id, judged))


CONTROLLERS = (DashboardController,)
