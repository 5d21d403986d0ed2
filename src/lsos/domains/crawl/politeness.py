"""The least interval between requests to one host, kept over all processes by Redis' clock."""

import time

from redis.asyncio import Redis

from lsos.core.redis.client import HOST_CLOCK, OUTAGE
from lsos.core.resources import Resources

_RESERVE = """
local t = redis.call('time')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local free = tonumber(redis.call('get', KEYS[1]) or '0')
local start = math.max(now, free)
local wait = start - now
if wait <= tonumber(ARGV[2]) then
    local step = tonumber(ARGV[1])
    if step > 0 then redis.call('set', KEYS[1], start + step, 'px', wait + step + 1000) end
    return {1, wait}
end
return {0, wait}
"""
_COOL = """
local t = redis.call('time')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local free = tonumber(redis.call('get', KEYS[1]) or '0')
local to = math.max(free, now + tonumber(ARGV[1]))
redis.call('set', KEYS[1], to, 'px', to - now + 1000)
return 0
"""


class HostClock:
    """Gives out the next free moment of a host; without Redis each process keeps its own."""

    def __init__(self, redis: Redis) -> None:
        self._reserve = redis.register_script(_RESERVE)
        self._cool = redis.register_script(_COOL)
        self._local: dict[str, float] = {}
        self._cooling: dict[str, float] = {}

    async def reserve(self, host: str, interval_s: float, longest_s: float) -> tuple[bool, float]:
        """(is it ours, seconds until then): not ours when it is more than `longest_s` away."""
        cooling = self._cooling.get(host, 0.0) - time.monotonic()
        if cooling > longest_s:
            return False, cooling
        if interval_s <= 0 and cooling <= 0:
            return True, 0.0
        try:
            ours, wait_ms = await self._reserve(
                keys=[HOST_CLOCK + host], args=[int(interval_s * 1000), int(longest_s * 1000)]
            )
            return bool(ours), float(wait_ms) / 1000
        except OUTAGE:
            return self._reserve_here(host, interval_s, longest_s)

    async def cool_down(self, host: str, seconds: float) -> None:
        """Nobody asks this host for a while: it said 429 or Retry-After."""
        self._cooling[host] = time.monotonic() + seconds
        try:
            await self._cool(keys=[HOST_CLOCK + host], args=[int(seconds * 1000)])
        except OUTAGE:
            self._local[host] = self._cooling[host]

    def _reserve_here(self, host: str, interval_s: float, longest_s: float) -> tuple[bool, float]:
        now = time.monotonic()
        start = max(now, self._local.get(host, 0.0))
        if start - now > longest_s:
            return False, start - now
        self._local[host] = start + interval_s
        return True, start - now


def host_clock(resources: Resources) -> HostClock:
    return HostClock(resources.redis)
