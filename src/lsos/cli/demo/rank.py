"""The demo's rankings: keywords of a dentist, one synthetic measurement, and visibility."""

import asyncio
from typing import Any

from rich.console import Console

from lsos.cli.demo.session import POLL_S, Session
from lsos.cli.processes import CommandFailed

KEYWORDS = (
    ("dentist", 2_900),
    ("dentist near me", 4_400),
    ("emergency dentist", 880),
    ("teeth whitening", 1_300),
    ("dental implants", 1_000),
    ("dental implants cost", 590),
    ("invisalign", 720),
    ("root canal", 390),
    ("teeth cleaning", 480),
    ("family dentist", 320),
    ("children's dentist", 260),
    ("wisdom tooth removal", None),
)
WAIT_S = 60.0


async def run(session: Session, campaign: dict[str, Any], console: Console) -> dict[str, object]:
    campaign_id = campaign["id"]
    await session.ask(
        "POST",
        "/rank/keywords",
        {"campaign_id": campaign_id, "keywords": await _keywords(session, campaign_id)},
    )
    accepted = await session.ask("POST", "/rank/schedule", {"campaign_id": campaign_id})
    measured = await _until_ended(session, accepted["run_id"])
    shown = await session.ask("GET", f"/rank/visibility?campaign_id={campaign_id}&days=1")
    [today] = shown["days"]
    console.print(
        f"[green]✓[/] {measured['done']} keywords ranked ({measured['source']}), visibility"
        f" {today['value']} % of the clicks that first positions would bring"
    )
    return {
        "source": measured["source"],
        "run_id": measured["id"],
        "state": measured["state"],
        "day": measured["day"],
        "keywords": measured["total"],
        "counts": measured["counts"],
        "visibility": today["value"],
        "denominator": today["denominator"],
        "formula": shown["formula"],
        "ctr_curve": shown["ctr_curve"],
    }


async def _keywords(session: Session, campaign_id: str) -> list[dict[str, object]]:
    """Each service in each town, on mobile; repeating the demo adds no duplicates."""
    locations = await session.ask("GET", f"/campaigns/{campaign_id}/locations")
    for number, location in enumerate(locations, 1):
        if location["cid"] is None:
            # Without an id, the business cannot be recognised in a local pack.
            path = f"/campaigns/{campaign_id}/locations/{location['id']}"
            await session.ask("PATCH", path, {"cid": str(9_000_000_000_000_000_000 + number)})
    return [
        {
            "text": text,
            "country": "US",
            "location": f"{location['city']}, {location['region']}, United States",
            "device": "mobile",
            "volume": volume,
            "tags": [location["city"]],
        }
        for location in locations
        for text, volume in KEYWORDS
    ]


async def _until_ended(session: Session, run_id: str) -> dict[str, Any]:
    async with asyncio.timeout(WAIT_S):
        while True:
            found: dict[str, Any] = await session.ask("GET", f"/rank/runs/{run_id}")
            if found["state"] == "failed":
                raise CommandFailed(f"the demo's rank measurement failed: {found['reason_code']}")
            if found["state"] not in ("queued", "running"):
                return found
            await asyncio.sleep(POLL_S)
