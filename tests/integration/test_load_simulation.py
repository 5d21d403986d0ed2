"""The load simulation against a platform that is good, slow, flapping, lossy or silent."""

import argparse
import asyncio
import itertools
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from lsos.core.clock import now
from tools.load.client import Refused, check_host
from tools.load.main import arguments_of, simulate, write
from tools.load.simulation import Options
from tools.load.work import READS, arrivals, due_minutes

LOAD_S, DRAIN_S = 1.6, 1.6
PROBES = len(READS) + 4


@dataclass
class Stub:
    """A platform in so far as the simulation asks it."""

    delay_s: float = 0.0
    """Of reads, once the load has begun."""
    state: Callable[[int], str] = lambda _: "Healthy"
    """By the number of the poll."""
    depth: Callable[[float], int] = lambda _: 0
    """By the share of the load phase that has passed."""
    loses: bool = False
    has_metrics: bool = True
    exceeded: dict[str, int] = field(default_factory=dict)
    rates: dict[str, float | None] = field(default_factory=lambda: {"crawl.slice": 0.0})
    flaps: int = 0
    """Changes of the state that it has stored since the first poll."""
    breaks_every: int = 0
    lacks: str = ""
    reads: int = 0
    polls: int = 0
    crawls: int = 0
    began: float = math.inf
    first_poll_at: datetime = field(default_factory=now)
    log: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix("/api/v1")
        self.log.append(f"{request.method} {path}")
        if self.lacks and path.startswith(self.lacks):
            return _fail(404)
        if path == "/health/metrics":
            return self._metrics()
        if request.method == "POST":
            return self._accept(path)
        if path.startswith(("/crawl/runs/", "/jobs/")):
            is_lost = self.loses and not path.endswith("warm")
            state = "running" if is_lost else "completed"
            return _ok({"state": state if path.startswith("/crawl") else "done"})
        self.reads += 1
        if self.reads > PROBES:
            await asyncio.sleep(self.delay_s)
            if self.breaks_every and self.reads % self.breaks_every == 0:
                return _fail(500)
        return _ok([])

    def _accept(self, path: str) -> web.Response:
        if path == "/auth/login":
            return _ok({"access_token": "t"})
        if path == "/campaigns":
            return _ok({"id": "c"}, 201)
        self.crawls += path == "/crawl/schedule"
        mark = "warm" if self.crawls <= 4 else f"{self.crawls}"
        return _ok({"run_id": mark, "job_id": mark}, 202)

    def _metrics(self) -> web.Response:
        if not self.has_metrics:
            return _fail(503)
        loop = asyncio.get_running_loop()
        if not self.polls:
            self.began, self.first_poll_at = loop.time(), now()
        self.polls += 1
        metrics = {
            "queue_backlog_tasks": self.depth((loop.time() - self.began) / LOAD_S),
            "workers_alive": 2,
            "worker_success_rate": 1.0,
            "failure_rate_by_task_type": self.rates,
            "retry_count_by_task_type": {},
            "tasks_exceeded_retry_cap": self.exceeded,
        }
        return _ok(
            {
                "metrics": metrics,
                "slos": [{"name": "x"}],
                "alert_state": {"x": {"state": "ok"}},
                "platform_state": self.state(self.polls),
                "transitions": [
                    {"at": self.first_poll_at.isoformat(), "previous": "Healthy"}
                    for _ in range(self.flaps)
                ],
            }
        )


def _ok(data: Any, status: int = 200) -> web.Response:
    return web.json_response({"success": True, "data": data, "meta": {}}, status=status)


def _fail(status: int) -> web.Response:
    return web.json_response({"success": False, "errors": [], "meta": {}}, status=status)


@asynccontextmanager
async def served(stub: Stub) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/api/v1/{path:.*}", stub.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/v1"
    await runner.cleanup()


def words(base_url: str, drain_s: float = DRAIN_S) -> argparse.Namespace:
    options = {
        "--base-url": base_url,
        "--email": "a@example.com",
        "--password": "x",
        "--scheduled-report-runs": "0",
        "--load-phase-seconds": str(LOAD_S),
        "--drain-phase-seconds": str(drain_s),
        "--site": "http://site.example",
    }
    return arguments_of(list(itertools.chain(*options.items())))


async def judged(stub: Stub, out: Path, drain_s: float = DRAIN_S) -> tuple[dict[str, str], Any]:
    """Verdicts by gate, and the document."""
    async with served(stub) as base_url:
        run = await simulate(words(base_url, drain_s))
    write(run, out / "report.json")
    document = json.loads((out / "report.json").read_text())
    return {letter: gate["verdict"] for letter, gate in document["Gates"].items()}, document


