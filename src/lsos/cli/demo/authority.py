"""The demo's backlinks compared with those of two fictional competitors."""

from typing import Any

from rich.console import Console

from lsos.cli.demo.session import Session
from lsos.cli.demo.waiting import until_done

COMPETITORS = {
    "Harbor Lights Dental": "harborlightsdental.example",
    "Midcoast Smiles": "midcoastsmiles.example",
}


async def run(session: Session, campaign: dict[str, Any], console: Console) -> dict[str, object]:
    path = f"/campaigns/{campaign['id']}/competitors"
    known = {row["domain"] async for row in session.all(f"{path}?limit=200")}
    for name, domain in COMPETITORS.items():
        if domain not in known:
            await session.ask("POST", path, {"name": name, "domain": domain})
    accepted = await session.ask("POST", "/authority/refresh", {"campaign_id": campaign["id"]})
    job = await until_done(session, accepted["job_id"])
    summary = await session.ask("GET", f"/authority/summary?campaign_id={campaign['id']}")
    own = summary["own"]
    console.print(
        f"[green]✓[/] authority: score {summary['score']}, {own['followed_domains']} followed"
        f" domains, {summary['score_of']} of the strongest competitor [dim](synthetic)[/]"
    )
    return {
        "source": job["summary"]["source"],
        "score": summary["score"],
        "score_of": summary["score_of"],
        "own": {name: own[name] for name in ("domain", "referring_domains", "followed_domains")},
        "competitors": {row["domain"]: row["followed_domains"] for row in summary["others"]},
        "links": summary["links"],
    }
