"""The least interval between requests to a host holds over processes, and without Redis."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from lsos.core.redis.client import HOST_CLOCK, client
from lsos.domains.crawl.politeness import HostClock

INTERVAL_S = 100.0
"""Far longer than the test takes, so that answers can be told apart without a clock."""


@pytest.fixture
async def redis(settings: Any) -> AsyncIterator[Any]:
    connection = client(settings.redis_url)
    yield connection
    await connection.aclose()


@pytest.fixture
def host() -> str:
    return f"{uuid4().hex}.example"


def steps(waits: list[tuple[bool, float]]) -> list[float]:
    """Waits in intervals."""
    return [round(wait / INTERVAL_S, 1) for _, wait in waits]


async def test_two_processes_share_one_row_of_moments(redis: Any, host: str) -> None:
    here, there = HostClock(redis), HostClock(redis)
    asked = [(here if n % 2 else there).reserve(host, INTERVAL_S, 1_000.0) for n in range(6)]
    waits = await asyncio.gather(*asked)
    assert sorted(steps(waits)) == [0, 1, 2, 3, 4, 5]
    assert all(is_ours for is_ours, _ in waits)


async def test_a_moment_that_is_too_far_away_is_not_taken(redis: Any, host: str) -> None:
    clock = HostClock(redis)
    waits = [await clock.reserve(host, INTERVAL_S, 150.0) for _ in range(4)]
    assert [is_ours for is_ours, _ in waits] == [True, True, False, False]
    assert steps(waits) == [0, 1, 2, 2]


async def test_a_host_that_asks_for_patience_is_left_alone_by_all(redis: Any, host: str) -> None:
    here, there = HostClock(redis), HostClock(redis)
    await here.cool_down(host, 300.0)
    assert await here.reserve(host, 0.0, 5.0) == (False, pytest.approx(300, abs=30))
    assert await there.reserve(host, 0.2, 5.0) == (False, pytest.approx(300, abs=30))
    assert (await there.reserve("other." + host, 0.2, 5.0))[0]


async def test_a_longer_cool_down_is_not_shortened(redis: Any, host: str) -> None:
    clock = HostClock(redis)
    await clock.cool_down(host, 300.0)
    await HostClock(redis).cool_down(host, 1.0)
    assert (await HostClock(redis).reserve(host, 0.2, 5.0))[1] > 200


async def test_redis_may_forget_scripts_and_moments(redis: Any, host: str) -> None:
    clock = HostClock(redis)
    await clock.reserve(host, INTERVAL_S, 5.0)
    await redis.script_flush()
    await redis.delete(HOST_CLOCK + host)
    assert await clock.reserve(host, INTERVAL_S, 5.0) == (True, 0.0)
    assert 0 < await redis.pttl(HOST_CLOCK + host) <= (INTERVAL_S + 1) * 1000


async def test_without_redis_a_process_keeps_its_own_clock(host: str) -> None:
    away = client("redis://127.0.0.1:1/0")
    clock = HostClock(away)
    waits = [await clock.reserve(host, INTERVAL_S, 150.0) for _ in range(3)]
    assert [is_ours for is_ours, _ in waits] == [True, True, False]
    await clock.cool_down(host, 500.0)
    assert not (await clock.reserve(host, 0.0, 150.0))[0]
    await away.aclose()
