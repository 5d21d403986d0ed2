"""Makes signals of the newest profiles and NAP matches; reads nothing itself."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from lsos.domains.campaigns.rules import Listing
from lsos.domains.local.models import NapMatch, ProfileSnapshot
from lsos.domains.local.rules import LOW_HEALTH, SIGNALS, Profile, missing_fields
from lsos.signals import Affected, Signal

SAMPLE = 10
_KINDS = {kind.code: kind for kind in SIGNALS}


class _Seen(NamedTuple):
    """What a signal is about."""

    hit: Sequence[str]
    """Names of the affected items."""
    of: int
    facts: dict[str, object]
    measured_share: float
    measured_at: datetime
    source: str


def signals_of(
    listings: Sequence[Listing],
    profiles: Mapping[UUID, ProfileSnapshot],
    matches: Mapping[UUID, Sequence[NapMatch]],
) -> list[Signal]:
    """`profiles`: the newest measured snapshot of each location that has one."""
    names = {listing.id: listing.name for listing in listings}
    seen: dict[str, _Seen] = {}
    if profiles:
        seen |= _profile_signals(names, profiles)
    cells = [(names[i], cell) for i, row in matches.items() for cell in row if i in names]
    if cells:
        seen |= _nap_signals(cells, len(names))
    return [
        Signal(
            code=code,
            room=_KINDS[code].room,
            severity=_KINDS[code].severity,
            affected=Affected(
                count=len(fact.hit),
                of=fact.of,
                sample=list(fact.hit[:SAMPLE]),
                unit="locations",
            ),
            measured_share=fact.measured_share,
            facts=fact.facts,
            measured_at=fact.measured_at,
            source=fact.source,
        )
        for code, fact in seen.items()
    ]


def _profile_signals(
    names: Mapping[UUID, str], profiles: Mapping[UUID, ProfileSnapshot]
) -> dict[str, _Seen]:
    share = len(profiles) / len(names)
    source = _sources(row.source for row in profiles.values())
    absent = [i for i, row in profiles.items() if row.state != "found"]
    scored = {i: row.health_score for i, row in profiles.items() if row.health_score is not None}
    low = [i for i, score in scored.items() if score < LOW_HEALTH]
    empty: dict[str, int] = defaultdict(int)
    incomplete = []
    for i, row in profiles.items():
        fields = missing_fields(msgspec.convert(row.profile, Profile)) if row.profile else []
        for field in fields:
            empty[field] += 1
        if fields:
            incomplete.append(i)
    lowest = min((scored[i] for i in low), default=None)
    fields_of = {"empty_fields": dict(sorted(empty.items()))}
    seen: list[tuple[str, list[UUID], int, dict[str, object]]] = [
        ("profile_missing", absent, len(profiles), {}),
        (
            "profile_health_low",
            low,
            len(scored),
            {"lowest_score": lowest, "limit": LOW_HEALTH},
        ),
        ("profile_incomplete", incomplete, len(profiles) - len(absent), {**fields_of}),
    ]
    return {
        code: _Seen(
            [names[i] for i in hit],
            of,
            facts,
            share,
            min(profiles[i].measured_at for i in hit),
            source,
        )
        for code, hit, of, facts in seen
        if hit
    }


def _nap_signals(cells: Sequence[tuple[str, NapMatch]], locations: int) -> dict[str, _Seen]:
    """About locations: one with several faults counts once."""
    judged = {name for name, _ in cells}
    found = {}
    for code, match in (("nap_wrong", "wrong"), ("nap_missing", "missing")):
        hit = [(name, cell) for name, cell in cells if cell.match == match]
        if not hit:
            continue
        by_place: dict[str, int] = defaultdict(int)
        for _, cell in hit:
            by_place[f"{cell.surface}.{cell.field}"] += 1
        found[code] = _Seen(
            list(dict.fromkeys(name for name, _ in hit)),
            len(judged),
            {"cells": dict(sorted(by_place.items())), "judged_cells": len(cells)},
            min(1.0, len(judged) / locations),
            min(cell.measured_at for _, cell in hit),
            "",
        )
    return found


def _sources(sources: Iterable[str]) -> str:
    return "+".join(sorted(set(sources)))
