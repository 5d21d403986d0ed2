"""What the demo does with LSOS, through the public API like any other user."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from rich.console import Console

from lsos.cli.processes import CommandFailed
from lsos.cli.progress import progress_bar, show
from lsos.core.outbound.client import Outbound
from lsos.demo.texts import BUSINESS

POLL_S = 0.2


class Session:
    """The demo user of the public API."""

    def __init__(self, outbound: Outbound, base_url: str, prefix: str) -> None:
        self._outbound = outbound
        self._base = base_url + prefix
        self._token = ""

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """The `data` of the response; otherwise raises CommandFailed with the API's message."""
        return (await self._answer(method, path, body)).get("data")

    async def all(self, path: str) -> AsyncIterator[dict[str, Any]]:
        """All items of a paginated list; `path` must have a query."""
        cursor = ""
        while True:
            answer = await self._answer("GET", path + cursor)
            for item in answer["data"]:
                yield item
            following = answer["meta"]["page"]["next_cursor"]
            if following is None:
                return
            cursor = f"&cursor={following}"

    async def _answer(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        response = await self._outbound.request(
            method, self._base + path, headers=headers, json=body, timeout_s=20
        )
        answer: dict[str, Any] = json.loads(response.body) if response.body else {}
        if response.status >= 300:
            message = "; ".join(e["message"] for e in answer.get("errors", []))
            raise CommandFailed(f"{method} {path} answered {response.status}: {message}")
        return answer

    async def sign_in(self, email: str, password: str) -> None:
        tokens = await self.ask("POST", "/auth/login", {"email": email, "password": password})
        self._token = tokens["access_token"]


async def demo_campaign(session: Session, site_url: str) -> dict[str, Any]:
    """The demo campaign, created or updated with the demo site's current URL."""
    for found in await session.ask("GET", "/campaigns?limit=200"):
        if found["name"] == BUSINESS.name:
            if found["site_url"].rstrip("/") == site_url:
                return dict(found)
            moved = {"site_url": site_url + "/"}
            return dict(await session.ask("PATCH", f"/campaigns/{found['id']}", moved))
    body = {
        "name": BUSINESS.name,
        "site_url": site_url + "/",
        "business_name": BUSINESS.name,
        "category": "Dentist",
    }
    campaign = await session.ask("POST", "/campaigns", body)
    for location in BUSINESS.locations:
        await session.ask(
            "POST",
            f"/campaigns/{campaign['id']}/locations",
            {
                "name": f"{BUSINESS.name} {location.city}",
                "street": location.street,
                "city": location.city,
                "region": location.region,
                "postcode": location.postcode,
                "country": "US",
                "phone": location.phone,
                "latitude": float(location.latitude),
                "longitude": float(location.longitude),
                "landing_url": site_url + location.path,
            },
        )
    return dict(campaign)


async def demo_crawl(session: Session, campaign_id: str, console: Console) -> dict[str, Any]:
    accepted = await session.ask("POST", "/crawl/schedule", {"campaign_id": campaign_id})
    with progress_bar(console) as progress:
        bar = progress.add_task("queued", total=1, rate="")
        while True:
            run: dict[str, Any] = await session.ask("GET", f"/crawl/runs/{accepted['run_id']}")
            show(progress, bar, run)
            if run["state"] not in ("queued", "running"):
                break
            await asyncio.sleep(POLL_S)
    if run["state"] in ("failed", "cancelled"):
        raise CommandFailed(f"the demo crawl {run['state']}: {run['reason_code']}")
    counts = run["progress"]
    console.print(f"[green]✓[/] crawled {counts['done']} URLs, {counts['pages']} pages")
    return run


async def issue_rows(session: Session, run_id: str) -> list[dict[str, Any]]:
    """Issues of the run by code and severity, worst first."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    async for issue in session.all(f"/crawl/runs/{run_id}/issues?limit=200"):
        row = rows.setdefault(
            (issue["code"], issue["severity"]),
            {
                "code": issue["code"],
                "severity": issue["severity"],
                "title": issue["title"],
                "count": 0,
                "example": issue["url"],
            },
        )
        row["count"] += 1
    return list(rows.values())


def crawl_figures(run: Mapping[str, Any], issues: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "run_id": run["id"],
        "state": run["state"],
        "technical_score": run["technical_score"],
        "urls": run["progress"]["done"],
        "pages": run["progress"]["pages"],
        "pages_per_s": run["progress"]["pages_per_s"],
        "issue_counts": run["issue_counts"],
        "codes": len({row["code"] for row in issues}),
    }
