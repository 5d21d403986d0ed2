"""The work of a simulation: campaigns, crawls, entity analyses, scheduled reports."""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from lsos.core.clock import now
from tools.load.client import Answer, Client, Refused

Kind = Literal["crawl", "entity", "report"]
PAGES = 25
WAVE_S = 60.0
"""The requested number of jobs arrives in each minute of the load phase."""
WARM_UP_S = 180.0
ROOMS = {
    "crawl": ("GET", "/crawl/runs"),
    "entity": ("GET", "/entity/report"),
    "reports": ("GET", "/reports/schedule"),
    "dashboard": ("GET", "/dashboard"),
}
READS = (
    "/dashboard?campaign_id={campaign}",
    "/crawl/runs?campaign_id={campaign}&limit=20",
    "/campaigns?limit=50",
    "/entity/report?campaign_id={campaign}",
    "/crawl/issues?campaign_id={campaign}&limit=50",
    "/dashboard?campaign_id={campaign}",
    "/recommendations/summary?campaign_id={campaign}",
    "/reports?campaign_id={campaign}&limit=20",
    "/intelligence/recommendations?campaign_id={campaign}&limit=50",
    "/campaigns/{campaign}",
)


@dataclass
class Task:
    """A piece of work that the API has accepted."""

    kind: Kind
    path: str
    """The path at which its state can be read."""
    accepted_at: float
    ended_at: float | None = None
    has_failed: bool = False
    campaign: str = ""


