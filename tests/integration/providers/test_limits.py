"""What one process learns of a provider locks for all of them, and none depends on Redis."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from lsos.core.redis.client import client as redis_client
from lsos.domains.providers.account_locks import AccountLocks, account_of
from lsos.domains.providers.base import Busy
from lsos.domains.providers.breaker import Breaker, BreakerLimits
from lsos.domains.providers.limits import SharedLimits
from lsos.embedded import Stores
from tests.support.waiting import PATIENCE_S, until

LIMITS = BreakerLimits(window_s=300, least_calls=4, failure_rate=0.5, pause_s=2.0, probe_s=300)
AWAY = "redis://127.0.0.1:1/0"


@pytest.fixture(params=["redis", "away"])
async def redis(request: Any, shared_stores: Stores) -> AsyncIterator[Any]:
    connection = redis_client(shared_stores.redis_url if request.param == "redis" else AWAY)
    yield connection
    await connection.aclose()


@pytest.fixture
async def shared(shared_stores: Stores) -> AsyncIterator[Any]:
    connection = redis_client(shared_stores.redis_url)
    yield connection
    await connection.aclose()


async def fail(breaker: Breaker, provider: str, times: int) -> None:
    for _ in range(times):
        await breaker.record(provider, is_ok=False)


async def test_a_circuit_opens_lets_one_probe_through_and_closes(redis: Any) -> None:
    breaker, provider = Breaker(redis, LIMITS), uuid4().hex
    await fail(breaker, provider, 3)
    assert (await breaker.allow(provider)).is_allowed, "too few calls say nothing"
    await fail(breaker, provider, 1)
    refused = await breaker.allow(provider)
    assert not refused.is_allowed
    assert 0 < refused.wait_s <= LIMITS.pause_s
    assert (await breaker.allow(uuid4().hex)).is_allowed, "another provider is unaffected"

    async def probe() -> bool:
        return (await breaker.allow(provider)).is_probe

    await until(probe, "a probe to be allowed")
    assert not (await breaker.allow(provider)).is_allowed, "one probe at a time"
    await breaker.record(provider, is_ok=False, is_probe=True)
    assert (await breaker.allow(provider)).wait_s > LIMITS.pause_s, "twice as long"
    await until(probe, "another probe")
    await breaker.record(provider, is_ok=True, is_probe=True)
    await breaker.record(provider, is_ok=False)
    assert (await breaker.allow(provider)).is_allowed, "closed, and counting anew"


async def test_failures_below_the_rate_open_nothing(redis: Any) -> None:
    breaker, provider = Breaker(redis, LIMITS), uuid4().hex
    for _ in range(20):
        await breaker.record(provider, is_ok=True)
        await breaker.record(provider, is_ok=True)
        await breaker.record(provider, is_ok=False)
    assert (await breaker.allow(provider)).is_allowed


async def test_processes_share_circuits_and_holds(shared: Any) -> None:
    here, there, provider = (
        SharedLimits(shared, LIMITS),
        SharedLimits(shared, LIMITS),
        uuid4().hex,
    )
    await fail(here.breaker, provider, 4)
    assert not (await there.breaker.allow(provider)).is_allowed
    account = account_of(provider, "secret")
    await here.account_locks.put(account, "denied", 600)
    await here.account_locks.put(account, "rate_limited", 5)
    found = await there.account_locks.find(account)
    assert found is not None
    assert found.reason == "denied", "a shorter hold replaces no longer one"
    assert 500 < found.left_s <= 600
    assert await there.account_locks.find(account_of(provider, "another")) is None


async def test_a_hold_of_this_process_outlasts_redis(redis: Any) -> None:
    locks, account = AccountLocks(redis), uuid4().hex
    await locks.put(account, "quota_spent", 60)
    found = await locks.find(account)
    assert found is not None
    assert found.reason == "quota_spent"
    await locks.put(short := uuid4().hex, "rate_limited", 0.05)

    async def is_over() -> bool:
        return await locks.find(short) is None

    await until(is_over, "the hold to end")


async def test_keys_show_no_credential() -> None:
    account = account_of("serpapi", "sk-top-secret")
    assert "sk-top-secret" not in account
    assert account != account_of("serpapi", "sk-top-secret2")


async def test_no_more_calls_are_under_way_than_permits(redis: Any) -> None:
    gate, key = SharedLimits(redis), f"test:{uuid4().hex}"
    running = most = 0

    async def work() -> None:
        nonlocal running, most
        async with gate.permit(key, 3, wait_s=PATIENCE_S, ttl_s=3000):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(work() for _ in range(12)))
    assert most <= 3


async def test_who_waits_too_long_for_a_permit_is_told_so(shared: Any) -> None:
    gate, key = SharedLimits(shared), f"test:{uuid4().hex}"
    async with gate.permit(key, 1, wait_s=0, ttl_s=300):
        with pytest.raises(Busy) as raised:
            async with gate.permit(key, 1, wait_s=0.05, ttl_s=300):
                pass
        assert raised.value.code == "provider_no_permit"
    async with gate.permit(key, 1, wait_s=0, ttl_s=300):
        pass