def has_null(node: Any) -> bool:
    if isinstance(node, dict):
        return any(has_null(value) for value in node.values())
    if isinstance(node, list):
        return any(has_null(value) for value in node)
    return node is None


async def test_a_good_platform_passes_and_all_keys_of_the_checklist_are_there(
    tmp_path: Path,
) -> None:
    stub = Stub()
    gates, document = await judged(stub, tmp_path)
    assert gates == dict.fromkeys("ABCD", "PASS")
    assert {name: set(part) for name, part in document.items() if isinstance(part, dict)} == {
        "Performance Metrics": {
            "total_requests",
            "task_enqueue_rate_per_minute",
            "task_completion_rate_per_minute",
            "P50_latency_ms",
            "P95_latency_ms",
            "P99_latency_ms",
            "max_latency_ms",
        },
        "Queue Metrics": {
            "queue_depth_over_time",
            "max_queue_depth",
            "backlog_growth_rate",
            "drain_rate_after_load",
        },
        "Failure Metrics": {
            "failure_rate_by_task_type",
            "retry_count_by_task_type",
            "tasks_exceeded_retry_cap",
            "upstream_error_rate",
            "timeout_rate",
        },
        "Worker Health": {"workers_alive_min", "workers_alive_max", "worker_success_rate"},
        "System Stability": {"time_in_degraded_state_seconds", "platform_state_transitions"},
        "Gates": {"A", "B", "C", "D"},
    }
    assert document["readiness_estimate"] == "97-98%"
    assert document["Performance Metrics"]["total_requests"] == 16 + 8 + 5
    assert not has_null(document)
    picture = (tmp_path / "report.html").read_text()
    assert "PASS" in picture
    assert "http://" not in picture.replace("http://www.w3.org", "")
    # Its campaigns are taken away again.
    assert stub.log.count("DELETE /campaigns/c") == 4


def rising(share: float) -> int:
    return round(100 * min(share, 1.0))


CASES: dict[str, tuple[Stub, dict[str, str]]] = {
    "answers after 1.25 s": (Stub(delay_s=1.25), {"A": "WARN"}),
    "answers after 2.05 s": (Stub(delay_s=2.05), {"A": "FAIL"}),
    "queue never drains": (Stub(depth=rising), {"B": "FAIL"}),
    "queue drains at once": (
        Stub(depth=lambda share: rising(share) if share < 1 else 0),
        {"B": "PASS"},
    ),
    "tasks are lost": (Stub(loses=True), {"C": "FAIL"}),
    "2 % fail": (Stub(rates={"crawl.slice": 0.02}), {"C": "PASS"}),
    "3 % fail": (Stub(rates={"crawl.slice": 0.03}), {"C": "WARN"}),
    "6 % fail": (Stub(rates={"crawl.slice": 0.06}), {"C": "FAIL"}),
    "none has ended": (Stub(rates={"crawl.slice": None}), {"C": "FAIL"}),
    "out of attempts": (Stub(exceeded={"crawl.slice": 1}), {"C": "FAIL"}),
    "4 transitions": (Stub(flaps=4), {"D": "PASS"}),
    "5 transitions": (Stub(flaps=5), {"D": "WARN"}),
    "5 transitions and lost tasks": (Stub(flaps=5, loses=True), {"C": "FAIL", "D": "FAIL"}),
    "degraded half the time": (
        Stub(state=lambda poll: "Degraded" if poll < 11 else "Healthy"),
        {"D": "FAIL"},
    ),
    "no metrics": (Stub(has_metrics=False), {"B": "FAIL", "C": "FAIL", "D": "FAIL"}),
}
Results = dict[str, tuple[dict[str, str], Any]]


