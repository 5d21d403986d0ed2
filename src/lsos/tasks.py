"""The tasks of all rooms: what a worker can run. The API enqueues them by name, and needs none."""

from collections.abc import Sequence

from lsos.core.queue.work import Registry, Task
from lsos.domains.crawl import tasks as crawl
from lsos.domains.entity import tasks as entity
from lsos.domains.intelligence import tasks as intelligence
from lsos.domains.local import tasks as local
from lsos.domains.measuring.tasks import tasks_of
from lsos.domains.reports import tasks as reports
from lsos.registries import KINDS

TASKS: Sequence[Task] = (
    *crawl.TASKS,
    *tasks_of(KINDS),
    *local.TASKS,
    *entity.TASKS,
    *intelligence.TASKS,
    *reports.TASKS,
)


def registry() -> Registry:
    tasks = Registry()
    for task in TASKS:
        tasks.add(task)
    return tasks
