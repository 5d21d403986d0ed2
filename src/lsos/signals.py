"""The common format in which rooms report on a campaign: the input of recommendations."""

from datetime import datetime

import msgspec


class Affected(msgspec.Struct, frozen=True):
    """How many of a room's items a signal is about."""

    count: float
    of: float
    """0 if the signal is not about items."""
    sample: list[str] = msgspec.field(default_factory=list)
    """Up to 10 examples: URLs, keywords, locations, domains."""
    unit: str = "items"
    """Plural name of what is counted."""

    @property
    def share(self) -> float:
        return min(1.0, self.count / self.of) if self.of else 1.0


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """A measured fact that calls for action; rooms emit one per code and group.

    `code` is stable and registered: the reference library must have advice for it.
    """

    code: str
    room: str
    severity: str
    """critical | high | medium | low | info"""
    group_key: str = ""
    """Template, host, location or "" for the whole campaign."""
    affected: Affected
    measured_share: float = 1.0
    """Measured share of the inputs of this signal; below 1 it lowers the confidence."""
    facts: dict[str, object] = msgspec.field(default_factory=dict)
    """The numbers and texts behind it, as data."""
    measured_at: datetime
    """When the readings began that show it, the oldest of them."""
    source: str = ""
    """Who measured: synthetic, http, ...; "" for our own crawl."""


class SignalKind(msgspec.Struct, frozen=True):
    """A code that a room may emit."""

    code: str
    room: str
    severity: str
    meaning: str
