"""Marked rows of the rank room."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import new_id, now
from lsos.domains.measuring.models import Measurement
from lsos.domains.rank.models import Keyword, RankSnapshot


async def seed_rank(session: AsyncSession, owned: dict[str, UUID], mark: str) -> dict[str, UUID]:
    """Ids of a keyword and of a run that measured it."""
    at, url = now(), f"https://{mark}.example/"
    keyword = Keyword(
        id=new_id(),
        **owned,
        **dict.fromkeys(("natural_key", "text", "language", "country", "location"), mark),
        device="desktop",
        tags=[mark],
    )
    run = Measurement(
        id=new_id(),
        **owned,
        kind="rank",
        scope={mark: mark},
        state="completed",
        day=at.date(),
        source=mark,
        total=1,
        counts={"found": 1, mark: 0},
        done=1,
        began_at=at,
        finished_at=at,
        cursor=mark,
        ahead=[mark],
        reason_code=mark,
        reason=mark,
    )
    session.add_all([keyword, run])
    await session.flush()
    session.add(
        RankSnapshot(
            **owned,
            keyword_id=keyword.id,
            day=at.date(),
            run_id=run.id,
            measured_at=at,
            state="found",
            position=1,
            url=url,
            pack_state="found",
            pack_position=1,
            results=[[1, url, mark]],
            pack=[{"position": 1, "title": mark, "cid": mark}],
            features=[mark],
            source=mark,
            error_code=mark,
        )
    )
    return {"keyword_id": keyword.id, "rank_run_id": run.id, "measurement_id": run.id}
