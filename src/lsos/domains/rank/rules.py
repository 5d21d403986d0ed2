"""What a rank is: results, whose they are, their states, visibility, changes, signals."""

import re
import statistics
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

import msgspec

from lsos.domains.providers.rules import MEASURED, MeasurementState
from lsos.domains.rank.sites import is_of_site
from lsos.signals import SignalKind

Device = Literal["desktop", "mobile"]

DEPTH = 20
"""Organic results that are looked at."""
MAX_PACK = 20
MAX_KEYWORDS = 50_000
MAX_BULK = 1_000

VISIBILITY = "lsos-visibility-v1"
CTR_CURVES: dict[str, tuple[float, ...]] = {
    # Share of searches (%) that click the organic result at position 1, 2, ...
    "sistrix-2020-mobile": (28.5, 15.7, 11.0, 8.0, 7.2, 5.1, 4.0, 3.2, 2.8, 2.5),
}
DEFAULT_CURVE = "sistrix-2020-mobile"

DROP = 5
"""Places lost since the measurement before that make a drop."""
STRIKING = range(4, DEPTH + 1)
"""Positions from which a keyword is nearly where the clicks are."""

SIGNALS: tuple[SignalKind, ...] = (
    SignalKind("rank_dropped", "rank", "high", f"lost {DROP} or more places, or left the top 20"),
    SignalKind("rank_striking_distance", "rank", "medium", "ranks at 4 to 20"),
    SignalKind("rank_not_found", "rank", "medium", "not among the top 20"),
    SignalKind("pack_absent", "rank", "high", "a local pack is shown without this business"),
    SignalKind("rank_errors", "rank", "info", "the provider gave no answer for these keywords"),
)

_SPACE = re.compile(r"\s+")


class Organic(msgspec.Struct, frozen=True):
    """An organic result."""

    position: int
    """Position among the organic results, from 1."""
    url: str
    """URL of the result."""
    title: str
    """Title as it is shown."""


class Place(msgspec.Struct, frozen=True):
    """An entry of the local pack or of the map's list."""

    position: int
    """Position in the list, from 1."""
    title: str
    """Name of the business as it is shown."""
    cid: str = ""
    """Google's customer id (CID); empty: not stated."""
    place_id: str = ""
    """Google's Place ID; empty: not stated."""
    url: str = ""
    """Website that is shown; empty: none."""


class SearchPage(msgspec.Struct, frozen=True):
    """What a provider found for one keyword, in one shape for all of them."""

    organic: list[Organic]
    """Empty: the search has no result."""
    pack: list[Place] | None
    """Empty: none is shown. None: it was not asked for."""
    features: list[str] = msgspec.field(default_factory=list)
    pack_error: str | None = None
    """Code of the failure when only the pack has failed."""
    has_more: bool = False
    """The provider says that the search has another page of organic results."""


class BusinessIdentity(msgspec.Struct, frozen=True):
    """By what a campaign knows itself in results: never by its name."""

    site: str
    """What `site_of` says of its website."""
    cids: frozenset[str] = frozenset()
    place_ids: frozenset[str] = frozenset()

    def matches(self, url: str) -> bool:
        return is_of_site(url, self.site)

    def is_place(self, place: Place) -> bool:
        return place.cid in self.cids or place.place_id in self.place_ids


class RankQuery(msgspec.Struct, frozen=True, kw_only=True):
    """One keyword at one place on one device, on one day (UTC)."""

    text: str
    language: str
    country: str
    location: str = ""
    latitude: float | None = None
    longitude: float | None = None
    device: Device = "desktop"
    day: date


class RankResult(msgspec.Struct, frozen=True, kw_only=True):
    state: MeasurementState
    position: int | None = None
    url: str | None = None
    pack_state: MeasurementState = "unmeasured"
    pack_position: int | None = None
    results: list[Organic] = msgspec.field(default_factory=list)
    pack: list[Place] = msgspec.field(default_factory=list)
    features: list[str] = msgspec.field(default_factory=list)
    error_code: str | None = None


