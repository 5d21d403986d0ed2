"""The platform's figures over real processes: they add up, survive restarts, and tell no tenant."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from lsos.core.clock import new_id, now
from lsos.core.db.database import Database
from lsos.core.metrics.metrics import API_REQUEST, TASK, Metrics
from lsos.core.redis.client import WORKERS
from lsos.domains.health import queries, service
from lsos.domains.health.rollup import Waiting
from lsos.rooms import JOINTS
from tests.support.apart import Stack, stack_apart
from tests.support.clients import Client
from tests.support.job_tasks import notes
from tests.support.processes import api_process
from tests.support.stack import StoreFactory
from tests.support.waiting import until, until_it_holds
from tests.support.workers import worker_process

MODULE = "tests.support.job_tasks"
WAITING = Waiting(JOINTS.health)
SCRAPER = "scraper-token-0123456789"
DEAD = "postgresql+asyncpg://lsos:x@127.0.0.1:1/lsos"


@pytest.fixture(scope="module")
async def stack(stores: StoreFactory) -> AsyncIterator[Stack]:
    async with stack_apart(stores, metrics_token=SCRAPER) as running:
        yield running


@pytest.fixture
async def clean(stack: Stack) -> Stack:
    for table in ("metric_minutes", "alert_states", "platform_transitions", "jobs"):
        await stack.sql(f"delete from {table}")
    await stack.redis.flushdb()
    return stack


async def metrics_of(caller: Client) -> dict[str, Any]:
    answer = await caller.get("/health/metrics")
    assert answer.status == 200, answer.text
    return dict(answer.data["metrics"])


async def asked(stack: Stack) -> int:
    """Lists of campaigns that all processes have answered; the tests' own API signs in too."""
    rows = await stack.sql(
        "select coalesce(sum(count), 0)::int from metric_minutes where label = 'campaigns:2xx'"
    )
    return int(rows.scalar_one())


async def test_figures_add_up_over_processes_and_survive_their_ends(
    stores: StoreFactory, tmp_path: Path
) -> None:
    """In a stack of its own: the module's API still holds figures of what other tests asked."""
    async with stack_apart(stores, metrics_token=SCRAPER) as stack:
        await figures_add_up(stack, tmp_path)


async def figures_add_up(stack: Stack, tmp_path: Path) -> None:
    log = tmp_path / "notes"
    token = stack.tenant.admin.token
    async with (
        api_process(stack.settings, tmp_path / "a.log") as first,
        api_process(stack.settings, tmp_path / "b.log") as second,
        worker_process(stack.settings, tmp_path / "c.log", module=MODULE) as mortal,
        worker_process(stack.settings, tmp_path / "d.log", module=MODULE) as other,
    ):
        for api, times in ((first, 12), (second, 8)):
            for _ in range(times):
                assert (await api.client(token).get("/campaigns")).status == 200
            assert (await api.client(token).get("/nowhere")).status == 404
        for _ in range(20):
            await stack.add("test.append", log)
        for _ in range(3):
            await stack.add("test.permanent", log)
        await stack.add("test.flaky", log, failures=1)
        await stack.add("test.flaky", log, failures=2)

        async def are_right() -> dict[str, Any]:
            answer = await second.client(token).get("/health/metrics")
            found, basis = dict(answer.data["metrics"]), answer.data["basis"]
            rates = {"test.append": 0.0, "test.flaky": 0.5, "test.permanent": 1.0}
            assert basis["worker_success_rate"]["denominator"] == 25
            assert basis["queue_latency_ms"]["denominator"] == 27  # two were tried twice
            assert await asked(stack) == 20
            assert found["failure_rate_by_task_type"] == rates
            assert found["retry_count_by_task_type"] == {"test.flaky": 2}
            assert found["tasks_exceeded_retry_cap"] == {"test.flaky": 1}
            assert found["worker_success_rate"] == round(21 / 25, 6)
            assert found["workers_alive"] == 2
            return found

        before = await until_it_holds(are_right, "the figures of all processes")
        assert before["queue_backlog_tasks"] == 0
        assert 0 <= before["queue_latency_ms"] < 60_000
        mortal.kill()  # what it has told two seconds ago stays told
        await mortal.wait()
        first.terminate()
        await first.wait()
        assert await metrics_of(second.client(token)) | {"workers_alive": 2} == before | {
            "workers_alive": 2
        }
        async with api_process(stack.settings, tmp_path / "e.log") as restarted:
            assert (await restarted.client(token).get("/campaigns")).status == 200

            async def has_one_more() -> bool:
                return await asked(stack) == 21

            await until(has_one_more, "the restarted API to be counted")
        other.terminate()
        assert await other.wait() == 0
    # A clean end takes the worker off the list, kill -9 leaves it there for twenty seconds.
    assert await stack.redis.zcard(WORKERS + "default") == 1
    assert len(notes(log)) == 20 + 2 * 3 + 2 + 3


