"""Bodies of the health routes."""

import msgspec

from lsos.core.schema import Out
from lsos.domains.health.rules import Status


class Liveness(Out):
    status: Status
    version: str


class Check(Out, omit_defaults=True):
    ok: bool
    ms: float
    """Time that the check took."""
    detail: str | None = None


class Checks(Out):
    postgresql: Check
    migrations: Check
    redis: Check


class Readiness(Out):
    status: Status
    checks: Checks
    version: str


class Finding(msgspec.Struct, frozen=True):
    """One line of `lsos doctor`: with `ok` and a hint it is advice, without `ok` a fault."""

    name: str
    ok: bool
    detail: str
    hint: str = ""
    """What to type or set."""