def judge(page: SearchPage, own: BusinessIdentity) -> RankResult:
    """Where this campaign stands among what was found."""
    organic = page.organic[:DEPTH]
    mine = next((o for o in organic if own.matches(o.url)), None)
    state: MeasurementState = "not_found" if organic else "empty"
    pack_state, pack_position = _judge_pack(page, own)
    return RankResult(
        state="found" if mine else state,
        position=mine.position if mine else None,
        url=mine.url if mine else None,
        pack_state=pack_state,
        pack_position=pack_position,
        results=organic,
        pack=(page.pack or [])[:MAX_PACK],
        features=page.features,
        error_code=page.pack_error,
    )


def _judge_pack(page: SearchPage, own: BusinessIdentity) -> tuple[MeasurementState, int | None]:
    if page.pack_error is not None:
        return "error", None
    if page.pack is None:
        return "unmeasured", None
    if not page.pack:
        return "empty", None
    if not own.cids and not own.place_ids:
        # A pack is shown, but nothing says which entry would be ours.
        return "unmeasured", None
    mine = next((p for p in page.pack[:MAX_PACK] if own.is_place(p)), None)
    return ("found", mine.position) if mine else ("not_found", None)


def fold(text: str) -> str:
    """The text as searches see it: compatibility forms, case and white space do not count."""
    return clean(unicodedata.normalize("NFKC", text).casefold())


def clean(text: str) -> str:
    """One line without control and surrogate characters."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)
    return _SPACE.sub(" ", kept).strip()


def natural_key(
    *,
    text: str,
    language: str,
    country: str,
    location: str,
    latitude: float | None,
    longitude: float | None,
    device: str,
) -> str:
    """What makes it one keyword; a point counts to about a metre."""
    point = "" if latitude is None or longitude is None else f"{latitude:.5f},{longitude:.5f}"
    parts = [fold(text), language.lower(), country.upper(), fold(location), point, device]
    # No part holds a control character, so the joint is unambiguous.
    return "\x1f".join(parts)


class Unit(msgspec.Struct, frozen=True):
    """One keyword in a sum."""

    volume: int | None
    position: int | None


class Visibility(msgspec.Struct, frozen=True):
    value: float | None
    """0-100; None when nothing was measured or no volume is above 0."""
    keywords: int
    """Measured ones: the denominator's units."""
    volume: float
    """Sum of their searches a month, unknown ones at the median of the known."""


def visibility(units: Sequence[Unit], curve: Sequence[float]) -> Visibility:
    """Share (%) of the clicks at position 1 that the measured positions earn."""
    volumes = filled_volumes([unit.volume for unit in units])
    total = sum(volumes)
    top = total * curve[0]
    earned = sum(
        volume * curve[unit.position - 1]
        for unit, volume in zip(units, volumes, strict=True)
        if unit.position is not None and unit.position <= len(curve)
    )
    return Visibility(100 * earned / top if top > 0 else None, len(units), total)


def filled_volumes(volumes: Iterable[int | None]) -> list[float]:
    """Unknown volumes as the median of the known, 1 when none is known."""
    given = list(volumes)
    known = [v for v in given if v is not None]
    stand_in = float(statistics.median(known)) if known else 1.0
    return [stand_in if v is None else float(v) for v in given]


Change = Literal["up", "down", "same", "new", "lost"]


class Point(msgspec.Struct, frozen=True):
    """A keyword's result of one day."""

    day: date
    state: MeasurementState
    position: int | None


class Step(msgspec.Struct, frozen=True):
    """A point beside the measured one before it."""

    delta: int | None
    """Places gained (positive) or lost; only between two found positions."""
    change: Change | None
    """None: nothing measured to compare with."""
    since: date | None


def steps(points: Sequence[Point]) -> list[Step]:
    """How each point differs from the last measured one before it; points in order of days."""
    found: list[Step] = []
    before: Point | None = None
    for point in points:
        if point.state not in MEASURED:
            found.append(Step(None, None, None))
            continue
        found.append(Step(None, None, None) if before is None else _step(before, point))
        before = point
    return found


def _step(before: Point, point: Point) -> Step:
    if before.position is None or point.position is None:
        change: Change = "same"
        if before.position is None and point.position is not None:
            change = "new"
        elif before.position is not None:
            change = "lost"
        return Step(None, change, before.day)
    delta = before.position - point.position
    change = "up" if delta > 0 else "down" if delta < 0 else "same"
    return Step(delta, change, before.day)


def is_drop(step: Step) -> bool:
    return step.change == "lost" or (step.delta is not None and step.delta <= -DROP)