@dataclass
class Work:
    client: Client
    campaigns: list[str] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Why the API did not accept work."""
    reads: list[str] = field(default_factory=list)
    asked_at: datetime = field(default_factory=now)

    @property
    def open(self) -> list[Task]:
        return [task for task in self.tasks if task.ended_at is None]

    async def check_rooms(self) -> None:
        """An existing route returns 200 or asks for its parameters."""
        missing = []
        for room, (method, path) in ROOMS.items():
            answer = await self.client.ask(method, path)
            if answer.status not in (200, 400, 422):
                missing.append(f"{room} ({method} {path} answered {answer.status})")
        if missing:
            raise Refused("rooms are missing or may not be used: " + ", ".join(missing))

    async def make_campaigns(self, sites: Sequence[str]) -> None:
        for number, site in enumerate(sites, start=1):
            name = f"Load {self.asked_at:%Y-%m-%d %H:%M:%S} {number}"
            body = {"name": name, "site_url": site.rstrip("/") + "/", "business_name": name}
            made = _need(await self.client.ask("POST", "/campaigns", body), 201, "a campaign")
            self.campaigns.append(made["id"])

    async def warm_up(self) -> None:
        """A first crawl of each campaign, because an entity analysis needs pages."""
        for campaign in self.campaigns:
            await self.start("crawl", campaign)
        if self.refused:
            raise Refused(f"a first crawl was refused: {self.refused[0]}")
        deadline = time.monotonic() + WARM_UP_S
        while self.open:
            if time.monotonic() > deadline:
                raise Refused(f"the first crawls did not end within {WARM_UP_S:.0f} s")
            await self.look()
            await asyncio.sleep(0.5)
        if any(task.has_failed for task in self.tasks):
            raise Refused(
                "a first crawl failed: OUTBOUND_ALLOW_ORIGINS of the stack must name the demo"
                " sites, or give sites that it can reach with --site"
            )
        self.tasks.clear()
        self.reads = [path for path in READS if await self._answers(path)]

    async def _answers(self, path: str) -> bool:
        answer = await self.client.ask("GET", path.format(campaign=self.campaigns[0]))
        return answer.status == 200

    def read_path(self, number: int) -> str:
        campaign = self.campaigns[number % len(self.campaigns)]
        return self.reads[number % len(self.reads)].format(campaign=campaign)

    async def start(self, kind: Kind, campaign: str) -> None:
        path, body = self.order(kind, campaign)
        self.note(kind, campaign, await self.client.ask("POST", path, body))

    def order(self, kind: Kind, campaign: str) -> tuple[str, dict[str, Any]]:
        if kind == "crawl":
            return "/crawl/schedule", {"campaign_id": campaign, "max_pages": PAGES}
        return "/entity/analyze", {"campaign_id": campaign}

    def note(self, kind: Kind, campaign: str, answer: Answer) -> None:
        if answer.status != 202 or not isinstance(answer.data, dict):
            self.refused.append(answer.error or f"{kind} answered {answer.status}")
            return
        path = "/crawl/runs/{run_id}" if kind == "crawl" else "/jobs/{job_id}"
        task = Task(kind, path.format(**answer.data), time.monotonic(), campaign=campaign)
        self.tasks.append(task)

    async def schedule_reports(self, count: int, load_s: float, recipient: str) -> None:
        """Schedule reports at the full minutes of the load phase, which starts now."""
        minutes = due_minutes(now(), load_s)
        for number in range(count):
            campaign = self.campaigns[number % len(self.campaigns)]
            due = minutes[number % len(minutes)]
            body = {
                "cadence": "daily",
                "local_time": f"{due:%H:%M}",
                "timezone": "UTC",
                "recipients": [recipient],
            }
            path = f"/reports/schedule?campaign_id={campaign}"
            _need(await self.client.ask("PUT", path, body), 200, "a report schedule")
            wait_s = (due - now()).total_seconds()
            read = f"/reports?campaign_id={campaign}&limit=20"
            self.tasks.append(Task("report", read, time.monotonic() + wait_s, campaign=campaign))

    async def look(self) -> None:
        """Which of the open tasks have ended."""
        for task in self.open:
            answer = await self.client.ask("GET", task.path)
            if answer.status != 200:
                continue
            state = self._state(task, answer.data)
            if state in ENDED:
                task.ended_at = time.monotonic()
                task.has_failed = state in FAILED

    def _state(self, task: Task, data: Any) -> str:
        if task.kind != "report":
            return str(data["state"])
        since = self.asked_at.isoformat()
        made = [r for r in data if r["schedule_id"] and r["created_at"] >= since[:19]]
        return str(made[0]["state"]) if made else "waiting"

    async def tidy(self) -> None:
        """Delete the schedules and campaigns, as far as possible."""
        for campaign in self.campaigns:
            await self.client.ask("DELETE", f"/reports/schedule?campaign_id={campaign}")
            await self.client.ask("DELETE", f"/campaigns/{campaign}")


FAILED = frozenset({"failed", "dead"})
ENDED = FAILED | {"completed", "completed_with_errors", "cancelled", "done", "stored"}


def due_minutes(begin: datetime, load_s: float) -> list[datetime]:
    """Full minutes of the phase, except in its last 5 s; the next one if there are none."""
    first = begin.replace(second=0, microsecond=0) + timedelta(minutes=1)
    if (
        first - begin
    ).total_seconds() < 2:  # the tick of that minute may run before the schedule is stored
        first += timedelta(minutes=1)
    last = begin + timedelta(seconds=load_s - 5)
    count = max(1, math.floor((last - first).total_seconds() / 60) + 1)
    return [first + timedelta(minutes=n) for n in range(count)]


def arrivals(load_s: float, kinds: dict[Kind, int]) -> list[tuple[float, Kind, int]]:
    """(seconds, kind, number): each kind spread evenly over each minute or shorter phase."""
    wave_s = min(WAVE_S, load_s)
    found: list[tuple[float, Kind, int]] = []
    for offset, (kind, count) in zip((0.5, 0.25), kinds.items(), strict=False):
        waves = math.floor(load_s / wave_s + 1e-9)
        for number in range(count * waves):
            found.append(((number + offset) * wave_s / count, kind, number))
    return sorted(found)


def _need(answer: Answer, status: int, what: str) -> Any:
    if answer.status != status:
        raise Refused(f"can't make {what}: {answer.error or answer.status}")
    return answer.data
