"""Jobs of backlinks."""

from lsos.domains.authority.measurement import KIND
from lsos.domains.measuring.jobs import tasks_of

TASKS = tasks_of(KIND)
