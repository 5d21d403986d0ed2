"""Routes for load balancers, operators and scrapers: alive, able to serve, and how well."""

from typing import Annotated

import msgspec
from arq.connections import ArqRedis
from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from lsos import __version__
from lsos.core.errors import Unavailable
from lsos.core.http import inject
from lsos.core.http.envelope import Envelope, ok
from lsos.core.http.principal import ANY, PUBLIC, needs
from lsos.domains.health import prometheus, queries
from lsos.domains.health.rollup import Waiting
from lsos.domains.health.rules import WINDOW_S
from lsos.domains.health.schemas import Health, Liveness, Readiness
from lsos.domains.reference.library import Library

RETRY_AFTER_S = 5
Window = Annotated[
    int,
    QueryParameter(
        ge=60,
        le=7_200,
        description="Window in seconds, back from now, in whole minutes.",
    ),
]


class HealthController(Controller):
    path = "/health"
    tags = ("health",)

    @get("/", operation_id="getHealth", opt=needs(PUBLIC))
    async def live(self) -> Envelope[Liveness]:
        """Tell that the process answers; no store is asked."""
        return ok(Liveness(status="ok", version=__version__))

    @get(
        "/readiness",
        operation_id="getReadiness",
        opt=needs(PUBLIC),
    )
    async def ready(
        self,
        db: inject.Database,
        redis: NamedDependency[ArqRedis],
        library: NamedDependency[Library],
    ) -> Envelope[Readiness]:
        """Tell whether the installation can take work.

        Degraded (200) when only Redis or advice is missing; 503 when no work can be taken.
        """
        readiness = await queries.get_readiness(db, redis, library)
        if readiness.status == "unavailable":
            raise Unavailable(
                "PostgreSQL or its migrations are missing",
                code="not_ready",
                detail=msgspec.to_builtins(readiness),
                retry_after_s=RETRY_AFTER_S,
            )
        return ok(readiness)

    @get(
        "/metrics",
        operation_id="getHealthMetrics",
        opt=needs(ANY),
    )
    async def metrics(
        self,
        db: inject.Database,
        redis: NamedDependency[ArqRedis],
        settings: inject.Settings,
        sessions: inject.Sessions,
        waiting: NamedDependency[Waiting],
        window_s: Window = WINDOW_S,
    ) -> Envelope[Health]:
        """Show figures of the whole installation, its service levels, alerts and state.

        No data of a tenant is in it.
        """
        async with sessions():
            pass  # the caller's session still holds
        health = await queries.get_health(
            db, redis, waiting, window_s=window_s, is_judged=settings.metrics_enabled
        )
        return ok(health)


@get("/metrics", opt=needs(PUBLIC), include_in_schema=False, media_type="text/plain")
async def scrape(
    db: inject.Database,
    redis: NamedDependency[ArqRedis],
    settings: inject.Settings,
    waiting: NamedDependency[Waiting],
) -> Response[str]:
    """The same as Prometheus text; who may read it is a guard of the application's."""
    health = await queries.get_health(db, redis, waiting, is_judged=settings.metrics_enabled)
    return Response(prometheus.text(health), media_type=prometheus.CONTENT_TYPE)


CONTROLLERS = (HealthController,)
