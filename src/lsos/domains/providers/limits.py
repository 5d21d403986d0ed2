"""What all provider clients of a process share: breaker, holds and permits over Redis."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from redis.asyncio import Redis

from lsos.core.redis.client import OUTAGE
from lsos.core.redis.semaphore import Lease, Semaphore
from lsos.core.resources import Resources
from lsos.domains.providers.account_locks import AccountLocks
from lsos.domains.providers.base import Busy
from lsos.domains.providers.breaker import Breaker, BreakerLimits


class SharedLimits:
    def __init__(self, redis: Redis, breaker: BreakerLimits | None = None) -> None:
        self.breaker = Breaker(redis, breaker)
        self.account_locks = AccountLocks(redis)
        self._semaphore = Semaphore(redis)
        self._local: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def permit(
        self, key: str, limit: int, *, wait_s: float, ttl_s: float
    ) -> AsyncIterator[None]:
        """One of `limit` slots over all processes; Busy when none comes free within `wait_s`."""
        ends = time.monotonic() + wait_s
        async with AsyncExitStack() as stack:
            while True:
                try:
                    lease = await self._semaphore.acquire(key, limit, ttl_s)
                except OUTAGE:
                    # Each process on its own: better than no figures at all.
                    here = self._local.setdefault(key, asyncio.Semaphore(limit))
                    await stack.enter_async_context(here)
                    break
                if lease is not None:
                    stack.push_async_callback(_release, lease)
                    break
                if time.monotonic() >= ends:
                    raise Busy("all permits are taken", code="provider_no_permit", wait_s=1.0)
                await asyncio.sleep(0.02 + 0.08 * random.random())  # noqa: S311 -- spread, no secret
            yield


def shared_limits(resources: Resources) -> SharedLimits:
    return SharedLimits(resources.redis)


async def _release(lease: Lease) -> None:
    """Without Redis the slot comes back at the end of its lease."""
    with suppress(*OUTAGE):
        await lease.release()
