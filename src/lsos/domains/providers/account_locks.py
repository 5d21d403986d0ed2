"""Accounts at providers that nobody may use for a while: rate limited, denied or spent.

One 429 or 401 is enough for all jobs of all processes. Keys hold a hash of the credential.
"""

import hashlib
import time
from typing import Literal, cast, get_args

import msgspec
from redis.asyncio import Redis

from lsos.core.redis.client import OUTAGE, PROVIDER_LOCK

LockReason = Literal["rate_limited", "denied", "quota_spent"]
_REASONS = get_args(LockReason)

# A hold is only ever made longer.
_HOLD = """
if redis.call('pttl', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
end
"""


class AccountLock(msgspec.Struct, frozen=True):
    reason: LockReason
    left_s: float


def account_of(provider: str, credential: str) -> str:
    """Name of an account in Redis; it does not lead back to the credential."""
    digest = hashlib.sha256(f"{provider}\n{credential}".encode()).hexdigest()
    return f"{provider}:{digest[:24]}"


class AccountLocks:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._hold = redis.register_script(_HOLD)
        self._local: dict[str, tuple[LockReason, float]] = {}

    async def find(self, account: str) -> AccountLock | None:
        """Why and how long this account may not be used; also what this process knows alone."""
        reason, until = self._local.get(account, ("rate_limited", 0.0))
        left_s = until - time.monotonic()
        if left_s > 0:
            return AccountLock(reason, left_s)
        self._local.pop(account, None)
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.get(PROVIDER_LOCK + account)
                pipe.pttl(PROVIDER_LOCK + account)
                raw, left_ms = await pipe.execute()
        except OUTAGE:
            return None
        found = raw.decode() if raw else ""
        if found not in _REASONS or left_ms <= 0:
            return None
        return AccountLock(cast(LockReason, found), left_ms / 1000)

    async def put(self, account: str, reason: LockReason, seconds: float) -> None:
        until = time.monotonic() + seconds
        if until > self._local.get(account, (reason, 0.0))[1]:
            self._local[account] = (reason, until)
        try:
            await self._hold(
                keys=[PROVIDER_LOCK + account], args=[reason, max(1, round(seconds * 1000))]
            )
        except OUTAGE:
            return
