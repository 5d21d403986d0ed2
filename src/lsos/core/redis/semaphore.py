"""Semaphores with leases in Redis: limits shared by all processes, released after a crash."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

from lsos.core import cancelling

# One sorted set per semaphore: member = holder's token, score = end of its lease in ms. The
# server's clock is used, so the workers' clocks do not matter.
_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

_ACQUIRE = (
    _NOW
    + """
local key, token, limit, ttl = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
if not redis.call('ZSCORE', key, token) and redis.call('ZCARD', key) >= limit then
  return 0
end
redis.call('ZADD', key, now + ttl, token)
redis.call('PEXPIRE', key, math.max(ttl, redis.call('PTTL', key)))
return 1
"""
)

_HEARTBEAT = (
    _NOW
    + """
local key, token, ttl = KEYS[1], ARGV[1], tonumber(ARGV[2])
local ends = redis.call('ZSCORE', key, token)
if not ends or tonumber(ends) <= now then
  return 0
end
redis.call('ZADD', key, now + ttl, token)
redis.call('PEXPIRE', key, math.max(ttl, redis.call('PTTL', key)))
return 1
"""
)

_COUNT = _NOW + "return redis.call('ZCOUNT', KEYS[1], '(' .. string.format('%.0f', now), '+inf')"


class Lease:
    """A held slot; it ends when it is released or its lease expires."""

    def __init__(self, semaphore: "Semaphore", key: str, token: str, ttl_s: float) -> None:
        self._semaphore = semaphore
        self.key = key
        self.token = token
        self.ttl_s = ttl_s
        self.lost = asyncio.Event()
        """Set when the lease has expired and another holder may have the slot: stop the work."""

    @property
    def is_lost(self) -> bool:
        return self.lost.is_set()

    async def heartbeat(self) -> bool:
        """Renew the lease; returns False if it has already expired and the slot is lost."""
        if not self.is_lost and not await self._semaphore.extend(self.key, self.token, self.ttl_s):
            self.lost.set()
        return not self.is_lost

    async def release(self) -> None:
        """Release the slot; harmless if it has already ended."""
        await self._semaphore.release(self.key, self.token)


class Semaphore:
    """Works on Redis 7 and Valkey 9; callers pass `limit`, so it can change at any time."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._acquire = redis.register_script(_ACQUIRE)
        self._heartbeat = redis.register_script(_HEARTBEAT)
        self._count = redis.register_script(_COUNT)

    async def acquire(
        self, key: str, limit: int, ttl_s: float, token: str | None = None
    ) -> Lease | None:
        """Acquire a lease, or return None if all slots are taken; never waits.

        The same token gets its own slot again, with a renewed lease.
        """
        token = token or secrets.token_urlsafe(16)
        taken = await self._acquire(keys=[key], args=[token, limit, _ms(ttl_s)])
        return Lease(self, key, token, ttl_s) if taken else None

    async def extend(self, key: str, token: str, ttl_s: float) -> bool:
        """Renew a token's slot for `ttl_s`; returns whether it still held the slot."""
        return bool(await self._heartbeat(keys=[key], args=[token, _ms(ttl_s)]))

    async def release(self, key: str, token: str) -> None:
        await self._redis.zrem(key, token)

    async def count(self, key: str) -> int:
        """The number of slots currently held."""
        return int(await self._count(keys=[key]))

    @asynccontextmanager
    async def hold(
        self, key: str, limit: int, ttl_s: float, token: str | None = None
    ) -> AsyncIterator[Lease | None]:
        """A lease that is renewed in the background during the block; None if no slot is free.

        Long work must check `lease.is_lost` between its steps.
        """
        lease = await self.acquire(key, limit, ttl_s, token)
        if lease is None:
            yield None
            return
        beating = asyncio.create_task(_keep_alive(lease))
        try:
            yield lease
        finally:
            # In a separate task: this one may be cancelled, and before Python 3.11.3 timeouts
            # within a cancelled task fire at once.
            await asyncio.wait({asyncio.create_task(_give_back(lease, beating))})


async def _give_back(lease: Lease, beating: "asyncio.Task[None]") -> None:
    await cancelling.end(beating)
    # Without Redis the slot is freed when the lease expires.
    with suppress(RedisError, OSError):
        async with asyncio.timeout(lease.ttl_s):
            await lease.release()


async def _keep_alive(lease: Lease) -> None:
    loop = asyncio.get_running_loop()
    ends = loop.time() + lease.ttl_s
    while not lease.is_lost:
        await asyncio.sleep(lease.ttl_s / 3)
        asked = loop.time()
        try:
            async with asyncio.timeout_at(ends):
                await lease.heartbeat()
            ends = asked + lease.ttl_s
        except (RedisError, OSError):
            # A short outage does not lose the slot; one as long as the lease does.
            if loop.time() >= ends:
                lease.lost.set()


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
