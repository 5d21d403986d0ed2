"""Bodies of the intelligence routes."""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec

from lsos.checks.base import Severity
from lsos.core.http.schema import Example, In, Out
from lsos.domains.intelligence.rules import State
from lsos.domains.reference.rules import Basis


class AffectedView(Out):
    """How much a recommendation is about: `count` of `of`."""

    count: float
    """How many are affected."""
    of: float
    """How many there are: the denominator."""
    unit: str
    """What is counted, such as pages or keywords."""
    share: float
    """Share that the impact was computed with, 0 to 1."""
    sample: list[str]
    """Some of the affected ones, at most 10."""


class MeasurementEvidence(Out, tag_field="kind", tag="measurement"):
    """The measurement behind a recommendation."""

    room: str
    """Where it was measured, such as crawl or local."""
    source: str
    """Who measured: crawl, or the provider, such as synthetic or http."""
    measured_at: datetime
    """When the measurement began."""
    severity: Severity
    """Severity of the finding."""
    measured_share: float
    """Share of what had to be measured that was measured, 0 to 1."""
    facts: dict[str, Any]
    """Facts of the finding; their names depend on `code`."""


class LibraryEvidence(Out, tag_field="kind", tag="library"):
    """A fact of the reference library that the advice rests on."""

    id: str
    """Id of the fact in the reference library."""
    basis: Basis
    """How the fact is known; see the evidence of the code."""


class RecommendationView(Out):
    """What should be done about one finding, in one part of the site."""

    id: UUID
    """Id of the recommendation."""
    campaign_id: UUID
    """Campaign that it belongs to."""
    code: str
    """Check or signal that it answers."""
    group_key: str
    """Which part it is about: a template such as /services/*, a host or a group of items; empty:
    the whole campaign."""
    room: str
    """Where it was measured, such as crawl or local."""
    source: str
    """Who measured: crawl, or the provider, such as synthetic or http."""
    title: str
    """What should be done."""
    state: State
    """How far it is: generated, validated, approved, scheduled, executed, verified or not_verified;
    or rejected or archived."""
    allowed_states: list[State]
    """States that a person may move it to now."""
    impact: float
    """Expected effect; comparable within a campaign, without a unit."""
    effort: int
    """1 (minutes) to 5 (a project)."""
    confidence: float
    """0 to 1: how far measurement and evidence can be relied on."""
    risk_tier: int
    """0 (texts only) to 4 (can remove pages from the index)."""
    priority: float
    """impact * confidence / effort: the order of work."""
    affected: AffectedView
    """How much it is about."""
    evidence: list[MeasurementEvidence | LibraryEvidence]
    """The measurement with its facts, and facts of the reference library."""
    library_version: str
    """Release of the reference library that it was made with."""
    first_seen_at: datetime
    """When the finding was first measured."""
    last_seen_at: datetime
    """When the finding was last measured."""
    executed_at: datetime | None
    """When somebody marked it as executed; null: nobody has."""
    verified_at: datetime | None
    """When a later measurement no longer found it; null: none has."""
    version: int
    """Grows by one with each change. Send it as `If-Match: "<version>"` to change only what you
    have seen."""


class EventView(Out):
    """A change of state."""

    from_state: State | None
    """State before; null: it was made then."""
    to_state: State
    """State after."""
    actor_id: UUID | None
    """User who changed it; null: the rules did."""
    note: str
    """Reason or remark; empty: none."""
    created_at: datetime
    """When it changed."""


class RecommendationDetail(RecommendationView):
    """A recommendation with its advice and its history."""

    why: str | None
    """Why it matters; null: the release in force has no advice for this code."""
    steps: list[str]
    """What to do, step by step; empty: no advice."""
    definition_of_done: str | None
    """How to tell that it is done; null: no advice."""
    after: list[str]
    """Codes that are better solved first."""
    events: list[EventView]
    """Every change of state, oldest first."""


class RecommendationUpdate(In):
    """The state that a recommendation should move to."""

    state: State
    """The new state; `allowed_states` lists what is accepted now."""
    note: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
    """Reason or remark, kept in the history."""

    EXAMPLE: ClassVar[Example] = {"state": "approved", "note": "Agreed with the client"}


class RecommendationSummary(Out):
    """The recommendations of a campaign in figures."""

    campaign_id: UUID
    """The campaign."""
    total_count: int
    """All, ended ones included: the denominator of the other counts and of the average."""
    open_count: int
    """Neither verified, rejected nor archived."""
    counts_by_state: dict[State, int]
    """By state; states without any are left out."""
    counts_by_risk_tier: dict[str, int]
    """By risk tier, 0 to 4; tiers without any are left out."""
    average_confidence_score: float | None
    """Mean confidence of all, 0 to 1; null: there are none."""
    top_items: list[RecommendationView]
    """The five open ones of highest priority."""


class DayScore(Out):
    """The campaign score of a day."""

    day: date
    """The day (UTC)."""
    score: float | None
    """0 to 100; null: nothing was measured."""
    library_version: str
    """Release of the reference library whose weights were used."""


class ScorePart(Out):
    """One part of the campaign score."""

    value: float | None
    """0 to 100; null: not measured."""
    weight: float
    """Weight of the part in the release in force, 0 to 1."""
    share: float
    """Share of the part in this score, 0 to 1: its weight over the weight of the measured parts."""


class ScoreView(Out):
    """The campaign score and what it is made of."""

    campaign_id: UUID
    """The campaign."""
    formula: str
    """Name and version of the formula."""
    score: float | None
    """0 to 100; null: no part is measured."""
    day: date | None
    """Day (UTC) of the score; null: there is none."""
    parts: dict[str, ScorePart]
    """By part: technical, visibility, local, reviews, entity, authority."""
    dropped: list[str]
    """Parts without a measurement; the weights of the others are re-normalised."""
    measured_weight: float | None
    """Weight of the measured parts over the weight of all parts, 0 to 1; null: there is no
    score."""
    library_version: str | None
    """Release of the reference library whose weights were used; null: there is no score."""
    computed_at: datetime | None
    """When the score was computed; null: there is none."""
    history: list[DayScore]
    """One score per day, newest first."""

    EXAMPLE: ClassVar[Example] = {
        "campaign_id": "01920000-0000-7000-8000-000000000000",
        "formula": "lsos-campaign-v1",
        "score": 71.11,
        "day": "2026-03-01",
        "parts": {
            "technical": {"value": 80.0, "weight": 0.25, "share": 0.5556},
            "visibility": {"value": None, "weight": 0.2, "share": 0.0},
            "local": {"value": 60.0, "weight": 0.2, "share": 0.4444},
        },
        "dropped": ["visibility"],
        "measured_weight": 0.6923,
        "library_version": "2026.11.0",
        "computed_at": "2026-03-01T09:32:10Z",
        "history": [{"day": "2026-03-01", "score": 71.11, "library_version": "2026.11.0"}],
    }
