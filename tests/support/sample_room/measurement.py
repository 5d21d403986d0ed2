"""A kind of measurement: each word of a campaign's name is sent, and the reply becomes a note."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID, uuid5

from redis.asyncio import Redis
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.queue.work import Work
from lsos.core.resources import Resources
from lsos.core.settings.settings import Settings
from lsos.domains.campaigns import queries as campaigns
from lsos.domains.measuring.kind import Kind, Outcome
from lsos.domains.measuring.rules import Price, Run
from lsos.domains.providers.base import BadResponse
from lsos.domains.providers.rules import MeasurementState
from lsos.domains.providers.spending import note_call
from tests.support.sample_room.models import Note

ASKED = "sample_room:asked"
HELD = "sample_room:held"
"""The word whose reply is held back."""
GARBLED = "garbled"


class Reply(NamedTuple):
    text: str
    state: MeasurementState = "found"


class Postbox:
    """Replies to each word with itself; a test looks on, and holds replies back, by Redis."""

    source = "postbox"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def ask(self, word: str) -> Reply:
        note_call()
        await self._redis.rpush(ASKED, word)
        while await self._redis.get(HELD) == word.encode():  # noqa: ASYNC110 -- of another process
            await asyncio.sleep(0.02)
        if word == GARBLED:
            raise BadResponse("nobody can read this")
        return Reply(word)


def postbox(resources: Resources) -> Postbox:
    return Postbox(resources.redis)


class NotesKind(Kind[str, Reply, Postbox]):
    name = "notes"
    about = "replies to the words of a campaign's name"
    task = "notes.measure"
    baseline_step = "notes"

    def source(self, settings: Settings) -> str:
        return Postbox.source

    def provider(self, work: Work) -> Postbox:
        return work.resources.get(postbox)

    def batch_size(self, provider: Postbox) -> int:
        return 4

    def price(self, unit: str, source: str) -> Price:
        return Price(1, 2)

    async def count(self, session: AsyncSession, run: Run) -> int:
        return len(await self.units(session, run, None, 1_000))

    async def units(
        self, session: AsyncSession, run: Run, after: str | None, limit: int
    ) -> Sequence[str]:
        campaign = await campaigns.get_campaign(session, run.tenant_id, run.campaign_id)
        words = sorted(set(campaign.name.split()))
        return [word for word in words if word > (after or "")][:limit]

    def key(self, unit: str) -> str:
        return unit

    async def ask(self, provider: Postbox, unit: str, *, tenant_id: UUID) -> Reply:
        return await provider.ask(unit)

    async def store(
        self, session: AsyncSession, run: Run, outcomes: Sequence[Outcome[str, Reply]]
    ) -> None:
        owned = {"tenant_id": run.tenant_id, "campaign_id": run.campaign_id}
        rows = [{**owned, "id": uuid5(run.id, o.key), "text": o.unit} for o in outcomes if o.answer]
        if rows:
            await session.execute(insert(Note).values(rows).on_conflict_do_nothing())


KIND = NotesKind()
