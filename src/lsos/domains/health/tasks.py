"""Work of the platform's health: forget old figures, judge levels and alerts."""

from lsos.core.queue.work import Loop, Tick
from lsos.core.resources import Resources
from lsos.domains.health import service
from lsos.domains.health.rollup import waiting


async def purge(resources: Resources) -> None:
    """Delete figures that are older than they are kept for."""
    await service.purge(resources.db)


async def evaluate(resources: Resources) -> None:
    """Judge alerts and the platform state; a loop, since ticks stop while Redis is away."""
    if resources.settings.metrics_enabled:
        await service.evaluate(resources.db, resources.redis, resources.get(waiting))


TICKS = (Tick("purge_metrics", purge, minutes=frozenset({17})),)
LOOPS = (Loop("evaluate", evaluate, service.EVALUATE_S),)
