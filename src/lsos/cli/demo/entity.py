"""The demo's entity: analyses the demo site's crawl, and shows the score and its parts."""

import asyncio
from typing import Any

from rich.console import Console

from lsos.cli.demo.session import POLL_S, Session
from lsos.cli.processes import CommandFailed


async def run(session: Session, campaign: dict[str, Any], console: Console) -> dict[str, object]:
    accepted = await session.ask("POST", "/entity/analyze", {"campaign_id": campaign["id"]})
    while True:
        job = await session.ask("GET", f"/jobs/{accepted['job_id']}")
        if job["state"] in ("done", "dead", "cancelled"):
            break
        await asyncio.sleep(POLL_S)
    if job["state"] != "done":
        raise CommandFailed(f"the entity analysis is {job['state']}: {job['reason_code']}")
    report = await session.ask("GET", f"/entity/report?campaign_id={campaign['id']}")
    parts = {name: part["points"] for name, part in report["parts"].items()}
    console.print(
        f"[green]✓[/] entity score {report['score']} of 100,"
        f" contradictions in the site's own graph: {report['graph']['conflict_count']}"
    )
    return {
        "report_id": report["id"],
        "source": report["source"],
        "score": report["score"],
        "measured_points": report["measured_points"],
        "parts": parts,
        "conflicts": report["graph"]["conflict_count"],
        "dangling": report["graph"]["dangling_count"],
    }
