"""Recommendations and the campaign score as pure functions: same facts and release, same list."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple, get_args
from urllib.parse import unquote, urlsplit
from uuid import UUID

import msgspec

from lsos.domains.reference.rules import Advice, Evidence, Release
from lsos.signals import Affected as Items
from lsos.signals import Signal

FORMULA = "lsos-recommendation-v1"
SCORE_FORMULA = "lsos-campaign-v1"
REFRESH = "intelligence.refresh"
"""The task that a finished measurement enqueues."""

State = Literal[
    "generated",
    "validated",
    "approved",
    "scheduled",
    "executed",
    "verified",
    "not_verified",
    "rejected",
    "archived",
]
STATES: tuple[State, ...] = get_args(State)
ENDED: frozenset[State] = frozenset({"verified", "rejected", "archived"})
UNEXECUTED: frozenset[State] = frozenset({"generated", "validated", "approved", "scheduled"})
Actor = Literal["person", "rules"]

_PERSON: frozenset[Actor] = frozenset({"person"})
_RULES: frozenset[Actor] = frozenset({"rules"})
_BOTH: frozenset[Actor] = _PERSON | _RULES
TRANSITIONS: Mapping[tuple[State, State], frozenset[Actor]] = {
    ("generated", "validated"): _RULES,
    ("validated", "approved"): _PERSON,
    ("approved", "scheduled"): _PERSON,
    ("scheduled", "executed"): _PERSON,
    ("executed", "verified"): _RULES,
    ("executed", "not_verified"): _RULES,
    ("not_verified", "scheduled"): _PERSON,
    ("not_verified", "verified"): _RULES,
    **{(state, "rejected"): _PERSON for state in (*sorted(UNEXECUTED), "executed", "not_verified")},
    **{(state, "archived"): _BOTH for state in sorted(UNEXECUTED)},
    ("executed", "archived"): _PERSON,
    ("not_verified", "archived"): _PERSON,
}
"""Who may move a recommendation from where to where; what is not here is illegal."""

ADMIN_TIER = 3
"""From this risk tier on, an approval is a tenant_admin's."""
SAMPLE = 10
MAX_TEMPLATES = 8
MIN_TEMPLATE_PAGES = 3
OTHER_PAGES = "/*"
REVIEW_HALF_LIFE_DAYS = 180
LEAST_COVERAGE = 0.95
TRUST: Mapping[str, float] = {"high": 1.0, "medium": 0.8}
_DIGITS = re.compile(r"\d+")
_NOT_WORD = re.compile(r"[^a-z0-9]+")


class Affected(msgspec.Struct, frozen=True):
    """How much of what a recommendation is about; `of` is the denominator of the share."""

    count: float
    of: float
    unit: str
    share: float
    sample: list[str]


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What the newest measurements and the library say should be done about one group."""

    code: str
    group_key: str
    room: str
    title: str
    severity: str
    impact: float
    effort: int
    confidence: float
    risk_tier: int
    priority: float
    affected: Affected
    evidence: list[dict[str, object]]
    is_measured: bool
    """Every input was measured."""
    measured_at: datetime
    """When the measurement began: what was executed before it is judged by it."""
    library_version: str

    @property
    def key(self) -> tuple[str, str]:
        return self.code, self.group_key


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Findings of one check in one template."""

    code: str
    group_key: str
    severity: str
    affected: Affected
    measured_share: float
    findings: int
    measured_at: datetime
    facts: dict[str, object]


class Known(NamedTuple):
    """A recommendation as it is stored, as far as a plan needs it."""

    id: UUID
    code: str
    group_key: str
    room: str
    state: State
    executed_at: datetime | None
    affected_count: float


class Step(NamedTuple):
    """A change of state by the rules."""

    state: State
    note: str


def allowed(state: State, actor: Actor) -> list[State]:
    return [to for (start, to), who in TRANSITIONS.items() if start == state and actor in who]


def template_of(url: str) -> str:
    """The page group of a URL: `/` alone, `/first/*` below a first segment, else `/*`.

    Digits count as one placeholder, so that /2024/ and /2025/ are one group.
    """
    segments = [part for part in urlsplit(url).path.split("/") if part]
    if not segments:
        return "/"
    if len(segments) == 1:
        return OTHER_PAGES
    return f"/{_DIGITS.sub('{n}', unquote(segments[0]))[:100]}/*"


def known_templates(urls: Iterable[str]) -> frozenset[str]:
    """The templates that are worth a group of their own: the largest, each with some pages."""
    counts = Counter(template_of(url) for url in urls)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    large = [name for name, count in ranked if count >= MIN_TEMPLATE_PAGES and name != "/"]
    return frozenset({"/", OTHER_PAGES, *large[:MAX_TEMPLATES]})


def group_of(url: str, templates: frozenset[str]) -> str:
    found = template_of(url)
    return found if found in templates else OTHER_PAGES


def slug(text: str) -> str:
    return _NOT_WORD.sub("-", text.casefold()).strip("-")


def is_money_page(url: str, landing_urls: frozenset[str], slugs: frozenset[str]) -> bool:
    """A location page (some location's landing page) or a service page (its slug ends the path)."""
    if url in landing_urls:
        return True
    last = slug(unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2]))
    return bool(last) and last in slugs


