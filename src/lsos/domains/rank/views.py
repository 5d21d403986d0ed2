"""Answer bodies of the rank routes, from rows."""

from collections.abc import Sequence
from typing import Any

from msgspec import convert

from lsos.domains.rank import rules
from lsos.domains.rank.models import Keyword, RankSnapshot
from lsos.domains.rank.queries import Counted
from lsos.domains.rank.schemas import (
    Denominator,
    KeywordView,
    SnapshotView,
    TrendPoint,
    TrendView,
    VisibilityDay,
)
from lsos.domains.rank.store import read_organic, read_places


def keyword_view(keyword: Keyword) -> KeywordView:
    return convert(keyword, KeywordView, from_attributes=True)


def snapshot_view(snapshot: RankSnapshot, keyword: str) -> SnapshotView:
    return SnapshotView(
        keyword_id=snapshot.keyword_id,
        keyword=keyword,
        run_id=snapshot.run_id,
        day=snapshot.day,
        state=snapshot.state,  # type: ignore[arg-type]  # the table's check constraint
        position=snapshot.position,
        url=snapshot.url,
        pack_state=snapshot.pack_state,  # type: ignore[arg-type]  # written by the rules
        pack_position=snapshot.pack_position,
        results=read_organic(snapshot.results),
        pack=read_places(snapshot.pack),
        features=convert(snapshot.features, list[str]),
        source=snapshot.source,
        error_code=snapshot.error_code,
        measured_at=snapshot.measured_at,
    )


def trend_view(keyword: Keyword, rows: Sequence[Any]) -> TrendView:
    """`rows`: the keyword's outcomes, oldest first."""
    steps = rules.steps([rules.Point(row.day, row.state, row.position) for row in rows])
    return TrendView(
        keyword_id=keyword.id,
        text=keyword.text,
        location=keyword.location,
        latitude=keyword.latitude,
        longitude=keyword.longitude,
        device=keyword.device,  # type: ignore[arg-type]  # the table's check constraint
        points=[
            TrendPoint(
                day=row.day,
                state=row.state,
                position=row.position,
                pack_state=row.pack_state,
                pack_position=row.pack_position,
                delta=step.delta,
                change=step.change,
                compared_with=step.since,
                source=row.source,
            )
            for row, step in zip(rows, steps, strict=True)
        ],
    )


def visibility_day(counted: Counted) -> VisibilityDay:
    found = rules.visibility(counted.units, rules.CTR_CURVES[rules.DEFAULT_CURVE])
    return VisibilityDay(
        day=counted.day,
        value=None if found.value is None else round(found.value, 2),
        denominator=Denominator(keywords=found.keywords, volume=found.volume),
        left_out=counted.left_out,
        source=counted.source,
    )
