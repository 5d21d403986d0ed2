"""The jobs of reports."""

from lsos.domains.reports.deliver import deliver
from lsos.domains.reports.generate import generate

TASKS = (generate, deliver)