def page_share(pages: int, money_pages: int, eligible: int) -> float:
    """Affected share of the eligible pages, location and service pages counted double, at most 1.

    It stands for the share of internal PageRank until that is measured.
    """
    return min(1.0, (pages + money_pages) / eligible) if eligible else 1.0


def impact_of(weight: float, share: float) -> float:
    return weight * math.sqrt(min(1.0, max(0.0, share)))


def confidence_of(measured_share: float, evidence: Sequence[Evidence], on: date) -> float:
    """Measured share * the best trust among the evidence, halved each 180 days past its review."""
    best = 0.0
    for fact in evidence:
        overdue = max(0, (on - fact.review_by).days)
        best = max(best, TRUST[fact.trust] * 0.5 ** (overdue / REVIEW_HALF_LIFE_DAYS))
    return min(1.0, max(0.0, measured_share)) * best


def compile_candidates(
    groups: Iterable[Group], signals: Iterable[Signal], release: Release
) -> tuple[list[Candidate], list[str]]:
    """Recommendations, best first, and the codes that the library has no advice for."""
    found: dict[tuple[str, str], Candidate] = {}
    silent: set[str] = set()
    for group in groups:
        advice = release.advice.get(group.code)
        if advice is None:
            silent.add(group.code)
            continue
        made = _candidate(_as_signal(group), "crawl", group.affected, advice, release)
        found[made.key] = made
    for signal in signals:
        advice = release.advice.get(signal.code)
        if advice is None:
            silent.add(signal.code)
            continue
        affected = Affected(
            count=signal.affected.count,
            of=signal.affected.of,
            unit=signal.affected.unit,
            share=signal.affected.share,
            sample=signal.affected.sample[:SAMPLE],
        )
        made = _candidate(signal, signal.room, affected, advice, release)
        found[made.key] = made
    return sorted(found.values(), key=order), sorted(silent)


def order(candidate: Candidate) -> tuple[float, str, str]:
    return -candidate.priority, candidate.code, candidate.group_key


def _as_signal(group: Group) -> Signal:
    return Signal(
        code=group.code,
        room="crawl",
        severity=group.severity,
        group_key=group.group_key,
        affected=Items(count=group.affected.count, of=group.affected.of),
        measured_share=group.measured_share,
        facts={"findings": group.findings, **group.facts},
        measured_at=group.measured_at,
    )


def _candidate(
    signal: Signal, room: str, affected: Affected, advice: Advice, release: Release
) -> Candidate:
    facts = [release.evidence[name] for name in advice.evidence if name in release.evidence]
    weight = release.metrics.severity_weights.get(signal.severity, 0.0)  # type: ignore[call-overload]  # a room's word
    impact = impact_of(weight, affected.share)
    confidence = confidence_of(signal.measured_share, facts, signal.measured_at.date())
    measurement: dict[str, object] = {
        "kind": "measurement",
        "room": room,
        "source": signal.source or "crawl",
        "measured_at": signal.measured_at.isoformat(),
        "severity": signal.severity,
        "measured_share": round(signal.measured_share, 4),
        "facts": signal.facts,
    }
    library: list[dict[str, object]] = [
        {"kind": "library", "id": fact.id, "basis": fact.basis} for fact in facts
    ]
    return Candidate(
        code=signal.code,
        group_key=signal.group_key[:300],
        room=room,
        title=advice.title,
        severity=signal.severity,
        impact=round(impact, 6),
        effort=advice.effort,
        confidence=round(confidence, 6),
        risk_tier=advice.risk_tier,
        priority=round(impact * confidence / advice.effort, 6),
        affected=affected,
        evidence=[measurement, *library],
        is_measured=signal.measured_share >= 1.0,
        measured_at=signal.measured_at,
        library_version=release.version,
    )


def step_when_found(known: Known, candidate: Candidate) -> Step | None:
    """What follows for a stored recommendation whose fault is still there."""
    if known.state == "generated" and candidate.is_measured:
        return Step("validated", "every input was measured")
    is_later = known.executed_at is not None and candidate.measured_at > known.executed_at
    if known.state == "executed" and is_later:
        count = candidate.affected.count
        return Step("not_verified", f"still there in a later measurement: {count:g} affected")
    return None


def step_when_gone(known: Known, measured_at: datetime | None) -> Step | None:
    """What follows when a conclusive measurement no longer shows the fault."""
    if measured_at is None:
        return None
    if known.state in UNEXECUTED:
        return Step("archived", "no longer found, before it was executed")
    is_later = known.executed_at is not None and measured_at > known.executed_at
    if known.state in ("executed", "not_verified") and is_later:
        return Step("verified", "no longer found in a later measurement")
    return None


class Score(NamedTuple):
    value: float | None
    parts: dict[str, object]
    """By part: value, weight and share in the score; unmeasured ones are named and dropped."""


def campaign_score(values: Mapping[str, float | None], weights: Mapping[str, float]) -> Score:
    """Weighted mean of the measured parts, weights re-normalised; None when nothing is measured."""
    measured = {name: v for name in weights if (v := values.get(name)) is not None}
    total = sum(weights[name] for name in measured)
    parts: dict[str, object] = {}
    for name, weight in weights.items():
        value = measured.get(name)
        share = weight / total if value is not None and total else 0.0
        parts[name] = {"value": value, "weight": weight, "share": round(share, 4)}
    if not total:
        return Score(None, parts)
    value = sum(measured[name] * weights[name] for name in measured) / total
    return Score(round(value, 2), parts)
