"""Routes of runs, the same for every kind: list, read, cancel, and the answer to a dry run."""

from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, failures, ok, ok_page
from lsos.core.http.principal import Principal, needs
from lsos.core.http.schema import DEFAULT_LIMIT
from lsos.domains.measuring import queries, service
from lsos.domains.measuring.bodies import Estimate, MeasurementView, measurement_view
from lsos.domains.measuring.kind import AnyKind

DRY_RUN = {
    200: ResponseSpec(Envelope[Estimate], generate_examples=False, description="Answer to dry_run")
}
"""What the route of an order answers besides its 202."""


async def answer_dry_run(
    session: AsyncSession, principal: Principal, wanted: service.Order
) -> Response[Any]:
    return Response(ok(await service.estimate(session, principal, wanted)), status_code=200)


def run_routes(kind: AnyKind) -> type[Controller]:
    """`/<kind>/runs` with its reading and cancelling."""
    word = kind.name.capitalize()
    reading, writing = needs(f"{kind.name}:read"), needs(f"{kind.name}:write")

    class RunController(Controller):
        path = f"/{kind.name}/runs"
        tags = (kind.name,)

        @get("/", operation_id=f"list{word}Runs", opt=reading)
        async def list_runs(
            self,
            session: inject.Session,
            campaign_id: FromQuery[UUID | None] = None,
            cursor: inject.Cursor = None,
            limit: inject.Limit = DEFAULT_LIMIT,
        ) -> Envelope[list[MeasurementView]]:
            """List runs, newest first."""
            page = await queries.list_runs(session, kind.name, campaign_id, cursor, limit)
            return ok_page(page.map(measurement_view))

        @get(
            "/{measurement_id:uuid}",
            operation_id=f"get{word}Run",
            opt=reading,
        )
        async def get_run(
            self,
            measurement_id: FromPath[UUID],
            session: inject.Session,
            principal: inject.Principal,
        ) -> Envelope[MeasurementView]:
            """Show a run: how far it is, or how it ended."""
            run = await queries.get_run(session, principal.tenant_id, measurement_id, kind.name)
            return ok(measurement_view(run))

        @post(
            "/{measurement_id:uuid}/cancel",
            operation_id=f"cancel{word}Run",
            opt=writing,
            status_code=200,
            responses=failures(409),
        )
        async def cancel(
            self,
            measurement_id: FromPath[UUID],
            session: inject.Session,
            principal: inject.Principal,
        ) -> Envelope[MeasurementView]:
            """Stop a run; answers to questions that are under way are still stored."""
            return ok(
                measurement_view(await service.cancel(session, principal, kind, measurement_id))
            )

    return RunController
