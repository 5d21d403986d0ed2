"""A tenant as a whole: its clients and its rows."""

from dataclasses import dataclass

from tests.support.clients import TenantClients
from tests.support.seeding import Seeded


@dataclass(frozen=True)
class Party:
    clients: TenantClients
    rows: Seeded
