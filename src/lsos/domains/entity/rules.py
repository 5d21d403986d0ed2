"""The entity score from its parts, and the signals that a finished analysis gives."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from lsos.signals import Affected, Signal, SignalKind

FORMULA = "lsos-entity-v1"
ROOM = "entity"
BASELINE_STEP = "entity"

PartName = Literal["identity", "agreement", "same_as", "coverage", "topics"]
WEIGHTS: Mapping[PartName, int] = {
    "identity": 30,
    "agreement": 20,
    "same_as": 15,
    "coverage": 15,
    "topics": 20,
}
MIN_MEASURED = 50
"""Of the 100 points; with fewer measured there is no score."""

ReportState = Literal["queued", "running", "done", "failed"]

FULL_SAME_AS = 3
"""Valid profiles that give all points."""
GOOD_COVERAGE = 0.8
GOOD_TOPICS = 0.8
"""Shares under which a signal is given."""

SIGNALS: tuple[SignalKind, ...] = (
    SignalKind(
        "entity_identity_incomplete",
        ROOM,
        "high",
        "The site's main entity lacks name, address, phone, URL, image or @id",
    ),
    SignalKind(
        "entity_disagrees",
        ROOM,
        "high",
        "Structured data or visible text contradicts the campaign's locations",
    ),
    SignalKind(
        "entity_same_as_few", ROOM, "low", "sameAs names fewer than 3 profiles of known kinds"
    ),
    SignalKind(
        "entity_coverage_low",
        ROOM,
        "medium",
        "Under 80 % of the location and service pages have a node linked to the main entity",
    ),
    SignalKind(
        "entity_topics_gap",
        ROOM,
        "medium",
        "Under 80 % of the campaign's keywords have a page that covers them",
    ),
)
_SEVERITIES = {kind.code: kind.severity for kind in SIGNALS}


class Part(msgspec.Struct, frozen=True):
    """One part of the entity score."""

    points: float | None
    """Points reached; null: there was nothing to judge."""
    of: int
    """Points that the part is worth at most."""
    evidence: dict[str, object]
    """Counts behind the points, and samples. `count` and `total` are in every measured part; the
    rest depends on the part."""

    @property
    def count(self) -> float:
        return _number(self.evidence.get("count"))

    @property
    def total(self) -> float:
        return _number(self.evidence.get("total"))


def part(name: PartName, share: float | None, evidence: dict[str, object]) -> Part:
    """A part by the share of its points, 0 to 1."""
    weight = WEIGHTS[name]
    return Part(None if share is None else round(weight * share, 2), weight, evidence)


def measured_points(parts: Mapping[PartName, Part]) -> int:
    """How many of the 100 points could be judged."""
    return sum(p.of for p in parts.values() if p.points is not None)


def score(parts: Mapping[PartName, Part]) -> float | None:
    """0 to 100 over the measured parts; None under 50 measured points (lsos-entity-v1)."""
    measured = measured_points(parts)
    if measured < MIN_MEASURED:
        return None
    reached = sum(p.points for p in parts.values() if p.points is not None)
    return round(100 * reached / measured, 2)


class Analysis(NamedTuple):
    """What a site says of its entity; `graph` is what `GET /entity/report` shows of it."""

    score: float | None
    parts: Mapping[PartName, Part]
    graph: dict[str, object]


def signals_of(parts: Mapping[PartName, Part], measured_at: datetime) -> list[Signal]:
    """What the parts ask for, in the order of the kinds; unmeasured parts ask for nothing."""
    found = []
    for code, (name, is_low) in _ASKS.items():
        judged = parts.get(name)
        if judged is None or judged.points is None or not is_low(judged):
            continue
        found.append(
            Signal(
                code=code,
                room=ROOM,
                severity=_SEVERITIES[code],
                affected=_affected(name, judged),
                measured_share=_measured_share(judged),
                facts={"points": judged.points, "of": judged.of, "formula": FORMULA},
                measured_at=measured_at,
            )
        )
    return found


_ASKS: Mapping[str, tuple[PartName, Callable[[Part], bool]]] = {
    "entity_identity_incomplete": ("identity", lambda p: p.count < p.total),
    "entity_disagrees": ("agreement", lambda p: _number(p.evidence.get("wrong_locations")) > 0),
    "entity_same_as_few": ("same_as", lambda p: p.count < FULL_SAME_AS),
    "entity_coverage_low": ("coverage", lambda p: p.count < GOOD_COVERAGE * p.total),
    "entity_topics_gap": ("topics", lambda p: p.count < GOOD_TOPICS * p.total),
}


_UNITS: Mapping[str, str] = {
    "identity": "properties",
    "agreement": "locations",
    "same_as": "profiles",
    "coverage": "pages",
    "topics": "keywords",
}


def _affected(name: str, judged: Part) -> Affected:
    """Of the part's own items, those that fall short."""
    evidence = judged.evidence
    if name == "agreement":
        return Affected(
            _number(evidence.get("wrong_locations")),
            _number(evidence.get("locations")),
            _texts(evidence.get("wrong_sample")),
            _UNITS[name],
        )
    return Affected(
        max(0.0, judged.total - judged.count),
        judged.total,
        _texts(evidence.get("missing")),
        _UNITS[name],
    )


def _measured_share(judged: Part) -> float:
    value = judged.evidence.get("measured_share")
    return float(value) if isinstance(value, int | float) else 1.0


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _texts(value: object) -> list[str]:
    return [str(entry) for entry in value[:10]] if isinstance(value, list) else []
