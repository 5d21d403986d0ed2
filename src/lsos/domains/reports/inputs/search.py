"""How the business is found: the newest day of its keywords, against the measurements before."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.domains.providers.rules import MEASURED
from lsos.domains.rank import queries
from lsos.domains.rank.rules import CTR_CURVES, DEFAULT_CURVE, DEPTH, VISIBILITY, visibility
from lsos.domains.reports import facts, rules
from lsos.domains.reports.inputs.values import joined

HISTORY_DAYS = 182


async def rank(session: AsyncSession, campaign_id: UUID) -> facts.Rank | None:
    day = await queries.find_newest_day(session, campaign_id)
    rows = [] if day is None else await queries.list_day(session, campaign_id, day)
    if day is None or not rows:
        return None
    since = day - timedelta(days=queries.COMPARED_DAYS)
    before = await queries.list_measured_before(session, campaign_id, day, since)
    up, down = _movers(rows, before)
    history, denominators = await _visibility(session, campaign_id, day)
    today, earlier = history[-1], [p for p in history[:-1] if p.value is not None]
    packs = [row for row in rows if row.pack_state in ("found", "not_found")]
    keywords = sorted(rows, key=_order)
    return facts.Rank(
        measured_at=max(row.measured_at for row in rows),
        source=joined(row.source for row in rows),
        day=day,
        previous_day=max((row.day for row in before.values()), default=None),
        visibility=today.value,
        previous_visibility=earlier[-1].value if earlier else None,
        visibility_day=earlier[-1].day if earlier else None,
        formula=f"{VISIBILITY}, {DEFAULT_CURVE}",
        denominator=denominators[day],
        states=dict(Counter(row.state for row in rows)),
        buckets=_buckets(rows),
        pack_present=sum(row.pack_state == "found" for row in packs),
        pack_measured=len(packs),
        up=up[: rules.MAX_MOVERS],
        down=down[: rules.MAX_MOVERS],
        keywords=[_keyword(row) for row in keywords[: rules.MAX_KEYWORDS]],
        keywords_total=len(keywords),
        history=history[-rules.MAX_HISTORY :],
    )


async def _visibility(
    session: AsyncSession, campaign_id: UUID, day: date
) -> tuple[list[facts.Point], dict[date, int]]:
    """By day, oldest first, and the keywords that count."""
    since = day - timedelta(days=HISTORY_DAYS)
    points, denominators = [], {}
    for counted in await queries.count_days(session, campaign_id, since, day):
        found = visibility(counted.units, CTR_CURVES[DEFAULT_CURVE])
        points.append(facts.Point(day=counted.day, value=found.value))
        denominators[counted.day] = found.keywords
    return points, denominators


def _movers(
    rows: Sequence[Any], before: Mapping[Any, Any]
) -> tuple[list[facts.Mover], list[facts.Mover]]:
    """Keywords that gained and that lost, between two measured outcomes; the most first."""
    moved = []
    for row in rows:
        was = before.get(row.keyword_id)
        if was is None or row.state not in MEASURED or row.position == was.position:
            continue
        # One that is not found stands behind the last place that is looked at.
        steps = (was.position or DEPTH + 1) - (row.position or DEPTH + 1)
        mover = facts.Mover(
            keyword=row.text,
            place=row.location,
            device=row.device,
            position=row.position,
            previous=was.position,
            url=row.url or "",
        )
        moved.append((steps, mover))
    moved.sort(key=lambda pair: (-abs(pair[0]), pair[1].keyword, pair[1].place, pair[1].device))
    return [m for steps, m in moved if steps > 0], [m for steps, m in moved if steps < 0]


def _buckets(rows: Sequence[Any]) -> dict[str, int]:
    """Measured keywords by place; a page without results has not got the business either."""
    found = dict.fromkeys(("1-3", "4-10", "11-20", "not_found"), 0)
    for row in rows:
        if row.state not in MEASURED:
            continue
        if row.position is None:
            found["not_found"] += 1
        else:
            name = "1-3" if row.position <= 3 else "4-10" if row.position <= 10 else "11-20"
            found[name] += 1
    return found


def _order(row: Any) -> tuple[bool, int, int, str, str, str]:
    """Measured ones first, by position, the most searched first."""
    position = row.position or (DEPTH + 1 if row.state in MEASURED else DEPTH + 2)
    volume = -(row.volume or 0)
    return row.position is None, position, volume, row.text, row.location, row.device


def _keyword(row: Any) -> facts.KeywordRow:
    return facts.KeywordRow(
        keyword=row.text,
        place=row.location,
        device=row.device,
        state=row.state,
        position=row.position,
        pack_state=row.pack_state,
        pack_position=row.pack_position,
        volume=row.volume,
        url=row.url or "",
    )