async def test_a_clean_end_loses_nothing(clean: Stack, tmp_path: Path) -> None:
    async with worker_process(clean.settings, tmp_path / "w.log", module=MODULE) as worker:
        await clean.add("test.append", tmp_path / "notes")

        async def is_done() -> bool:
            return bool(notes(tmp_path / "notes"))

        await until(is_done, "the job to run")
        worker.terminate()
        assert await worker.wait() == 0
    found = await metrics_of(clean.tenant.admin)
    assert found["failure_rate_by_task_type"] == {"test.append": 0.0}


# What a process keeps


async def count_rows(stack: Stack, name: str) -> tuple[int, int]:
    rows = await stack.sql(
        "select count(*), coalesce(sum(count), 0)::int from metric_minutes where name = :n", n=name
    )
    found = rows.one()
    return int(found[0]), int(found[1])


async def test_an_outage_buffers_and_a_repeat_counts_once(clean: Stack) -> None:
    metrics = Metrics()
    away = Database.of(
        msgspec.structs.replace(clean.settings, postgres_dsn=DEAD), application_name="x"
    )
    for _ in range(5):
        metrics.count(TASK, "a.b:done")
    metrics.observe(API_REQUEST, "crawl:2xx", 12.0)
    with pytest.raises(OSError, match=r"refused|onnect"):
        await metrics.flush(away)
    await away.close()
    metrics.count(TASK, "a.b:done")
    await metrics.flush(clean.db)
    assert await metrics.flush(clean.db) == 0
    for row in metrics.take():  # pragma: no cover -- nothing is left
        raise AssertionError(row)
    metrics.count(TASK, "a.b:done")
    await metrics.flush(clean.db)
    assert (await count_rows(clean, TASK))[1] == 7


async def test_labels_are_bounded(clean: Stack) -> None:
    metrics = Metrics()
    for number in range(2_000):
        metrics.count(TASK, f"task{number}:done")
    await metrics.flush(clean.db)
    rows, total = await count_rows(clean, TASK)
    assert rows <= 502
    assert total == 2_000


async def test_minutes_past_their_retention_go(clean: Stack) -> None:
    await clean.sql("""
        insert into metric_minutes
        select now() - make_interval(days => d), 'task', 'a:done', 'p', 1, 0, '{}'
        from generate_series(0, 20) d
    """)
    assert await service.purge(clean.db) == 14
    assert (await count_rows(clean, TASK))[0] == 7


# Alerts and state


async def slow_requests(stack: Stack, ms: float, times: int = 50) -> None:
    metrics = Metrics()
    for _ in range(times):
        metrics.observe(API_REQUEST, "crawl:2xx", ms)
    await metrics.flush(stack.db)


async def let_pass(stack: Stack, seconds: int) -> None:
    """As if what is stored had been stored that long ago."""
    await stack.sql("update alert_states set since = since - make_interval(secs => :s)", s=seconds)
    await stack.sql(
        "update metric_minutes set total = total - :s where name = 'evaluation'", s=seconds
    )


async def alive(stack: Stack) -> None:
    await stack.redis.zadd(WORKERS + "default", {"w": now().timestamp() + 60})


