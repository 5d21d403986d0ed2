"""The demo's recommendations and campaign score, once the refreshes have read all measurements."""

import asyncio
from typing import Any

from rich.console import Console

from lsos.cli.demo.session import Session
from lsos.domains.intelligence.rules import ENDED, REFRESH

POLL_S = 0.2
WAIT_S = 60.0


async def run(session: Session, campaign: dict[str, Any], console: Console) -> dict[str, object]:
    query = f"campaign_id={campaign['id']}"
    await _until_refreshed(session, query)
    summary = await session.ask("GET", f"/recommendations/summary?{query}")
    score = await session.ask("GET", f"/intelligence/score?{query}")
    library = await session.ask("GET", "/reference-library/active")
    closed = sum(summary["counts_by_state"].get(state, 0) for state in ENDED)
    open_count = summary["total_count"] - closed
    best = summary["top_items"][0] if summary["top_items"] else None
    console.print(
        f"[green]✓[/] {open_count} open recommendations, campaign score {score['score']}"
        + (f"; first: {best['title']}" if best else "")
    )
    sources = sorted({item["source"] for item in summary["top_items"]})
    return {
        "source": ", ".join(sources),
        "library_version": library["version"],
        "total_count": summary["total_count"],
        "counts_by_state": summary["counts_by_state"],
        "counts_by_risk_tier": summary["counts_by_risk_tier"],
        "average_confidence_score": summary["average_confidence_score"],
        "top_items": [
            {key: item[key] for key in ("code", "group_key", "title", "priority", "source")}
            for item in summary["top_items"]
        ],
        "campaign_score": score["score"],
        "score_parts": {name: part["value"] for name, part in score["parts"].items()},
        "unmeasured_parts": score["dropped"],
    }


async def _until_refreshed(session: Session, query: str) -> None:
    """Measurements enqueue refreshes; the list is complete when none of them is left."""
    async with asyncio.timeout(WAIT_S):
        while True:
            jobs = await session.ask("GET", f"/jobs?{query}&limit=200")
            states = {job["state"] for job in jobs if job["name"] == REFRESH}
            if "done" in states and not states & {"queued", "running"}:
                return
            await asyncio.sleep(POLL_S)
