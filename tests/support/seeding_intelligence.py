"""Rows of the intelligence room, each text field marked."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.domains.intelligence.models import CampaignScore, Recommendation, RecommendationEvent


async def seed_intelligence(session: AsyncSession, owned: dict[str, UUID], mark: str) -> UUID:
    """A recommendation with an event, and a campaign score; the recommendation's id."""
    at = now()
    row = Recommendation(
        id=new_id(),
        **owned,
        **dict.fromkeys(("code", "group_key", "room", "title", "library_version"), mark),
        state="validated",
        impact=0.1,
        effort=2,
        confidence=0.8,
        risk_tier=1,
        priority=0.04,
        affected={"count": 1, "of": 2, "unit": mark, "share": 0.5, "sample": [mark]},
        evidence=[
            {
                "kind": "measurement",
                "room": "crawl",
                "source": mark,
                "measured_at": now().isoformat(),
                "severity": "high",
                "measured_share": 1.0,
                "facts": {"mark": mark},
            },
            {"kind": "library", "id": mark, "basis": "fetched"},
        ],
        first_seen_at=at,
        last_seen_at=at,
    )
    session.add(row)
    await session.flush()
    session.add_all(
        [
            RecommendationEvent(
                id=new_id(),
                **owned,
                recommendation_id=row.id,
                to_state="generated",
                note=mark,
            ),
            CampaignScore(
                **owned,
                day=at.date(),
                score=50.0,
                parts={mark: {"value": 50.0, "weight": 1.0, "share": 1.0}},
                library_version=mark,
                computed_at=at,
            ),
        ]
    )
    await session.flush()
    return row.id
