"""Tells in Redis which worker processes live, for whoever judges the platform."""

import asyncio
import contextlib

from redis.asyncio import Redis

from lsos.core.clock import now
from lsos.core.redis import OUTAGE

BEAT_S = 10
FORGET_S = 3_600
"""How long it is known when the last worker was there."""


async def announce(redis: Redis, key: str, name: str) -> None:
    """Tell that this process lives, for as long as it is told again; gone at a clean end."""
    try:
        while True:
            at = now().timestamp()
            with contextlib.suppress(*OUTAGE):
                await redis.zadd(key, {name: at + 2 * BEAT_S})
                await redis.zremrangebyscore(key, "-inf", at - FORGET_S)
            await asyncio.sleep(BEAT_S)
    finally:
        with contextlib.suppress(*OUTAGE):
            await redis.zrem(key, name)
