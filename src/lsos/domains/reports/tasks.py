"""Work of reports: make them, deliver them, start what schedules are due for."""

from lsos.core.observability.telemetry import span
from lsos.core.queue.work import Tick
from lsos.core.resources import Resources
from lsos.domains.reports import schedules
from lsos.domains.reports.deliver import deliver
from lsos.domains.reports.generate import generate


async def start_due(resources: Resources) -> None:
    with span("report_tick"):  # what it starts belongs to its trace
        await schedules.tick(resources.db, sender=resources.settings.smtp_from_email)


TASKS = (generate, deliver)
TICKS = (Tick("report_tick", start_due, runs_at_start=True),)
