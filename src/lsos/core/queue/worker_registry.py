"""Tells in Redis which worker processes live, for whoever judges the platform."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from redis.asyncio import Redis

from lsos.core.cancelling import end
from lsos.core.clock import now
from lsos.core.redis.client import OUTAGE

BEAT_S = 10
FORGET_S = 3_600
"""How long it is known when the last worker was there."""


@contextlib.asynccontextmanager
async def announce(redis: Redis, key: str, name: str) -> AsyncIterator[None]:
    """Tell that this process lives, for the length of the block; a clean end is told, too.

    Not by the task that tells: a cancelled one can't ask Redis before Python 3.11.3, since its
    time-outs fire at once.
    """
    telling = asyncio.ensure_future(_announce(redis, key, name))
    try:
        yield
    finally:
        await end(telling)
        with contextlib.suppress(*OUTAGE):
            await redis.zrem(key, name)


async def _announce(redis: Redis, key: str, name: str) -> None:
    while True:
        at = now().timestamp()
        with contextlib.suppress(*OUTAGE):
            await redis.zadd(key, {name: at + 2 * BEAT_S})
            await redis.zremrangebyscore(key, "-inf", at - FORGET_S)
        await asyncio.sleep(BEAT_S)
