"""Marked rows of the local, reviews and authority rooms."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.domains.authority.models import AuthoritySnapshot, Backlink
from lsos.domains.local.models import NapMatch, ProfileSnapshot
from lsos.domains.measuring.models import Measurement
from lsos.domains.reviews.models import Review, ReviewReading

KINDS = ("local", "reviews", "authority")


async def seed_local(
    session: AsyncSession, owned: dict[str, UUID], location_id: UUID, mark: str
) -> None:
    """One row of each table; what may be text holds the mark."""
    at, url = now(), f"https://{mark}.example/"
    at_location = {**owned, "location_id": location_id}
    ended = {
        "scope": {},
        "state": "completed",
        "source": mark,
        "day": at.date(),
        "counts": {mark: 1},
        "finished_at": at,
        "reason_code": mark,
    }
    session.add_all(
        [
            ProfileSnapshot(
                id=new_id(),
                **at_location,
                day=at.date(),
                measured_at=at,
                state="found",
                source=mark,
                profile={"external_id": mark, "name": mark, "url": url},
                health_score=80.0,
                health={
                    "score": 80.0,
                    "measured": 100.0,
                    "parts": [{"name": mark, "points": 1.0, "of": 15.0, "evidence": {"x": mark}}],
                },
                error_code=mark,
            ),
            NapMatch(
                id=new_id(),
                **at_location,
                surface="profile",
                field="name",
                match="wrong",
                expected=mark,
                found=mark,
                where=url,
                measured_at=at,
            ),
            Review(
                id=new_id(),
                **at_location,
                **dict.fromkeys(("external_id", "author", "text", "answer", "source"), mark),
                rating=5.0,
                published_at=at,
                first_seen_at=at,
                last_seen_at=at,
            ),
            ReviewReading(
                id=new_id(),
                **at_location,
                day=at.date(),
                measured_at=at,
                state="found",
                is_complete=True,
                source=mark,
                error_code=mark,
            ),
            *(Measurement(id=new_id(), **owned, kind=kind, **ended) for kind in KINDS),
            Backlink(
                id=new_id(),
                **owned,
                key=1,
                **dict.fromkeys(("source_url", "target_url"), url),
                **dict.fromkeys(("source_domain", "anchor", "source"), mark),
                is_followed=True,
                first_seen_at=at,
                last_seen_at=at,
            ),
            AuthoritySnapshot(
                id=new_id(),
                **owned,
                domain=f"{mark}.example",
                is_own=True,
                day=at.date(),
                measured_at=at,
                state="found",
                followed_domains=1,
                source=mark,
                error_code=mark,
            ),
        ]
    )
    await session.flush()
