"""Routes that a load balancer asks: is the process alive, and can it serve."""

import msgspec
from arq.connections import ArqRedis
from litestar import Controller, get
from litestar.di import NamedDependency

from lsos import __version__
from lsos.core import inject
from lsos.core.envelope import Envelope, failures, ok
from lsos.core.errors import Unavailable
from lsos.core.principal import PUBLIC, needs
from lsos.domains.health import queries
from lsos.domains.health.schemas import Liveness, Readiness

RETRY_AFTER_S = 5


class HealthController(Controller):
    path = "/health"
    tags = ("health",)

    @get("/", operation_id="getHealth", opt=needs(PUBLIC))
    async def live(self) -> Envelope[Liveness]:
        """The process answers; no store is asked."""
        return ok(Liveness(status="ok", version=__version__))

    @get("/readiness", operation_id="getReadiness", opt=needs(PUBLIC), responses=failures(503))
    async def ready(
        self, db: inject.Database, redis: NamedDependency[ArqRedis]
    ) -> Envelope[Readiness]:
        """Whether work can be taken; degraded (200) when only Redis is away."""
        readiness = await queries.get_readiness(db, redis)
        if readiness.status == "unavailable":
            raise Unavailable(
                "PostgreSQL or its migrations are missing",
                code="not_ready",
                detail=msgspec.to_builtins(readiness),
                retry_after_s=RETRY_AFTER_S,
            )
        return ok(readiness)
