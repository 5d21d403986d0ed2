"""Jobs under faults: none is lost, none runs for ever, none counts twice, whatever dies."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import select, text
from structlog.contextvars import bound_contextvars

from lsos.core.clock import now
from lsos.core.db.database import Database
from lsos.core.db.session import Push
from lsos.core.queue import sweeper
from lsos.core.queue.jobs import Job
from lsos.core.queue.notifier import Notifier
from lsos.core.queue.runner import Runner
from lsos.core.redis.client import client, queue_key
from lsos.core.settings.settings import Settings
from tests.conftest import make_tenant
from tests.support.apart import Stack, stack_apart
from tests.support.clients import TenantClients
from tests.support.queued import MODULE, Jobs, change, is_waited_for, runner_of
from tests.support.stack import StoreFactory
from tests.support.waiting import PATIENCE_S, until
from tests.support.workers import worker_process


@pytest.fixture(scope="module")
async def stack(stores: StoreFactory) -> AsyncIterator[Stack]:
    async with stack_apart(stores) as running:
        yield running


@pytest.fixture(scope="module")
def settings(stack: Stack) -> Settings:
    return stack.settings


@pytest.fixture(scope="module")
def tenant_a(stack: Stack) -> TenantClients:
    return stack.tenant


@pytest.fixture(scope="module")
async def tenant_b(stack: Stack) -> TenantClients:
    return await make_tenant(stack.api, "Other agency")


@pytest.fixture
async def ringing(settings: Any) -> AsyncIterator[Database]:
    """A database whose commits notify workers, as in API and worker."""
    redis = client(settings.redis_url)
    database = Database.of(settings, application_name="lsos-tests", pusher=Notifier(redis))
    yield database
    await database.close()
    await redis.aclose()


@pytest.fixture
def jobs(ringing: Database, tenant_a: Any, tmp_path: Path) -> Jobs:
    return Jobs(ringing, tenant_a.id, tmp_path)


@pytest.fixture
async def redis(settings: Any) -> AsyncIterator[Any]:
    connection = client(settings.redis_url)
    yield connection
    await connection.aclose()


@asynccontextmanager
async def beating(runner: Runner) -> AsyncIterator[None]:
    heart = asyncio.ensure_future(runner.heartbeat())
    try:
        yield
    finally:
        heart.cancel()
        await asyncio.gather(heart, return_exceptions=True)


# Without a worker: what a commit, a push and a claim do


async def test_a_job_exists_only_when_its_transaction_was_committed(jobs: Jobs, redis: Any) -> None:
    with suppress(LookupError):
        async with jobs.db.tenant_session(jobs.tenant_id) as session:
            job_id = await jobs.put(session, "test.append")
            raise LookupError("the use case failed")
    async with jobs.db.tenant_session(jobs.tenant_id) as session:
        assert await session.get(Job, (jobs.tenant_id, job_id)) is None
    assert await redis.zcard(queue_key(jobs.queue)) == 0
    kept = await jobs.add("test.append")
    assert (await jobs.row(kept)).state == "queued"
    assert await redis.zrange(queue_key(jobs.queue), 0, -1) == [f"{kept}:0".encode()]


async def test_a_job_is_taken_while_redis_is_away(
    settings: Any, tenant_a: Any, tmp_path: Path
) -> None:
    away = client("redis://127.0.0.1:1/0")
    db = Database.of(settings, application_name="lsos-tests", pusher=Notifier(away))
    mine = Jobs(db, tenant_a.id, tmp_path)
    job_id = await mine.add("test.append")
    assert (await mine.row(job_id)).state == "queued"
    await runner_of(db, settings).run(tenant_a.id, job_id)
    assert (await mine.row(job_id)).state == "done"
    await db.close()
    await away.aclose()


async def test_the_sweeper_rings_again_for_what_redis_forgot(
    jobs: Jobs, redis: Any, settings: Any
) -> None:
    key = queue_key(jobs.queue)
    lost, later = await jobs.add("test.append"), await jobs.add("test.append", delay_s=600)
    await redis.delete(key)
    await sweeper.sweep(jobs.db)
    assert await redis.zcard(key) == 0, "a job that was just pushed is not pushed again"
    await change(
        jobs.db, jobs.tenant_id, lost, "due_at = now() - interval '20 s', pushed_at = due_at"
    )
    await change(jobs.db, jobs.tenant_id, lost, "pushed_at = now() - interval '20 s'")
    await sweeper.sweep(jobs.db)
    assert await redis.zrange(key, 0, -1) == [f"{lost}:0".encode()]
    assert later not in await redis.zrange(key, 0, -1)


async def test_ringing_again_keeps_the_order_of_a_backlog(jobs: Jobs, redis: Any) -> None:
    key = queue_key(jobs.queue)
    first = await jobs.add("test.append")
    await change(
        jobs.db,
        jobs.tenant_id,
        first,
        "due_at = now() - interval '30 s', pushed_at = now() - interval '30 s'",
    )
    second = await jobs.add("test.append")
    await sweeper.sweep(jobs.db)
    assert await redis.zrange(key, 0, -1) == [f"{first}:0".encode(), f"{second}:0".encode()]


async def test_a_message_that_a_dead_worker_holds_gets_another_name_once_a_minute(
    jobs: Jobs, redis: Any
) -> None:
    held = await jobs.add("test.append")
    ago = "interval '90 s'"
    await change(
        jobs.db, jobs.tenant_id, held, f"due_at = now() - {ago}, pushed_at = now() - {ago}"
    )
    for _ in range(3):
        await sweeper.sweep(jobs.db)
    names = await redis.zrange(queue_key(jobs.queue), 0, -1)
    assert sorted(names) == [f"{held}:0".encode(), f"{held}:1".encode()]


async def test_five_pushes_of_one_job_have_one_effect(jobs: Jobs, settings: Any) -> None:
    job_id = await jobs.add("test.append")
    runner, other = runner_of(jobs.db, settings), runner_of(jobs.db, settings, "there")
    await asyncio.gather(
        *(r.run(jobs.tenant_id, job_id) for r in (runner, other, runner, other, runner))
    )
    assert jobs.notes() == ["ran"]
    job = await jobs.row(job_id)
    assert (job.state, job.attempts, job.summary) == ("done", 1, {"word": "ran", "attempt": 1})


async def test_a_message_that_names_another_tenants_job_touches_nothing(
    jobs: Jobs, settings: Any, tenant_b: Any
) -> None:
    job_id = await jobs.add("test.append")
    runner = runner_of(jobs.db, settings)
    await runner.run(tenant_b.id, job_id)
    await runner.run(uuid4(), job_id)
    job = await jobs.row(job_id)
    assert (job.state, job.attempts, jobs.notes()) == ("queued", 0, [])


async def test_a_dedupe_key_holds_until_the_job_has_ended(jobs: Jobs, settings: Any) -> None:
    async with jobs.db.tenant_session(jobs.tenant_id) as session:
        first = await jobs.put(session, "test.append", dedupe_key="k")
        assert await jobs.put(session, "test.append", dedupe_key="k") is None
        assert await jobs.put(session, "test.append", dedupe_key="other") is not None
    assert first is not None
    await runner_of(jobs.db, settings).run(jobs.tenant_id, first)
    assert await jobs.add("test.append", dedupe_key="k")


async def test_a_job_that_is_not_due_is_not_run_by_an_early_message(
    jobs: Jobs, settings: Any
) -> None:
    job_id = await jobs.add("test.append", delay_s=600)
    await runner_of(jobs.db, settings).run(jobs.tenant_id, job_id)
    assert (await jobs.row(job_id)).state == "queued"


# How an attempt ends


@pytest.mark.parametrize(
    "name, arguments, reason, error_type, traces",
    [
        ("test.permanent", {}, "site_gone", "Permanent", ["ran", "buried:site_gone"]),
        ("test.slow", {}, "task_timeout", "TimeoutError", ["ran", "buried:task_timeout"]),
        ("test.nobody", {}, "unknown_task", "Permanent", []),
        ("test.flaky", {"failures": "x"}, "bad_arguments", "Permanent", ["buried:bad_arguments"]),
        ("test.append", {"colour": "red"}, "bad_arguments", "Permanent", []),
        ("test.append", {"path": 7}, "bad_arguments", "Permanent", []),
        # A hook with a bug must not keep its job alive for ever.
        ("test.bug", {}, "unexpected_error", "KeyError", ["ran", "hook"]),
    ],
)
async def test_what_no_further_attempt_can_mend_is_dead_at_once(
    jobs: Jobs,
    settings: Any,
    name: str,
    arguments: dict[str, object],
    reason: str,
    error_type: str,
    traces: list[str],
) -> None:
    job_id = await jobs.add(name, **arguments)
    await runner_of(jobs.db, settings).run(jobs.tenant_id, job_id)
    job = await jobs.row(job_id)
    assert (job.state, job.reason_code, job.error_type) == ("dead", reason, error_type)
    assert job.finished_at is not None
    assert jobs.notes() == traces


@pytest.mark.parametrize(
    "failures, state, traces",
    [
        (0, "done", ["try1"]),
        (1, "done", ["try1", "try2"]),
        (2, "dead", ["try1", "try2", "buried:site_busy"]),
    ],
)
async def test_what_is_transient_is_tried_again_and_then_given_up(
    jobs: Jobs, settings: Any, failures: int, state: str, traces: list[str]
) -> None:
    job_id = await jobs.add("test.flaky", failures=failures)
    runner = runner_of(jobs.db, settings)
    await runner.run(jobs.tenant_id, job_id)
    if failures:
        waiting = await jobs.row(job_id)
        assert (waiting.state, waiting.generation) == ("queued", 1)
        assert waiting.due_at > waiting.created_at
        assert waiting.reason_code == "site_busy"
        await change(jobs.db, jobs.tenant_id, job_id, "due_at = now()")
        await runner.run(jobs.tenant_id, job_id)
    job = await jobs.row(job_id)
    assert (job.state, jobs.notes()) == (state, traces)
    assert job.reason_code == (None if state == "done" else "site_busy")


async def test_waiting_for_a_permit_uses_no_attempt(jobs: Jobs, settings: Any) -> None:
    job_id = await jobs.add("test.twice")
    runner = runner_of(jobs.db, settings)
    for _ in range(2):
        await runner.run(jobs.tenant_id, job_id)
    job = await jobs.row(job_id)
    assert (job.state, job.attempts, jobs.notes()) == ("done", 1, ["try1", "try1"])


@pytest.mark.parametrize("winner", ["here", "there"])
async def test_a_body_whose_claim_is_lost_is_cancelled_and_records_nothing(
    jobs: Jobs, settings: Any, winner: str
) -> None:
    """Also when the same process wins the next claim."""
    quick = msgspec.structs.replace(settings, job_lease_seconds=1.0)
    runner = runner_of(jobs.db, quick)
    job_id = await jobs.add("test.hold")
    async with beating(runner):
        losing = asyncio.ensure_future(runner.run(jobs.tenant_id, job_id))
        await jobs.until_noted("start1")
        await change(
            jobs.db, jobs.tenant_id, job_id, f"generation = generation + 1, claimed_by = '{winner}'"
        )
        async with asyncio.timeout(PATIENCE_S):
            await losing
    job = await jobs.row(job_id)
    assert (job.state, job.claimed_by, job.generation) == ("running", winner, 1)
    assert jobs.notes() == ["start1"]


@pytest.mark.parametrize("winner", ["here", "there"])
async def test_a_result_that_comes_after_the_claim_was_lost_is_not_recorded(
    jobs: Jobs, settings: Any, winner: str
) -> None:
    runner = runner_of(jobs.db, settings)  # without a heartbeat it never hears of its loss
    job_id = await jobs.add("test.hold")
    losing = asyncio.ensure_future(runner.run(jobs.tenant_id, job_id))
    await jobs.until_noted("start1")
    await change(
        jobs.db, jobs.tenant_id, job_id, f"generation = generation + 1, claimed_by = '{winner}'"
    )
    jobs.let_go()
    await losing
    job = await jobs.row(job_id)
    assert (job.state, job.generation, job.finished_at) == ("running", 1, None)


async def test_a_result_is_recorded_though_the_worker_is_stopped_meanwhile(
    jobs: Jobs, settings: Any
) -> None:
    """The row is locked, so that the stop falls between the end of the body and its record."""
    runner = runner_of(jobs.db, settings)
    job_id = await jobs.add("test.hold")
    running = asyncio.ensure_future(runner.run(jobs.tenant_id, job_id))
    await jobs.until_noted("start1")
    async with jobs.db.tenant_session(jobs.tenant_id) as session:
        await session.get_one(Job, (jobs.tenant_id, job_id), with_for_update=True)
        jobs.let_go()
        await jobs.until_noted("end")
        await until(lambda: is_waited_for(session), "the record to wait for the row")
        running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    job = await jobs.row(job_id)
    assert (job.state, jobs.notes()) == ("done", ["start1", "end"])


# Worker processes


async def test_killed_in_a_job_its_work_is_done_by_another_once(
    jobs: Jobs, settings: Any, tmp_path: Path, redis: Any
) -> None:
    async with worker_process(
        settings, tmp_path / "a.log", queue=jobs.queue, module=MODULE
    ) as first:
        job_id = await jobs.add("test.hold")
        await jobs.until_noted("start1")
        # What it has picked up and not begun is hidden from others for seconds, not minutes.
        assert 0 < await redis.pttl(f"arq:in-progress:{job_id}:0") <= 15_000
        first.kill()
        await first.wait()
    jobs.let_go()
    await change(jobs.db, jobs.tenant_id, job_id, "lease_until = now()")
    async with worker_process(settings, tmp_path / "b.log", queue=jobs.queue, module=MODULE):
        job = await jobs.until_state(job_id, "done", "dead")
    assert (job.state, job.attempts) == ("done", 2)
    assert jobs.notes() == ["start1", "start2", "end"]


async def test_poison_is_buried_while_others_finish(
    jobs: Jobs, settings: Any, tmp_path: Path
) -> None:
    quick = msgspec.structs.replace(settings, job_lease_seconds=3.0)
    job_id = await jobs.add("test.poison")
    for number in range(2):
        async with worker_process(
            quick, tmp_path / f"{number}.log", queue=jobs.queue, module=MODULE
        ) as worker:
            assert await worker.wait() == 9
    good = [await jobs.add("test.append") for _ in range(5)]
    async with worker_process(quick, tmp_path / "last.log", queue=jobs.queue, module=MODULE):
        job = await jobs.until_state(job_id, "dead")
        for other in good:
            await jobs.until_state(other, "done")
    assert job.reason_code == "attempts_exhausted"
    assert jobs.notes().count("took") == 2
    assert jobs.notes().count("ran") == 5
    assert "buried:attempts_exhausted" in jobs.notes()


async def test_a_request_gives_its_id_and_trace_to_the_jobs_that_it_makes(
    stack: Stack, tenant_a: Any
) -> None:
    made = await tenant_a.analyst.post(
        "/campaigns", {"name": "C", "site_url": "https://a.example/"}
    )
    body = {"campaign_id": made.data["id"]}
    trace_id = uuid4().hex
    headers = {
        "X-Request-ID": f"req-{trace_id}",
        "traceparent": f"00-{trace_id}-b7ad6b7169203331-01",
    }
    answer = await tenant_a.analyst.post("/crawl/schedule", body, headers=headers)
    assert answer.status == 202
    async with stack.db.tenant_session(tenant_a.id) as session:
        job = await session.scalar(select(Job).where(Job.request_id == f"req-{trace_id}"))
    assert job.name == "crawl.dispatch"
    assert trace_id in job.trace["traceparent"]


@asynccontextmanager
async def collector() -> AsyncIterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """An OTLP receiver."""
    taken: list[ExportTraceServiceRequest] = []

    async def take(request: web.Request) -> web.Response:
        taken.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    app_runner = web.AppRunner(app)
    await app_runner.setup()
    site = web.TCPSite(app_runner, "127.0.0.1", 0)
    await site.start()
    port = app_runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}", taken
    await app_runner.cleanup()


async def test_request_and_trace_travel_from_the_caller_into_the_workers_log_and_spans(
    jobs: Jobs, settings: Any, tmp_path: Path
) -> None:
    async with collector() as (endpoint, taken):
        told = msgspec.structs.replace(settings, otel_exporter_endpoint=endpoint)
        trace_id = "0af7651916cd43dd8448eb211c80319c"
        with bound_contextvars(request_id="req-42"):
            job_id = await jobs.add("test.append")
        traceparent = f"00-{trace_id}-b7ad6b7169203331-01"
        await change(
            jobs.db, jobs.tenant_id, job_id, f"""trace = '{{"traceparent": "{traceparent}"}}'"""
        )
        async with worker_process(
            told, tmp_path / "w.log", queue=jobs.queue, module=MODULE
        ) as worker:
            await jobs.until_state(job_id, "done")
            worker.terminate()
            assert await worker.wait() == 0, worker.output()
        (line,) = [line for line in worker.log_lines() if line["event"] == "job_done"]
    assert line["request_id"] == "req-42"
    assert line["tenant"] == str(jobs.tenant_id)
    assert line["job"] == str(job_id)
    assert line["task"] == "test.append"
    spans = [
        span
        for request in taken
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    (of_job,) = [span for span in spans if span.name == "job test.append"]
    assert of_job.trace_id.hex() == trace_id
    assert any(span.name.startswith("sql") and span.trace_id.hex() == trace_id for span in spans)


async def test_a_stopped_worker_gives_its_work_back_whatever_its_collector_does(
    jobs: Jobs, settings: Any, tmp_path: Path
) -> None:
    """Without the use of an attempt."""
    with socket.create_server(("127.0.0.1", 0)) as dead:  # accepts, and never answers
        port = dead.getsockname()[1]
        told = msgspec.structs.replace(settings, otel_exporter_endpoint=f"http://127.0.0.1:{port}")
        async with worker_process(
            told, tmp_path / "a.log", queue=jobs.queue, module=MODULE
        ) as first:
            job_id = await jobs.add("test.hold")
            await jobs.until_noted("start1")
            first.terminate()
            assert await first.wait() == 0, first.output()
    job = await jobs.row(job_id)
    assert (job.state, job.attempts, job.reason_code) == ("queued", 0, "worker_stopped")
    jobs.let_go()
    async with worker_process(
        settings, tmp_path / "b.log", queue=jobs.queue, module=MODULE
    ) as second:
        done = await jobs.until_state(job_id, "done", "dead")
        # The worker outlives a Redis that has forgotten all it knew.
        await flush(settings)
        later = await jobs.add("test.append")
        await jobs.until_state(later, "done")
        # All its connections break while a job runs, as when PostgreSQL is started again.
        jobs.path.with_name("notes.go").unlink()
        held = await jobs.add("test.hold")
        await jobs.until_state(held, "running")
        await break_connections(settings)
        jobs.let_go()
        survived = await jobs.until_state(held, "done", "dead")
        assert second.exit_code is None
    assert (done.state, done.attempts) == ("done", 1)
    assert survived.state == "done"


async def test_a_stop_that_redis_swallows_ends_the_worker_all_the_same(
    jobs: Jobs, settings: Any, tmp_path: Path
) -> None:
    """And what it still began gives it back, without the use of an attempt."""
    job_id = await jobs.add("test.hold")
    async with worker_process(
        settings, tmp_path / "w.log", queue=jobs.queue, module=MODULE, arguments=("--deaf",)
    ) as deaf:
        assert await deaf.wait() == 0, deaf.output()
    job = await jobs.row(job_id)
    assert (job.state, job.attempts) == ("queued", 0)


async def flush(settings: Any) -> None:
    redis = client(settings.redis_url)
    await redis.flushdb()
    await redis.aclose()


async def break_connections(settings: Any) -> None:
    db = Database.of(settings, application_name="lsos-tests-breaker")
    async with db.engine.connect() as connection:
        await connection.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'lsos-worker' and datname = current_database()"
            )
        )
    await db.close()


async def test_a_push_of_a_flushed_redis_is_repaired_by_the_workers_own_sweeper(
    jobs: Jobs, settings: Any, tmp_path: Path, redis: Any
) -> None:
    job_id = await jobs.add("test.append", delay_s=0.01)
    await redis.delete(queue_key(jobs.queue))
    ago = "interval '20 s'"
    await change(
        jobs.db, jobs.tenant_id, job_id, f"due_at = now() - {ago}, pushed_at = now() - {ago}"
    )
    async with worker_process(settings, tmp_path / "w.log", queue=jobs.queue, module=MODULE):
        await jobs.until_state(job_id, "done")
    assert jobs.notes() == ["ran"]


async def test_a_forged_message_in_redis_is_dropped(
    jobs: Jobs, settings: Any, tmp_path: Path, tenant_b: Any, redis: Any
) -> None:
    job_id = await jobs.add("test.append", delay_s=600)
    await change(jobs.db, jobs.tenant_id, job_id, "due_at = now()")
    forged = Push(tenant_id=tenant_b.id, job_id=job_id, generation=7, queue=jobs.queue)
    await Notifier(redis).push([forged])
    async with worker_process(settings, tmp_path / "w.log", queue=jobs.queue, module=MODULE):
        marker = await jobs.add("test.append", word="marker")
        await jobs.until_state(marker, "done")
        taken = f"{job_id}:7".encode()
        await until(lambda: is_gone(redis, jobs.queue, taken), "the forged message to be taken")
    assert (await jobs.row(job_id)).attempts == 0


async def is_gone(redis: Any, queue: str, name: bytes) -> bool:
    return await redis.zscore(queue_key(queue), name) is None


async def test_what_has_become_due_is_not_kept_waiting_by_new_work(jobs: Jobs, redis: Any) -> None:
    """A time is behind all turns: also arq's cron would never run beside a queue that is full."""
    key = queue_key(jobs.queue)
    first = await jobs.add("test.append")
    for _ in range(3):
        await jobs.add("test.append")
    at = int(now().timestamp() * 1000)
    await redis.zadd(key, {"cron": at - 1, "later": at + 3_600_000})
    await jobs.add("test.append")
    names = await redis.zrange(key, 0, -1)
    assert set(names[:2]) == {f"{first}:0".encode(), b"cron"}
    assert names[-1] == b"later"
