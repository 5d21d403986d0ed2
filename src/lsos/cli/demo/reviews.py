"""The demo's reviews, which were read together with the profiles."""

from typing import Any

from rich.console import Console

from lsos.cli.demo.session import Session

SHOWN = (
    "reviews",
    "velocity_per_month",
    "rating_mean",
    "responded_share",
    "responded_of",
    "freshness",
    "quality",
)


async def run(session: Session, campaign: dict[str, Any], console: Console) -> dict[str, object]:
    query = f"campaign_id={campaign['id']}&limit=200"
    rows = [row async for row in session.all(f"/reviews/velocity?{query}")]
    total = sum(row["figures"]["reviews"] for row in rows)
    ratings = [row["figures"]["rating_mean"] for row in rows if row["figures"]["rating_mean"]]
    mean = round(sum(ratings) / len(ratings), 2) if ratings else None
    console.print(
        f"[green]✓[/] reviews: {total} of {len(rows)} locations, mean rating {mean}"
        " [dim](synthetic)[/]"
    )
    return {
        "source": next((row["source"] for row in rows if row["source"]), None),
        "reviews": total,
        "locations_with_reviews": len(ratings),
        "mean_rating": mean,
        "locations": [
            {"location": row["location_name"], **{name: row["figures"][name] for name in SHOWN}}
            for row in rows
        ],
    }
