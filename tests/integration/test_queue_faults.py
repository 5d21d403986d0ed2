"""Whatever Redis forgets or repeats, and whoever dies, each job runs and has its effect once.

PostgreSQL, Valkey, API and workers are real; Valkey and the database are this file's own.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from sqlalchemy import func, select, text

from lsos.core.db.database import Database
from lsos.core.db.session import Push
from lsos.core.queue.jobs import Job
from lsos.core.queue.notifier import Notifier
from lsos.core.redis.client import client, queue_key
from lsos.core.settings.settings import Settings
from lsos.domains.auth import service as auth
from lsos.domains.auth.schemas import TenantCreate
from tests.support.apart import Stack, stack_apart
from tests.support.processes import api_process
from tests.support.queued import MODULE, Jobs
from tests.support.stack import ROOT, StoreFactory
from tests.support.valkey import Valkey, valkey_server
from tests.support.waiting import until
from tests.support.workers import environment, worker_process


@pytest.fixture(scope="module")
async def stack(stores: StoreFactory) -> AsyncIterator[Stack]:
    async with stack_apart(stores) as running:
        yield running


@pytest.fixture(scope="module")
async def valkey(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Valkey]:
    async with valkey_server(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture(scope="module")
def settings(stack: Stack, valkey: Valkey) -> Settings:
    return msgspec.structs.replace(
        stack.settings, redis_url=valkey.url, arq_redis_url=valkey.url, worker_max_jobs=5
    )


@pytest.fixture(scope="module")
async def redis(settings: Settings) -> AsyncIterator[Any]:
    connection = client(settings.redis_url)
    yield connection
    await connection.aclose()


@pytest.fixture
async def jobs(settings: Settings, redis: Any, stack: Stack, tmp_path: Path) -> AsyncIterator[Jobs]:
    db = Database.of(settings, application_name="lsos-tests", pusher=Notifier(redis))
    yield Jobs(db, stack.tenant.id, tmp_path)
    await db.close()


async def add_many(jobs: Jobs, name: str, count: int, **options: Any) -> list[str]:
    """Words of the jobs, enqueued in one transaction."""
    words = [f"{name}{number}" for number in range(count)]
    async with jobs.db.tenant_session(jobs.tenant_id) as session:
        for word in words:
            await jobs.put(session, "test.append", word=word, **options)
    return words


async def age(jobs: Jobs, seconds: int, *, queue: str) -> None:
    """As if all that waits there had been enqueued and rung for so long ago."""
    async with jobs.db.tenant_session(jobs.tenant_id) as session:
        await session.execute(
            text(
                "update jobs set due_at = now() - make_interval(secs => :ago),"
                " pushed_at = now() - make_interval(secs => :ago)"
                " where queue = :queue and state = 'queued'"
            ),
            {"ago": seconds, "queue": queue},
        )


async def until_ended(jobs: Jobs, *, queue: str = "") -> Counter[str]:
    """How many of the queue's jobs ended in which state."""

    async def look() -> Counter[str]:
        async with jobs.db.tenant_session(jobs.tenant_id) as session:
            found = await session.execute(
                select(Job.state, func.count().label("jobs"))
                .where(Job.queue == (queue or jobs.queue))
                .group_by(Job.state)
            )
            counts = Counter({row.state: row.jobs for row in found})
        return Counter() if counts["queued"] or counts["running"] else counts

    return await until(look, "the queue to be worked off")


async def until_running(jobs: Jobs, count: int) -> None:
    async def look() -> bool:
        return jobs.notes().count("start1") == count

    await until(look, f"{count} jobs to run")


async def test_a_killed_redis_comes_back_to_a_full_queue(
    jobs: Jobs, settings: Settings, valkey: Valkey, tmp_path: Path
) -> None:
    """F08, with 200 waiting and 10 running jobs, of which all end while Redis is away."""
    ten = msgspec.structs.replace(settings, worker_max_jobs=10)
    async with worker_process(ten, tmp_path / "w", queue=jobs.queue, module=MODULE) as working:
        for _ in range(10):
            await jobs.add("test.hold")
        await until_running(jobs, 10)
        words = await add_many(jobs, "waiting", 200)
        await valkey.kill()
        jobs.let_go()

        async def all_have_ended() -> bool:
            return jobs.notes().count("end") >= 10

        await until(all_have_ended, "the running jobs to end")
        await valkey.start()
        assert await until_ended(jobs) == {"done": 210}
        assert working.exit_code is None, "it came back by itself"
    noted = Counter(jobs.notes())
    assert {word: noted[word] for word in words} == dict.fromkeys(words, 1)
    assert noted["end"] == 10
    assert noted["start2"] <= 10


