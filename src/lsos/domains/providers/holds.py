"""Accounts at providers that nobody may use for a while: rate limited, denied or spent.

One 429 or 401 is enough for all jobs of all processes. Keys hold a hash of the credential.
"""

import hashlib
import time
from typing import Literal, cast, get_args

import msgspec
from redis.asyncio import Redis

from lsos.core.redis import OUTAGE, PROVIDER_HOLD

HoldReason = Literal["rate_limited", "denied", "quota_spent"]
_REASONS = get_args(HoldReason)

# A hold is only ever made longer.
_HOLD = """
if redis.call('pttl', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
end
"""


class Hold(msgspec.Struct, frozen=True):
    reason: HoldReason
    left_s: float


def account_of(provider: str, credential: str) -> str:
    """Name of an account in Redis; it does not lead back to the credential."""
    digest = hashlib.sha256(f"{provider}\n{credential}".encode()).hexdigest()
    return f"{provider}:{digest[:24]}"


class Holds:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._hold = redis.register_script(_HOLD)
        self._local: dict[str, tuple[HoldReason, float]] = {}

    async def find(self, account: str) -> Hold | None:
        """Why and how long this account may not be used; also what this process knows alone."""
        reason, until = self._local.get(account, ("rate_limited", 0.0))
        left_s = until - time.monotonic()
        if left_s > 0:
            return Hold(reason, left_s)
        self._local.pop(account, None)
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.get(PROVIDER_HOLD + account)
                pipe.pttl(PROVIDER_HOLD + account)
                raw, left_ms = await pipe.execute()
        except OUTAGE:
            return None
        found = raw.decode() if raw else ""
        if found not in _REASONS or left_ms <= 0:
            return None
        return Hold(cast(HoldReason, found), left_ms / 1000)

    async def put(self, account: str, reason: HoldReason, seconds: float) -> None:
        until = time.monotonic() + seconds
        if until > self._local.get(account, (reason, 0.0))[1]:
            self._local[account] = (reason, until)
        try:
            await self._hold(
                keys=[PROVIDER_HOLD + account], args=[reason, max(1, round(seconds * 1000))]
            )
        except OUTAGE:
            return
