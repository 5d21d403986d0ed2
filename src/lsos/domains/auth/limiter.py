"""Login limits per account and per address, shared by all processes while Redis is there.

Each try is counted before the password is looked at and taken back when it was right, so that
parallel guesses can't exceed the limit. When an account's budget is spent, an address from which
its owner has logged in lately still may try: an attacker can't lock a victim out.
"""

import time
from collections import defaultdict

import structlog
from redis.asyncio import Redis

from lsos.core.errors import TooMany
from lsos.core.redis.client import LOGIN_ACCOUNT, LOGIN_IP, OUTAGE
from lsos.core.resources import Resources
from lsos.domains.auth.rules import (
    ACCOUNT_TRIES,
    IP_TRIES,
    KNOWN_IP_S,
    KNOWN_IP_TRIES,
    LOGIN_WINDOW_S,
    account_key,
)

log = structlog.get_logger(__name__)

_COUNT = """
local n = redis.call('incr', KEYS[1])
if n == 1 then redis.call('expire', KEYS[1], ARGV[1]) end
return n
"""


class LoginLimiter:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._count = redis.register_script(_COUNT)
        self._local: dict[str, tuple[float, int]] = defaultdict(lambda: (0.0, 0))

    async def admit(self, email: str, address: str) -> None:
        """Count this try; TooMany with Retry-After when a budget is spent."""
        account = account_key(email)
        if await self._add(LOGIN_IP + address) > IP_TRIES:
            raise _too_many()
        if await self._add(LOGIN_ACCOUNT + account) <= ACCOUNT_TRIES:
            return
        own = f"{LOGIN_ACCOUNT}{account}:{address}"
        if await self._is_known(account, address) and await self._add(own) <= KNOWN_IP_TRIES:
            return
        raise _too_many()

    async def succeeded(self, email: str, address: str) -> None:
        """Take the try back and remember the address."""
        account = account_key(email)
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for key in (LOGIN_IP + address, LOGIN_ACCOUNT + account):
                    pipe.decr(key)
                    pipe.expire(key, LOGIN_WINDOW_S, lt=True)
                pipe.set(_known(account, address), b"1", ex=KNOWN_IP_S)
                await pipe.execute()
        except OUTAGE as error:
            log.warning("login_not_remembered", error=type(error).__name__)

    async def _add(self, key: str) -> int:
        try:
            return int(await self._count(keys=[key], args=[LOGIN_WINDOW_S]))
        except OUTAGE:
            return self._add_here(key)

    def _add_here(self, key: str) -> int:
        """Redis is away: this process counts for itself, so guessing stays bounded."""
        began, count = self._local[key]
        now = time.monotonic()
        if now - began > LOGIN_WINDOW_S:
            began, count = now, 0
        if len(self._local) > 100_000:
            self._local.clear()
        self._local[key] = (began, count + 1)
        return count + 1

    async def _is_known(self, account: str, address: str) -> bool:
        try:
            return bool(await self._redis.exists(_known(account, address)))
        except OUTAGE:
            return False


def _known(account: str, address: str) -> str:
    return f"{LOGIN_ACCOUNT}known:{account}:{address}"


def _too_many() -> TooMany:
    return TooMany(
        "too many failed logins; wait a few minutes",
        code="too_many_logins",
        retry_after_s=LOGIN_WINDOW_S,
    )


def login_limiter(resources: Resources) -> LoginLimiter:
    return LoginLimiter(resources.redis)
