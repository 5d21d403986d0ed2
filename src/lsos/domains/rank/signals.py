"""Makes signals of the newest ranks: what fell, what is near, what is missing; pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from lsos.domains.providers.rules import MEASURED
from lsos.domains.rank.rules import (
    DEPTH,
    DROP,
    SIGNALS,
    STRIKING,
    Point,
    filled_volumes,
    is_drop,
    steps,
)
from lsos.signals import Affected, Signal

SAMPLE = 10
NEVER = datetime.min.replace(tzinfo=UTC)
_SEVERITY = {kind.code: kind.severity for kind in SIGNALS}


class _Seen(NamedTuple):
    code: str
    affected: Affected
    facts: dict[str, object]
    measured_at: datetime


def signals_of(rows: Sequence[Any], before: Mapping[Any, Any]) -> list[Signal]:
    """Signals of the keywords of one day; `before` holds each one's measured outcome before it.

    Items weigh by search volume, unknown ones at the median of the known.
    """
    if not rows:
        return []
    measured = [row for row in rows if row.state in MEASURED]
    weights = filled_volumes([row.volume for row in measured])
    weighed = list(zip(measured, weights, strict=True))
    packs = [(row, w) for row, w in weighed if row.pack_state in ("found", "not_found")]
    made = [
        _signal(
            "rank_dropped", weighed, [p for p in weighed if _has_dropped(p[0], before)], places=DROP
        ),
        _signal(
            "rank_striking_distance",
            weighed,
            [p for p in weighed if p[0].position in STRIKING],
            positions=[STRIKING.start, STRIKING.stop - 1],
        ),
        _signal(
            "rank_not_found",
            weighed,
            [p for p in weighed if p[0].state == "not_found"],
            depth=DEPTH,
        ),
        _signal("pack_absent", packs, [p for p in packs if p[0].pack_state == "not_found"]),
    ]
    share = len(measured) / len(rows)
    source = "+".join(sorted({row.source for row in rows}))
    errors = [(row, 1.0) for row in rows if row.state not in MEASURED]
    found = [(seen, share) for seen in made if seen.affected.count > 0]
    if errors:
        everything = [(row, 1.0) for row in rows]
        found.append((_signal("rank_errors", everything, errors), 1.0))
    return [
        Signal(
            code=seen.code,
            room="rank",
            severity=_SEVERITY[seen.code],
            affected=seen.affected,
            measured_share=measured_share,
            facts=seen.facts,
            measured_at=seen.measured_at,
            source=source,
        )
        for seen, measured_share in found
    ]


def _signal(
    code: str,
    of: Sequence[tuple[Any, float]],
    hit: Sequence[tuple[Any, float]],
    **facts: object,
) -> _Seen:
    # No volume is known, or all are 0: the keywords themselves are all there is to count.
    if all(weight in (0.0, 1.0) for _, weight in of):
        affected = Affected(count=len(hit), of=len(of), sample=_sample(hit), unit="keywords")
    else:
        affected = Affected(
            count=_sum(hit), of=_sum(of), sample=_sample(hit), unit="monthly searches"
        )
    at = min((row.measured_at for row, _ in hit or of), default=NEVER)
    return _Seen(code, affected, {"keywords": len(hit), "of_keywords": len(of), **facts}, at)


def _sum(pairs: Iterable[tuple[Any, float]]) -> float:
    return sum(weight for _, weight in pairs)


def _sample(pairs: Iterable[tuple[Any, float]]) -> list[str]:
    heaviest = sorted(pairs, key=lambda pair: (-pair[1], pair[0].text))
    return list(dict.fromkeys(row.text for row, _ in heaviest))[:SAMPLE]


def _has_dropped(row: Any, before: Mapping[Any, Any]) -> bool:
    earlier = before.get(row.keyword_id)
    if earlier is None:
        return False
    points = [Point(r.day, r.state, r.position) for r in (earlier, row)]
    return is_drop(steps(points)[-1])