async def test_alerts_wait_fire_and_change_the_state_once(clean: Stack) -> None:
    await alive(clean)
    await slow_requests(clean, 2_500.0)
    assert await service.evaluate(clean.db, clean.redis, WAITING)
    answer = await clean.tenant.admin.get("/health/metrics")
    assert answer.data["platform_state"] == "Healthy"
    assert answer.data["alert_state"]["api_latency"]["state"] == "pending"
    await let_pass(clean, 61)
    assert await service.evaluate(clean.db, clean.redis, WAITING)
    answer = await clean.tenant.viewer.get("/health/metrics")
    alert = answer.data["alert_state"]["api_latency"]
    assert (alert["state"], alert["threshold"]) == ("firing", 1_200)
    assert alert["value"] > 2_000
    assert answer.data["platform_state"] == "Degraded"
    assert [t["state"] for t in answer.data["transitions"]] == ["Degraded", "Healthy"]
    assert answer.data["transitions"][0]["alerts"] == ["api_latency"]
    (level,) = [s for s in answer.data["slos"] if s["name"] == "api_latency_p95_ms"]
    assert level["ok"] is False
    assert level["error_budget_remaining"] < 0
    await clean.sql("delete from metric_minutes where name = 'api_request'")
    await let_pass(clean, 61)
    assert await service.evaluate(clean.db, clean.redis, WAITING)
    async with clean.db.tenant_session(clean.tenant.id) as session:
        assert await queries.find_platform_state(session) == "Healthy"
        levels = await queries.list_levels(session)
    assert levels is not None
    assert {level.name: level.value for level in levels}["crawl_success_rate"] is None


async def test_one_judges_at_a_time_and_no_oftener_than_it_must(clean: Stack) -> None:
    await alive(clean)
    judged = await asyncio.gather(
        *(service.evaluate(clean.db, clean.redis, WAITING) for _ in range(6))
    )
    assert judged.count(True) == 1
    assert not await service.evaluate(clean.db, clean.redis, WAITING)
    transitions = await clean.sql("select count(*) from platform_transitions")
    assert transitions.scalar_one() == 1


async def test_without_a_worker_the_platform_is_critical_though_nobody_judges(
    clean: Stack,
) -> None:
    await alive(clean)
    assert await service.evaluate(clean.db, clean.redis, WAITING)
    await clean.redis.flushdb()
    await let_pass(clean, 45)
    answer = await clean.tenant.admin.get("/health/metrics")
    assert answer.data["metrics"]["workers_alive"] == 0
    assert answer.data["alert_state"]["workers_missing"]["state"] == "firing"
    assert answer.data["platform_state"] == "Critical"
    async with clean.db.tenant_session(clean.tenant.id) as session:
        assert await queries.find_platform_state(session) == "Critical"


async def test_a_worker_judges_on_its_own(clean: Stack, tmp_path: Path) -> None:
    async with worker_process(clean.settings, tmp_path / "w.log"):

        async def is_judged() -> bool:
            answer = await clean.tenant.admin.get("/health/metrics")
            return bool(answer.data["transitions"])

        await until(is_judged, "a first judgement")
        answer = await clean.tenant.admin.get("/health/metrics")
    assert answer.data["platform_state"] == "Healthy"


async def test_before_any_worker_the_state_is_not_guessed(clean: Stack) -> None:
    async with clean.db.tenant_session(clean.tenant.id) as session:
        assert await queries.find_platform_state(session) is None
        assert await queries.list_levels(session) is None


# Reports


async def schedule(
    stack: Stack,
    due_minutes_ago: int,
    *,
    stored_after_s: int | None,
    sent: str | None,
    is_started: bool = True,
) -> None:
    campaign = await stack.tenant.admin.post(
        "/campaigns", {"name": f"C {new_id().hex}", "site_url": "https://example.com/"}
    )
    ids = {
        "t": stack.tenant.id,
        "c": UUID(campaign.data["id"]),
        "s": new_id(),
        "r": new_id(),
        "due": now() - timedelta(minutes=due_minutes_ago),
    }
    await stack.sql(
        """
        insert into report_schedules (tenant_id, id, campaign_id, cadence, local_time, timezone,
            recipients, sections, is_enabled, last_due_at, next_due_at, retry_count, updated_at)
        values (:t, :s, :c, 'daily', '08:00', 'UTC', '["a@example.com"]', '[]', true,
            case when :is_started then cast(:due as timestamptz) end,
            case when not :is_started then cast(:due as timestamptz) end, 0, now())
        """,
        **{k: v for k, v in ids.items() if k != "r"},
        is_started=is_started,
    )
    if stored_after_s is None:
        return
    ids["at"] = ids["due"] + timedelta(seconds=stored_after_s)
    await stack.sql(
        """
        insert into reports (tenant_id, id, campaign_id, schedule_id, due_at, state, sections,
            artifacts, attempts, finished_at)
        values (:t, :r, :c, :s, :due, 'stored', '[]', '{}', 1, :at)
        """,
        **ids,
    )
    if sent is not None:
        await stack.sql(
            """
            insert into report_deliveries (tenant_id, id, campaign_id, report_id, recipient,
                message_id, state, attempts, sent_at, log)
            values (:t, :d, :c, :r, 'a@example.com', 'm', cast(:sent as text), 1,
                case when cast(:sent as text) = 'sent' then cast(:at as timestamptz) end, '[]')
            """,
            **{k: v for k, v in ids.items() if k not in ("s", "due")},
            d=new_id(),
            sent=sent,
        )


