"""Registers live worker processes in Redis, for the evaluation of the platform state."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from redis.asyncio import Redis

from lsos.core.cancelling import end
from lsos.core.clock import now
from lsos.core.redis.client import OUTAGE

BEAT_S = 10
FORGET_S = 3_600
"""How long the time of the last live worker is kept."""


@contextlib.asynccontextmanager
async def announce(redis: Redis, key: str, name: str) -> AsyncIterator[None]:
    """Register this process for the duration of the block, and unregister it on a clean exit.

    The heartbeat task does not unregister itself: before Python 3.11.3, a cancelled task cannot
    call Redis, because its timeouts fire at once.
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
