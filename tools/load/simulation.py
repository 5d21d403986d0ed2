"""Runs the phases of a simulation (warm-up, load at a steady rate, drain) while polling."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lsos.core.clock import now
from tools.load.client import Call, Client
from tools.load.work import Kind, Work, arrivals
from tools.load_gates import Sample

CHECKLIST_JOBS = 16
CHECKLIST_RATE = 10.0
POLL_S = 1.0
LOOK_S = 2.0
CALM_S = 5.0
FLUSH_S = 4.0
"""Processes write their metrics every two seconds."""


@dataclass(frozen=True)
class Options:
    crawl_jobs: int
    entity_jobs: int
    report_runs: int
    load_s: float
    drain_s: float
    recipient: str

    @property
    def jobs(self) -> int:
        return self.crawl_jobs + self.entity_jobs + self.report_runs

    @property
    def rate(self) -> float:
        """Requests per second: 10 at the checklist's size, proportionally more above it."""
        return CHECKLIST_RATE * max(1.0, self.jobs / CHECKLIST_JOBS)

    @property
    def poll_s(self) -> float:
        """At least twenty polls, however short the phase."""
        return min(POLL_S, self.load_s / 20)

    @property
    def campaigns(self) -> int:
        return max(4, math.ceil(self.crawl_jobs / 2))


@dataclass
class Run:
    """The observations of a run."""

    options: Options
    work: Work
    began_at: datetime = field(default_factory=now)
    begin: float = 0.0
    load_end: float = 0.0
    end: float = 0.0
    calls: list[Call] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    final: dict[str, Any] | None = None
    """The health metrics over the whole run."""
    server_transitions: int = 0


class Simulation:
    def __init__(
        self, client: Client, work: Work, options: Options, tell: Callable[[str, Run], None]
    ) -> None:
        self._client = client
        self._options = options
        self._tell = tell
        self._sending: set[asyncio.Task[None]] = set()
        self.run_ = Run(options, work)

    async def run(self) -> Run:
        run = self.run_
        await self._client.keep_signed_in()
        reports = self._options.report_runs
        if reports:
            await run.work.schedule_reports(reports, self._options.load_s, self._options.recipient)
        run.began_at, run.begin = now(), time.monotonic()
        run.load_end = run.begin + self._options.load_s
        await self._poll()
        looking = asyncio.ensure_future(self._look())
        polling = asyncio.ensure_future(self._poll_steadily())
        try:
            await self._load()
            await self._drain(polling)
        finally:
            for task in (looking, polling, *self._sending):
                task.cancel()
            await asyncio.gather(looking, polling, *self._sending, return_exceptions=True)
        run.end = time.monotonic()
        await self._read_final()
        return run

    async def _load(self) -> None:
        """Open loop: each request is sent when it is due, regardless of earlier ones."""
        run, options = self.run_, self._options
        kinds: dict[Kind, int] = {"crawl": options.crawl_jobs, "entity": options.entity_jobs}
        due: list[tuple[float, Kind | None, int]] = list(arrivals(options.load_s, kinds))
        count = math.floor(options.load_s * options.rate)
        due += [(number / options.rate, None, number) for number in range(count)]
        for t_s, kind, number in sorted(due, key=lambda item: item[0]):
            await asyncio.sleep(max(0.0, run.begin + t_s - time.monotonic()))
            sending = asyncio.ensure_future(self._send(run.begin + t_s, kind, number))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
        await asyncio.sleep(max(0.0, run.load_end - time.monotonic()))

    async def _send(self, due: float, kind: Kind | None, number: int) -> None:
        run = self.run_
        work, begin = run.work, run.begin
        if kind is None:
            path = work.read_path(number)
            _, call = await self._client.timed("GET", path, due=due, begin=begin)
        else:
            campaign = work.campaigns[number % len(work.campaigns)]
            path, body = work.order(kind, campaign)
            answer, call = await self._client.timed("POST", path, body, due=due, begin=begin)
            work.note(kind, campaign, answer)
        run.calls.append(call)

    async def _drain(self, polling: "asyncio.Future[None]") -> None:
        """Wait until all work has ended and the queue is idle, or the phase ends."""
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        run = self.run_
        await self._poll()
        ends = run.load_end + self._options.drain_s
        start = next((s.depth for s in run.samples if s.depth is not None), 0) or 0
        calm_since = math.inf
        while time.monotonic() < ends:
            await asyncio.sleep(self._options.poll_s / 2)
            await self._poll()
            depth = run.samples[-1].depth
            if run.work.open or self._sending or depth is None or depth > start:
                calm_since = math.inf
            else:
                calm_since = min(calm_since, time.monotonic())
            if time.monotonic() - calm_since >= min(CALM_S, self._options.drain_s / 4):
                return

    async def _poll_steadily(self) -> None:
        begin, number, poll_s = self.run_.begin, 0, self._options.poll_s
        while True:
            number += 1
            await asyncio.sleep(max(0.0, begin + number * poll_s - time.monotonic()))
            await self._poll()

    async def _poll(self) -> None:
        run = self.run_
        t_s = time.monotonic() - run.begin
        answer = await self._client.ask("GET", "/health/metrics")
        run.samples.append(sample_of(t_s, answer.data if answer.status == 200 else None))
        phase = "load" if time.monotonic() < run.load_end else "drain"
        self._tell(phase, run)

    async def _look(self) -> None:
        """Follow the work, and keep the session signed in."""
        while True:
            await asyncio.sleep(min(LOOK_S, self._options.load_s / 4))
            await self._client.keep_signed_in()
            await self.run_.work.look()

    async def _read_final(self) -> None:
        run = self.run_
        await asyncio.sleep(min(FLUSH_S, self._options.drain_s))
        await run.work.look()
        seconds = time.monotonic() - run.begin
        window_s = min(7_200, 60 * math.ceil(seconds / 60))
        answer = await self._client.ask("GET", f"/health/metrics?window_s={window_s}")
        if answer.status == 200 and isinstance(answer.data, dict):
            run.final = answer.data
            with contextlib.suppress(KeyError, TypeError, ValueError):
                run.server_transitions = _transitions_since(answer.data, run)


def sample_of(t_s: float, data: Any) -> Sample:
    """One poll; it counts as failed if it lacks the metrics that the gates need."""
    try:
        metrics = data["metrics"]
        if not (metrics and data["slos"] and data["alert_state"]):
            raise ValueError
        return Sample(
            t_s=t_s,
            depth=int(metrics["queue_backlog_tasks"]),
            state=data["platform_state"],
            workers=metrics.get("workers_alive"),
            success_rate=metrics.get("worker_success_rate"),
        )
    except (KeyError, TypeError, ValueError):
        return Sample(t_s, None, None)


def _transitions_since(data: dict[str, Any], run: Run) -> int:
    """Transitions stored by the server in the load phase, as it may flap between polls."""
    ended = run.began_at + timedelta(seconds=run.options.load_s)
    times = [
        datetime.fromisoformat(t["at"]) for t in data["transitions"] if t["previous"] is not None
    ]
    return sum(run.began_at <= at <= ended for at in times)
