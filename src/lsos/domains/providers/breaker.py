"""A circuit breaker a provider, shared by all processes over Redis.

closed: calls pass, their outcomes are counted. open: nobody asks until the pause is over.
half_open: one call at a time is let through; it closes the circuit or opens it for twice as long.
"""

import time

import msgspec
from redis.asyncio import Redis

from lsos.core.redis.client import OUTAGE, PROVIDER_BREAKER

BUCKETS = 6
MAX_DOUBLINGS = 4


class BreakerLimits(msgspec.Struct, frozen=True):
    window_s: float = 30.0
    least_calls: int = 10
    """Fewer in the window say nothing."""
    failure_rate: float = 0.5
    """Of the calls in the window; from here on it opens."""
    pause_s: float = 10.0
    probe_s: float = 60.0
    """A probe whose process died is given up after that."""


class Pass(msgspec.Struct, frozen=True):
    """Leave to ask, or how long there is none."""

    is_allowed: bool
    wait_s: float = 0.0
    is_probe: bool = False


# Hash: open_until, opened (times in a row), probe_until; b0..b5 the number of the bucket that
# s0..s5 and f0..f5 (successes, failures) belong to. Times are the server's, in ms.
_NOW = """
local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function number(field) return tonumber(redis.call('hget', KEYS[1], field) or '0') end
"""
_ALLOW = (
    _NOW
    + """
local open_until = number('open_until')
if open_until == 0 then return {1, 0, 0} end
if now < open_until then return {0, open_until - now, 0} end
local probe_until = number('probe_until')
if now < probe_until then return {0, math.min(probe_until - now, 1000), 0} end
redis.call('hset', KEYS[1], 'probe_until', now + tonumber(ARGV[1]))
return {1, 0, 1}
"""
)
_RECORD = (
    _NOW
    + """
local ok, is_probe = ARGV[1] == '1', ARGV[2] == '1'
local window, buckets, least = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local rate, pause, doublings = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local function open()
  local opened = number('opened')
  local length = pause * 2 ^ math.min(opened, doublings)
  redis.call('del', KEYS[1])
  redis.call('hset', KEYS[1], 'open_until', now + length, 'opened', opened + 1)
  redis.call('pexpire', KEYS[1], length + 20 * pause + 600000)
end
if number('open_until') > 0 then
  if is_probe and ok then redis.call('del', KEYS[1]) elseif is_probe then open() end
  return
end
local step = window / buckets
local bucket = math.floor(now / step)
local slot = bucket % buckets
if number('b' .. slot) ~= bucket then
  redis.call('hset', KEYS[1], 'b' .. slot, bucket, 's' .. slot, 0, 'f' .. slot, 0)
end
redis.call('hincrby', KEYS[1], (ok and 's' or 'f') .. slot, 1)
redis.call('pexpire', KEYS[1], math.ceil(window * 2))
if ok then return end
local good, bad = 0, 0
for i = 0, buckets - 1 do
  if number('b' .. i) > bucket - buckets then
    good, bad = good + number('s' .. i), bad + number('f' .. i)
  end
end
if good + bad >= least and bad >= rate * (good + bad) then open() end
"""
)


class LocalCircuit:
    """The same rules for one process, while Redis is away."""

    def __init__(self, limits: BreakerLimits) -> None:
        self._limits = limits
        self._calls: list[tuple[float, bool]] = []
        self._open_until = 0.0
        self._probe_until = 0.0
        self._opened = 0

    def allow(self, now: float) -> Pass:
        if not self._open_until:
            return Pass(is_allowed=True)
        if now < self._open_until:
            return Pass(is_allowed=False, wait_s=self._open_until - now)
        if now < self._probe_until:
            return Pass(is_allowed=False, wait_s=min(self._probe_until - now, 1.0))
        self._probe_until = now + self._limits.probe_s
        return Pass(is_allowed=True, is_probe=True)

    def record(self, now: float, *, is_ok: bool, is_probe: bool) -> None:
        limits = self._limits
        if self._open_until:
            if is_probe and is_ok:
                self._open_until, self._opened, self._calls = 0.0, 0, []
            elif is_probe:
                self._open(now)
            return
        self._calls = [c for c in self._calls if c[0] > now - limits.window_s]
        self._calls.append((now, is_ok))
        failed = sum(not ok for _, ok in self._calls)
        enough = len(self._calls) >= limits.least_calls
        if not is_ok and enough and failed >= limits.failure_rate * len(self._calls):
            self._open(now)

    def _open(self, now: float) -> None:
        self._open_until = now + self._limits.pause_s * 2 ** min(self._opened, MAX_DOUBLINGS)
        self._probe_until, self._calls = 0.0, []
        self._opened += 1


class Breaker:
    def __init__(self, redis: Redis, limits: BreakerLimits | None = None) -> None:
        self._limits = limits or BreakerLimits()
        self._allow = redis.register_script(_ALLOW)
        self._record = redis.register_script(_RECORD)
        self._local: dict[str, LocalCircuit] = {}

    async def allow(self, provider: str) -> Pass:
        """Whether the provider may be asked now; a probe must be recorded as one."""
        try:
            ok, wait_ms, probe = await self._allow(
                keys=[PROVIDER_BREAKER + provider], args=[_ms(self._limits.probe_s)]
            )
        except OUTAGE:
            return self._circuit(provider).allow(time.monotonic())
        return Pass(is_allowed=bool(ok), wait_s=float(wait_ms) / 1000, is_probe=bool(probe))

    async def record(self, provider: str, *, is_ok: bool, is_probe: bool = False) -> None:
        limits = self._limits
        args = [
            int(is_ok), int(is_probe), _ms(limits.window_s), BUCKETS, limits.least_calls,
            limits.failure_rate, _ms(limits.pause_s), MAX_DOUBLINGS,
        ]  # fmt: skip
        try:
            await self._record(keys=[PROVIDER_BREAKER + provider], args=args)
        except OUTAGE:
            circuit = self._circuit(provider)
            circuit.record(time.monotonic(), is_ok=is_ok, is_probe=is_probe)

    def _circuit(self, provider: str) -> LocalCircuit:
        return self._local.setdefault(provider, LocalCircuit(self._limits))


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
