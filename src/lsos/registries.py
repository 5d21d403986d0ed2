"""What the rooms join: tasks, steps of a baseline, followers of a crawl."""

from collections.abc import Sequence

from lsos.core.work import Registry, Task
from lsos.domains.campaigns.rules import BaselineStep
from lsos.domains.crawl import tasks as crawl

TASKS: Sequence[Task] = (*crawl.TASKS,)

BASELINE_STEPS: Sequence[BaselineStep] = (BaselineStep(name="crawl", task="crawl.baseline"),)

CRAWL_FOLLOWERS: Sequence[str] = ()
"""Tasks that are enqueued with the run's id when a crawl has been judged."""


MEASUREMENT_FOLLOWERS: Sequence[str] = ()
"""Tasks that are enqueued for the campaign when a room has finished a measurement."""


def registry() -> Registry:
    tasks = Registry()
    for task in TASKS:
        tasks.add(task)
    return tasks