async def test_a_flushed_redis_loses_nothing(
    jobs: Jobs, settings: Settings, valkey: Valkey, redis: Any, tmp_path: Path
) -> None:
    """F09: 5 running and 50 deferred jobs, which the sweeper rings again."""
    async with worker_process(settings, tmp_path / "w", queue=jobs.queue, module=MODULE):
        for _ in range(5):
            await jobs.add("test.hold")
        await until_running(jobs, 5)
        words = await add_many(jobs, "deferred", 50, delay_s=600)
        names = await redis.zrange(queue_key(jobs.queue), 0, -1)
        assert len([name for name in names if name.endswith(b":0")]) == 55  # arq's cron aside
        await valkey.flush()
        jobs.let_go()
        await age(jobs, 20, queue=jobs.queue)
        assert await until_ended(jobs) == {"done": 55}
    noted = Counter(jobs.notes())
    assert {word: noted[word] for word in words} == dict.fromkeys(words, 1)
    assert noted["end"] == 5


async def test_the_api_takes_work_while_redis_is_away(
    jobs: Jobs, settings: Settings, valkey: Valkey, stack: Stack, tmp_path: Path
) -> None:
    """F10: one write of each kind, and ten jobs; what they wait is set to 50 s."""
    async with (
        api_process(settings, tmp_path / "api") as api,
        worker_process(settings, tmp_path / "w") as working,
    ):
        caller = api.client(stack.tenant.analyst.token)
        await valkey.kill()
        made = [
            await caller.post("/campaigns", {"name": f"C{n}", "site_url": "https://a.example/"})
            for n in range(10)
        ]
        accepted = [
            await caller.post("/local/refresh", {"campaign_id": campaign.data["id"]})
            for campaign in made
        ]
        read = [await caller.get(path) for path in ("/campaigns", "/jobs", "/health")]
        ready = await caller.get("/health/readiness")
        email = stack.tenant.emails["analyst"]
        wrong = await api.client(None).post("/auth/login", {"email": email, "password": "wrong"})
        right = {"email": email, "password": stack.tenant.password}
        signed_in = await api.client(None).post("/auth/login", right)
        assert {answer.status for answer in made} == {201}
        assert {answer.status for answer in accepted} == {202}
        assert {answer.status for answer in read} == {200}
        assert (ready.status, ready.data["status"]) == (200, "degraded")
        # The limiter counts in this process alone, and shuts nobody out.
        assert (wrong.status, signed_in.status) == (401, 200)
        await age(jobs, 50, queue="default")
        await valkey.start()
        counts = await until_ended(jobs, queue="default")
        assert set(counts) == {"done"}
        assert counts["done"] >= 10
        assert working.exit_code is None


async def test_an_api_that_dies_after_its_commit_has_taken_the_job(
    jobs: Jobs, settings: Settings, stack: Stack, redis: Any, tmp_path: Path
) -> None:
    """F11, in the API itself."""
    made = await stack.tenant.analyst.post(
        "/campaigns", {"name": "C", "site_url": "https://a.example/"}
    )
    factory = "tests.support.dying_commits:create_app"
    async with api_process(settings, tmp_path / "api", factory=factory) as api:
        caller = api.client(stack.tenant.analyst.token)
        with pytest.raises(httpx.TransportError):
            await caller.post("/local/refresh", {"campaign_id": made.data["id"]})
        assert await api.wait() == 9
    refreshes = select(Job).where(
        Job.campaign_id == UUID(made.data["id"]), Job.name == "local.refresh"
    )
    async with jobs.db.tenant_session(jobs.tenant_id) as session:
        (job,) = (await session.scalars(refreshes)).all()
    assert await redis.zscore(queue_key("default"), f"{job.id}:{job.generation}") is None, (
        "it was rung"
    )
    await age(jobs, 20, queue="default")
    async with worker_process(settings, tmp_path / "w"):
        await until_ended(jobs, queue="default")
    async with jobs.db.tenant_session(jobs.tenant_id) as session:
        ran = (await session.scalars(refreshes)).all()
    assert [job.state for job in ran] == ["done"]


async def test_what_dies_between_commit_and_notification_is_run_and_what_is_rolled_back_is_not(
    jobs: Jobs, settings: Settings, redis: Any, tmp_path: Path
) -> None:
    """F11, with 10 deaths and 100 roll-backs."""
    dying = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.dying_commits"),
        cwd=ROOT,
        env=environment(settings),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    words = [f"word{number}" for number in range(10)]
    lines = "".join(f"{jobs.tenant_id} {jobs.queue} {jobs.path} {word}\n" for word in words)
    out, _ = await dying.communicate(lines.encode())
    assert out.split() == [b"9"] * 10
    for number in range(100):
        with suppress(LookupError):
            async with jobs.db.tenant_session(jobs.tenant_id) as session:
                await jobs.put(session, "test.append", word=f"phantom{number}")
                raise LookupError("the use case failed")
    assert await redis.zcard(queue_key(jobs.queue)) == 0
    await age(jobs, 20, queue=jobs.queue)
    async with worker_process(settings, tmp_path / "w", queue=jobs.queue, module=MODULE):
        assert await until_ended(jobs) == {"done": 10}
    assert Counter(jobs.notes()) == Counter(words)


