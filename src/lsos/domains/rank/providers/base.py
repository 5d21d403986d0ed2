"""The seam of rank providers."""

from typing import Protocol
from uuid import UUID

from lsos.domains.rank.rules import BusinessIdentity, RankQuery, SearchPage


class RankProvider(Protocol):
    source: str
    """What stands in every snapshot and answer: synthetic | http | serpapi."""
    batch_size: int
    """Keywords that are measured and stored together; so many answers a killed worker may lose."""

    async def fetch(
        self, query: RankQuery, own: BusinessIdentity, *, tenant_id: UUID
    ) -> SearchPage:
        """What the search shows; `own` tells how deep to look. Failures are ProviderErrors."""
