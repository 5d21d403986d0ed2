"""Jobs of reviews."""

from lsos.domains.measuring.jobs import tasks_of
from lsos.domains.reviews.measurement import KIND

TASKS = tasks_of(KIND)
