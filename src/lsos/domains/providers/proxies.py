"""Which proxy a request goes out by: weighted, with pauses after failures, shared over Redis."""

import hashlib
import random
import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from redis.asyncio import Redis

from lsos.core.outbound.proxy import ProxyChooser
from lsos.core.redis.client import OUTAGE, PROXY
from lsos.core.settings.provider_config import Proxy

PAUSE_S = 5.0
"""After the first failure in a row; doubles with each further one."""
LONGEST_PAUSE_S = 300.0
LOOK_S = 1.0
"""How old may be what a process knows of the others' failures."""
KEPT_S = 7 * 86_400
FAULT_CHARS = 100

ProxyState = Literal["untested", "healthy", "cooling"]

_REPORT = """
local time = redis.call('time')
local now = time[1] + time[2] / 1000000
if ARGV[1] == '' then
  redis.call('hincrby', KEYS[1], 'successes', 1)
  redis.call('hset', KEYS[1], 'in_a_row', 0, 'last_success_at', now)
  redis.call('del', KEYS[2])
else
  redis.call('hincrby', KEYS[1], 'failures', 1)
  redis.call('hset', KEYS[1], 'last_failure_at', now, 'last_fault', ARGV[1])
  local in_a_row = redis.call('hincrby', KEYS[1], 'in_a_row', 1)
  local pause = math.min(tonumber(ARGV[2]) * 2 ^ math.min(in_a_row - 1, 20), tonumber(ARGV[3]))
  redis.call('set', KEYS[2], 1, 'px', math.floor(pause))
end
redis.call('expire', KEYS[1], ARGV[4])
return redis.call('pttl', KEYS[2])
"""


class ProxyHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What all processes have seen of a proxy within a week; no credentials."""

    url: str
    """Address of the proxy, without user name and password."""
    weight: float
    """How often it is chosen, relative to the others."""
    country: str
    """ISO 3166-1 code of its country; empty: not stated."""
    state: ProxyState
    """untested; healthy; cooling: paused after failures."""
    cooling_s: float
    """Seconds until it is used again, unless all others fail as well."""
    successes: int
    """Requests that succeeded."""
    failures: int
    """Requests that failed because of the proxy."""
    failures_in_a_row: int
    """Failures since the last success."""
    last_success_at: datetime | None
    """Time of the last success; null: none."""
    last_failure_at: datetime | None
    """Time of the last failure; null: none."""
    last_fault: str | None
    """What went wrong last; null: nothing."""


class ProxyPool(ProxyChooser):
    """Without Redis each process knows its own failures alone."""

    def __init__(self, redis: Redis, proxies: Sequence[Proxy], *, pause_s: float = PAUSE_S) -> None:
        self._redis = redis
        self._proxies = proxies
        self._pause_s = pause_s
        self._report = redis.register_script(_REPORT)
        self._cool_until = {proxy.url: 0.0 for proxy in proxies}
        self._in_a_row = {proxy.url: 0 for proxy in proxies}
        self._looked_at = -LOOK_S

    async def choose(self, tried: AbstractSet[str]) -> Proxy | None:
        """By weight among those that are well; else the one whose pause ends first.

        A direct request is no way out: whoever names proxies wants none.
        """
        await self._look()
        left = [proxy for proxy in self._proxies if proxy.url not in tried]
        if not left:
            return None
        now = time.monotonic()
        well = [proxy for proxy in left if self._cool_until[proxy.url] <= now]
        if not well:
            return min(left, key=lambda proxy: self._cool_until[proxy.url])
        return random.choices(well, [proxy.weight for proxy in well])[0]  # noqa: S311 -- shares of load, no secret

    async def report(self, proxy: Proxy, fault: str | None) -> None:
        key = PROXY + _name(proxy)
        pause_ms, longest_ms = round(self._pause_s * 1000), round(LONGEST_PAUSE_S * 1000)
        try:
            left_ms = await self._report(
                keys=[key, key + ":cool"],
                args=[(fault or "")[:FAULT_CHARS], pause_ms, longest_ms, KEPT_S],
            )
            pause_s = max(0, left_ms) / 1000
        except OUTAGE:
            row = self._in_a_row[proxy.url] = 0 if fault is None else self._in_a_row[proxy.url] + 1
            pause_s = min(self._pause_s * 2 ** min(row - 1, 20), LONGEST_PAUSE_S) if row else 0.0
        self._cool_until[proxy.url] = time.monotonic() + pause_s

    async def health(self) -> list[ProxyHealth]:
        """Raises while Redis is away."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for proxy in self._proxies:
                pipe.hgetall(PROXY + _name(proxy))
                pipe.pttl(PROXY + _name(proxy) + ":cool")
            answers = await pipe.execute()
        pairs = zip(answers[::2], answers[1::2], strict=True)
        return [_health(p, *pair) for p, pair in zip(self._proxies, pairs, strict=True)]

    async def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked_at < LOOK_S:
            return
        self._looked_at = now
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for proxy in self._proxies:
                    pipe.pttl(PROXY + _name(proxy) + ":cool")
                left = await pipe.execute()
        except OUTAGE:
            return
        for proxy, left_ms in zip(self._proxies, left, strict=True):
            self._cool_until[proxy.url] = now + max(0, left_ms) / 1000


def _health(proxy: Proxy, raw: dict[bytes, bytes], left_ms: int) -> ProxyHealth:
    seen: dict[str, Any] = {k.decode(): v.decode("utf-8", "replace") for k, v in raw.items()}
    state: ProxyState = "cooling" if left_ms > 0 else "healthy" if seen else "untested"
    return ProxyHealth(
        url=proxy.url,
        weight=proxy.weight,
        country=proxy.country,
        state=state,
        cooling_s=round(max(0, left_ms) / 1000, 1),
        successes=int(seen.get("successes", 0)),
        failures=int(seen.get("failures", 0)),
        failures_in_a_row=int(seen.get("in_a_row", 0)),
        last_success_at=_moment(seen.get("last_success_at")),
        last_failure_at=_moment(seen.get("last_failure_at")),
        last_fault=seen.get("last_fault"),
    )


def _moment(seconds: str | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(float(seconds), UTC)


def _name(proxy: Proxy) -> str:
    return hashlib.sha256(f"{proxy.username}@{proxy.url}".encode()).hexdigest()[:24]
