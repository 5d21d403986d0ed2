"""What a release of the reference library consists of, and how it is read and hashed."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec

from lsos.checks.base import Severity
from lsos.core.http.wording import expected

Basis = Literal["fetched", "stored_copy", "recalled"]
Trust = Literal["high", "medium"]
Artifact = Literal["metrics", "recommendations", "evidence"]
ARTIFACTS: tuple[Artifact, ...] = get_args(Artifact)
ReleaseState = Literal["draft", "active", "retired"]

VERSION = re.compile(r"\d{4}\.(?:[1-9]|1[0-2])\.\d{1,4}")
"""Year, month and number of the release; compared number by number."""

Weight = Annotated[float, msgspec.Meta(ge=0, le=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=100)]
Code = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z][a-z0-9_]{1,63}\Z",
        extra=expected("2 to 64 characters a-z, 0-9 and _, beginning with a letter"),
    ),
]
Id = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z][a-z0-9._-]{1,63}\Z",
        extra=expected("2 to 64 characters a-z, 0-9, dot, _ and -, beginning with a letter"),
    ),
]
Line = Annotated[str, msgspec.Meta(min_length=3, max_length=200)]
Sentences = Annotated[str, msgspec.Meta(min_length=10, max_length=1_000)]
Sha256 = Annotated[
    str,
    msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z", extra=expected("a SHA-256 of 64 digits 0-9 and a-f")),
]
Url = Annotated[
    str,
    msgspec.Meta(pattern=r"^https://[^\s]{3,500}\Z", extra=expected("an https URL")),
]
Version = Annotated[
    str,
    msgspec.Meta(pattern=rf"^{VERSION.pattern}\Z", extra=expected("a version, such as 2026.11.0")),
]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of an artifact; unknown fields are faults."""


class CtrCurve(Strict, frozen=True):
    """Share of searchers who click a position, by position from 1; beyond the list nobody does."""

    id: Id
    """Id of the curve."""
    title: Line
    """Name of the curve."""
    shares: Annotated[list[Share], msgspec.Meta(min_length=1, max_length=100)]
    """Percent of the searches that click the position, by position from 1."""
    evidence: Annotated[list[Id], msgspec.Meta(min_length=1)]
    """Ids of the facts behind it."""


class Threshold(Strict, frozen=True):
    """A limit from which on a signal is raised."""

    code: Code
    """Code of the signal."""
    name: Id
    """Name of the limit."""
    value: float
    """The limit, in `unit`."""
    unit: Line
    """Unit of the value."""
    meaning: Sentences
    """What the limit means."""


class Metrics(Strict, frozen=True):
    """Weights, click-through curves and thresholds of a release."""

    version: Version
    """Version of the release."""
    severity_weights: dict[Severity, Weight]
    """Weight of each severity in the impact of a recommendation, 0 to 1."""
    campaign_score_weights: dict[Id, Weight]
    """Weight of each part of the campaign score, 0 to 1."""
    ctr_curves: list[CtrCurve]
    """Click-through curves."""
    default_ctr_curve: Id
    """Id of the curve that visibility is computed with."""
    signal_thresholds: list[Threshold]
    """Limits of the signals."""
    formulas: dict[Id, Id]
    """Formula with its version, by the name of the figure."""


class Advice(Strict, frozen=True):
    """What to do about one check code or signal."""

    code: Code
    title: Line
    why: Sentences
    steps: Annotated[list[Sentences], msgspec.Meta(min_length=1, max_length=10)]
    definition_of_done: Sentences
    effort: Annotated[int, msgspec.Meta(ge=1, le=5)]
    """1: minutes, 2: an hour or two, 3: a day, 4: a week, 5: a project."""
    risk_tier: Annotated[int, msgspec.Meta(ge=0, le=4)]
    """0: text only ... 4: can remove pages from the index."""
    evidence: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=10)]
    after: list[Code] = msgspec.field(default_factory=list)
    """Codes that are better solved first."""


class Recommendations(Strict, frozen=True):
    version: Version
    items: list[Advice]


class Evidence(Strict, frozen=True):
    """A fact in our own words, and how we know it."""

    id: Id
    statement: Sentences
    source: Line
    publisher: Line
    url: Url
    basis: Basis
    retrieved_at: datetime | None
    """When the page itself was fetched; null otherwise."""
    known_as_of: date
    review_by: date
    trust: Trust
    sha256: Sha256
    """Of the statement in UTF-8."""


class EvidenceList(Strict, frozen=True):
    version: Version
    items: list[Evidence]


class Manifest(Strict, frozen=True):
    version: Version
    released_on: date
    sha256: dict[Artifact, Sha256]
    """Of each artifact in canonical form."""


SHAPES: Mapping[str, type[Strict]] = {
    "manifest": Manifest,
    "metrics": Metrics,
    "recommendations": Recommendations,
    "evidence": EvidenceList,
}


@dataclass(frozen=True, slots=True)
class Release:
    """A release as the rooms use it."""

    version: str
    metrics: Metrics
    advice: Mapping[str, Advice]
    evidence: Mapping[str, Evidence]

    def ctr_curve(self) -> CtrCurve:
        wanted = self.metrics.default_ctr_curve
        return next(curve for curve in self.metrics.ctr_curves if curve.id == wanted)

    def threshold(self, code: str, name: str) -> float | None:
        for known in self.metrics.signal_thresholds:
            if (known.code, known.name) == (code, name):
                return known.value
        return None


def canonical(value: object) -> bytes:
    """UTF-8 JSON, keys sorted, no white space: the same bytes wherever the value has been."""
    return msgspec.json.encode(value, order="sorted")


def sha256_of(value: object) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()


def statement_sha256(statement: str) -> str:
    return hashlib.sha256(statement.encode()).hexdigest()


def release_sha256(document: Mapping[str, Any]) -> str:
    """One hash over the three artifacts."""
    return sha256_of({name: sha256_of(document.get(name)) for name in ARTIFACTS})


def version_key(version: str) -> tuple[int, ...]:
    """Sorts versions in order of release; what is no version sorts first."""
    return tuple(map(int, version.split("."))) if VERSION.fullmatch(version) else ()


def read(document: Mapping[str, Any]) -> Release:
    """A release from its artifacts; ValueError when even the metrics can't be used.

    Items that do not fit are left out: with validation not enforced, a faulty release may be in
    force.
    """
    try:
        metrics = msgspec.convert(document["metrics"], Metrics)
    except (KeyError, msgspec.ValidationError) as error:
        raise ValueError(f"metrics can't be used: {error}") from error
    if all(curve.id != metrics.default_ctr_curve for curve in metrics.ctr_curves):
        raise ValueError("metrics can't be used: default_ctr_curve names no curve")
    return Release(
        version=metrics.version,
        metrics=metrics,
        advice={item.code: item for item in _usable(document, "recommendations", Advice)},
        evidence={item.id: item for item in _usable(document, "evidence", Evidence)},
    )


Item = TypeVar("Item")


def _usable(document: Mapping[str, Any], artifact: str, kind: type[Item]) -> list[Item]:
    found = []
    body = document.get(artifact)
    items = body.get("items") if isinstance(body, dict) else None
    for raw in items if isinstance(items, list) else []:
        try:
            found.append(msgspec.convert(raw, kind))
        except msgspec.ValidationError:
            continue
    return found
