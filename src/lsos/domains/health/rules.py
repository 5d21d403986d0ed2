"""How single checks add up to one status."""

from typing import Literal

Status = Literal["ok", "degraded", "unavailable"]


def overall(*, postgresql: bool, migrations: bool, redis: bool) -> Status:
    """Without Redis the API still takes work: jobs wait in PostgreSQL."""
    if not (postgresql and migrations):
        return "unavailable"
    return "ok" if redis else "degraded"