async def test_five_messages_of_each_job_have_one_effect(
    jobs: Jobs, settings: Settings, redis: Any, tmp_path: Path
) -> None:
    """F12, with 100 keys and two workers."""
    words = await add_many(jobs, "key", 100)
    async with jobs.db.tenant_session(jobs.tenant_id) as session:
        ids = (await session.scalars(select(Job.id).where(Job.queue == jobs.queue))).all()
    # Each under a name of its own, or Redis itself would make one of them.
    await Notifier(redis).push(
        [
            Push(tenant_id=jobs.tenant_id, job_id=job_id, generation=number, queue=jobs.queue)
            for number in range(5)
            for job_id in ids
        ]
    )
    assert await redis.zcard(queue_key(jobs.queue)) == 500

    async def all_taken() -> bool:
        return not await redis.zcard(queue_key(jobs.queue))

    two = ("--workers", "2")
    async with worker_process(
        settings, tmp_path / "w", queue=jobs.queue, module=MODULE, arguments=two
    ):
        await until(all_taken, "all messages to be taken")
        assert await until_ended(jobs) == {"done": 100}
    assert Counter(jobs.notes()) == Counter(words)


async def test_a_quick_job_starts_behind_more_long_ones_than_arq_reads(
    jobs: Jobs, settings: Settings, tmp_path: Path
) -> None:
    """F13: six workers (in one process) of 20 slots, 105 long jobs under way, and a quick one."""
    wide = msgspec.structs.replace(settings, worker_max_jobs=20, postgres_pool_size=5)
    six = ("--workers", "6")
    async with worker_process(wide, tmp_path / "w", queue=jobs.queue, module=MODULE, arguments=six):
        async with jobs.db.tenant_session(jobs.tenant_id) as session:
            for _ in range(105):
                await jobs.put(session, "test.endless")
        await until_running(jobs, 105)
        quick = await jobs.until_state(await jobs.add("test.append"), "done", "dead")
        async with jobs.db.tenant_session(jobs.tenant_id) as session:
            running = await session.scalar(
                select(func.count()).where(Job.queue == jobs.queue, Job.state == "running")
            )
    assert (quick.state, running) == ("done", 105), "no long one has made room for it"


async def test_a_backlog_of_more_than_a_day_does_not_expire(
    jobs: Jobs, settings: Settings, redis: Any, tmp_path: Path
) -> None:
    """F14: Redis has dropped the messages after their 24 h, their places in the queue stay."""
    words = await add_many(jobs, "old", 20)
    names = await redis.zrange(queue_key(jobs.queue), 0, -1)
    for name in names:
        assert 0 < await redis.pttl(b"arq:job:" + name) <= 86_400_000
        await redis.delete(b"arq:job:" + name)
        await redis.zadd(queue_key(jobs.queue), {name: 1})
    await age(jobs, 25 * 3_600, queue=jobs.queue)
    async with worker_process(settings, tmp_path / "w", queue=jobs.queue, module=MODULE):
        assert await until_ended(jobs) == {"done": 20}
    assert Counter(jobs.notes()) == Counter(words)
    async with jobs.db.tenant_session(jobs.tenant_id) as session:
        attempts = await session.scalars(select(Job.attempts).where(Job.queue == jobs.queue))
    assert set(attempts) == {1}


async def test_a_tenant_that_floods_leaves_every_other_turn_to_others(
    jobs: Jobs, settings: Settings, tmp_path: Path
) -> None:
    """F15, with 300 jobs of one tenant and then 10 of another, and a worker of 5 slots."""
    quiet = await auth.create_tenant(jobs.db, TenantCreate(name="Quiet"), actor=None)
    others = Jobs(jobs.db, quiet.id, tmp_path)
    others.queue = jobs.queue
    await add_many(jobs, "flood", 300)
    late = await add_many(others, "late", 10)
    async with worker_process(settings, tmp_path / "w", queue=jobs.queue, module=MODULE):
        assert await until_ended(others) == {"done": 10}
        assert await until_ended(jobs) == {"done": 300}
    order = jobs.notes()
    assert max(order.index(word) for word in late) < 2 * (10 + settings.worker_max_jobs)
