"""Jobs of ranks."""

from lsos.domains.measuring.jobs import tasks_of
from lsos.domains.rank.measurement import KIND

TASKS = tasks_of(KIND)