async def test_reports_are_on_time_when_stored_and_mailed(clean: Stack) -> None:
    async def figures() -> tuple[Any, Any]:
        answer = await clean.tenant.admin.get("/health/metrics")
        basis = answer.data["basis"]["report_on_time_rate"]
        return answer.data["metrics"]["report_on_time_rate"], basis["denominator"]

    await clean.sql("delete from report_schedules")
    assert await figures() == (None, 0)
    await schedule(clean, 5, stored_after_s=None, sent=None)  # not late yet
    assert await figures() == (None, 0)
    await schedule(clean, 5, stored_after_s=20, sent="sent")
    assert await figures() == (1.0, 1)
    await schedule(clean, 60, stored_after_s=20, sent="retry")  # waits for a mail server
    await schedule(clean, 60, stored_after_s=1_000, sent="sent")
    await schedule(clean, 60, stored_after_s=None, sent=None)  # of a campaign at rest
    await schedule(clean, 60, stored_after_s=None, sent=None, is_started=False)
    assert await figures() == (0.25, 4)
    await clean.sql("delete from report_schedules")
    await clean.sql("delete from reports")


# Who may ask, and what is told


async def test_any_token_may_ask_and_nobody_else(stack: Stack) -> None:
    anonymous = stack.api.client(None)
    assert (await anonymous.get("/health/metrics")).status == 401
    for caller in (stack.tenant.admin, stack.tenant.analyst, stack.tenant.viewer):
        assert (await caller.get("/health/metrics")).status == 200
    assert (await stack.tenant.admin.get("/health/metrics?window_s=30")).status == 422


async def scrape(stack: Stack, token: str | None) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return await stack.api.http.get("/metrics", headers=headers)


async def test_prometheus_text_is_for_the_scraper_and_for_users(stack: Stack) -> None:
    assert (await scrape(stack, None)).status_code == 401
    assert (await scrape(stack, SCRAPER + "x")).status_code == 401
    for token in (SCRAPER, stack.tenant.viewer.token):
        answer = await scrape(stack, token)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert "# TYPE lsos_queue_backlog_tasks gauge" in answer.text
    # The scraper's token opens nothing else.
    assert (await stack.api.client(SCRAPER).get("/health/metrics")).status == 401
    assert (await stack.api.client(SCRAPER).get("/campaigns")).status == 401


async def test_a_token_that_was_logged_out_reads_nothing(stack: Stack) -> None:
    email = stack.tenant.emails["analyst"]
    body = {"email": email, "password": stack.tenant.password}
    login = await stack.api.client(None).post("/auth/login", body)
    caller = stack.api.client(login.data["access_token"])
    assert (await scrape(stack, caller.token)).status_code == 200
    assert (await caller.post("/auth/logout")).status == 204
    assert (await scrape(stack, caller.token)).status_code == 401
    assert (await caller.get("/health/metrics")).status == 401


async def test_no_tenant_is_named(stack: Stack, tmp_path: Path) -> None:
    job = await stack.add("nobody.knows", tmp_path / "x")
    shown = (await stack.tenant.admin.get("/health/metrics")).text
    shown += (await scrape(stack, SCRAPER)).text
    for word in (str(stack.tenant.id), "Counted agency", "example.com", str(job)):
        assert word not in shown