@pytest.fixture(scope="module")
async def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Some at once, since each takes its time."""
    few = asyncio.Semaphore(4)

    async def one(name: str, stub: Stub) -> tuple[str, tuple[dict[str, str], Any]]:
        drain_s = 6.0 if stub.delay_s else 2.4
        async with few:
            return name, await judged(stub, tmp_path_factory.mktemp("load"), drain_s)

    return dict(await asyncio.gather(*(one(name, stub) for name, (stub, _) in CASES.items())))


@pytest.mark.parametrize("name", CASES)
async def test_each_fault_turns_its_gate_and_no_other(results: Results, name: str) -> None:
    gates, document = results[name]
    wanted = dict.fromkeys("BCD", "PASS") | CASES[name][1]
    # A busy machine is slow by itself: latency counts only where it is the fault.
    assert gates == {"A": gates["A"]} | wanted, document["Gates"]
    assert not has_null(document)
    is_failing = "FAIL" in gates.values()
    worst = "94-95%" if is_failing else "95-96%" if "WARN" in gates.values() else "97-98%"
    assert document["readiness_estimate"] == worst
    advised = any("worker concurrency" in line for line in document["tuning_advice"])
    assert advised is (gates["B"] != "PASS" and gates["A"] != "FAIL")


async def test_slowness_takes_no_request_away(results: Results) -> None:
    """Open loop: each is sent when it is due, and its latency counts from then."""
    _, document = results["answers after 2.05 s"]
    assert document["Performance Metrics"]["total_requests"] == 16 + 8 + 5
    assert document["Performance Metrics"]["P50_latency_ms"] > 2_000


async def test_what_is_not_measured_is_said(results: Results) -> None:
    _, document = results["no metrics"]
    assert document["Queue Metrics"]["max_queue_depth"] == "not measured"
    _, document = results["tasks are lost"]
    assert document["Failure Metrics"]["failure_rate_by_task_type"]["simulated crawl"] == 1.0


async def test_errors_of_the_server_are_counted(tmp_path: Path) -> None:
    _, document = await judged(Stub(breaks_every=4), tmp_path)
    assert 0.05 < document["Failure Metrics"]["upstream_error_rate"] < 0.5


@pytest.mark.parametrize("lacks", ["/entity", "/reports", "/crawl/runs"])
async def test_a_missing_room_is_named(tmp_path: Path, lacks: str) -> None:
    async with served(Stub(lacks=lacks)) as base_url:
        with pytest.raises(Refused, match=lacks.strip("/").partition("/")[0]):
            await simulate(words(base_url))


async def test_nobody_there_is_told_and_not_judged(unused_tcp_port: int) -> None:
    with pytest.raises(Refused, match="can't sign in"):
        await simulate(words(f"http://127.0.0.1:{unused_tcp_port}/api/v1"))


@pytest.mark.parametrize(
    "url, may",
    [
        ("http://localhost:8000/api/v1", True),
        ("http://127.0.0.1:8000/api/v1", True),
        ("http://[::1]:8000/api/v1", True),
        ("https://staging.example.com/api/v1", True),
        ("https://lsos-staging.example.com/api/v1", True),
        ("https://app.example.com/api/v1", False),
        ("https://staging-prod.example.com/api/v1", False),
        ("https://production.staging.example.com/api/v1", False),
        ("https://notstaging.example.com/api/v1", False),
        ("https://localhost.example.com/api/v1", False),
        ("https://127.0.0.1.example.com/api/v1", False),
        ("https://app.example.com/staging", False),
        ("https://staging@app.example.com/api/v1", False),
        ("nonsense", False),
    ],
)
def test_only_loopback_and_staging_may_be_loaded(url: str, may: bool) -> None:
    if may:
        check_host(url)
    else:
        with pytest.raises(Refused):
            check_host(url)


def test_the_size_of_the_checklist_and_above() -> None:
    checklist = Options(8, 5, 3, 300, 300, "a@example.com")
    assert (checklist.rate, checklist.campaigns) == (10.0, 4)
    triple = Options(24, 15, 9, 300, 300, "a@example.com")
    assert (triple.rate, triple.campaigns) == (30.0, 12)
    assert Options(1, 1, 1, 300, 300, "a@example.com").rate == 10.0


def test_work_arrives_the_whole_load_phase() -> None:
    found = arrivals(300.0, {"crawl": 8, "entity": 5})
    times = [t_s for t_s, _, _ in found]
    assert sum(kind == "crawl" for _, kind, _ in found) == 40
    assert times == sorted(times)
    assert times[-1] > 290
    assert max(b - a for a, b in itertools.pairwise(times)) < 8
    assert len(arrivals(60.0, {"crawl": 8, "entity": 5})) == 13
    assert len(arrivals(10.0, {"crawl": 8, "entity": 5})) == 13


def test_reports_fall_due_within_the_phase() -> None:
    begin = now().replace(second=30, microsecond=0)
    minutes = due_minutes(begin, 300.0)
    assert len(minutes) == 5
    assert all(begin < due for due in minutes)
    assert len(due_minutes(begin, 10.0)) == 1
