"""The seam of rank providers."""

from typing import Protocol
from uuid import UUID

from lsos.domains.providers.base import BadResponse, as_int, as_text
from lsos.domains.rank.rules import BusinessIdentity, RankQuery, SearchPage

MAX_POSITION = 1_000
"""Searches end long before."""


class RankProvider(Protocol):
    source: str
    """What stands in every snapshot and answer: synthetic | http | serpapi."""
    batch_size: int
    """Keywords that are measured and stored together; so many answers a killed worker may lose."""

    async def fetch(
        self, query: RankQuery, own: BusinessIdentity, *, tenant_id: UUID
    ) -> SearchPage:
        """What the search shows; `own` tells how deep to look. Failures are ProviderErrors."""


def position_of(value: object, counted: int) -> int:
    """A position as the answer states it, or `counted` where it states none.

    Raises BadResponse for anything that is no position, such as 0: it would be shown as a rank.
    """
    if value is None:
        return counted
    position = as_int(value, MAX_POSITION)
    if not position:
        raise BadResponse(f"a result has the position {as_text(str(value), 40)!r}")
    return position
