"""The demo's profiles, their health, and name, address and phone on each surface."""

from typing import Any

from rich.console import Console

from lsos.cli.demo.session import Session
from lsos.cli.demo.waiting import until_done


async def run(session: Session, campaign: dict[str, Any], console: Console) -> dict[str, object]:
    accepted = await session.ask("POST", "/local/refresh", {"campaign_id": campaign["id"]})
    job = await until_done(session, accepted["job_id"])
    query = f"campaign_id={campaign['id']}&limit=200"
    health = [row async for row in session.all(f"/local/health?{query}")]
    nap = [row async for row in session.all(f"/local/nap?{query}")]
    pack = await session.ask("GET", f"/local/map-pack?campaign_id={campaign['id']}")
    scores = [row["score"] for row in health if row["score"] is not None]
    judged, errors = sum(row["judged"] for row in nap), sum(row["errors"] for row in nap)
    mean = round(sum(scores) / len(scores), 1) if scores else None
    console.print(
        f"[green]✓[/] local: profile health {mean} over {len(scores)} of {len(health)} locations,"
        f" {errors} of {judged} NAP fields wrong [dim](synthetic)[/]"
    )
    return {
        "source": job["summary"]["source"],
        "locations": len(health),
        "locations_with_score": len(scores),
        "mean_health": mean,
        "nap_fields_judged": judged,
        "nap_fields_at_fault": errors,
        "map_pack_presence_share": pack["presence_share"],
        "map_pack_searches": pack["shown"],
        "health": [
            {
                "location": row["location_name"],
                "state": row["state"],
                "score": row["score"],
                "measured": row["measured"],
            }
            for row in health
        ],
    }
