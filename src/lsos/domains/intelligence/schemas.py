"""Bodies of the intelligence routes."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from lsos.core.http.schema import In, Out
from lsos.domains.intelligence.rules import State


class AffectedView(Out):
    """`count` of `of`, in `unit`; `share` is what the impact was computed with."""

    count: float
    of: float
    unit: str
    share: float
    sample: list[str]


class RecommendationView(Out):
    id: UUID
    campaign_id: UUID
    code: str
    group_key: str
    """Template such as /services/*, host or item group; "" for the whole campaign."""
    room: str
    source: str
    """Who measured: crawl, synthetic, http, ..."""
    title: str
    state: State
    allowed_states: list[State]
    """Where you may move it by hand."""
    impact: float
    effort: int
    confidence: float
    risk_tier: int
    priority: float
    """impact * confidence / effort"""
    affected: AffectedView
    evidence: list[dict[str, Any]]
    """The measurement with its facts, and ids of the library's evidence."""
    library_version: str
    first_seen_at: datetime
    last_seen_at: datetime
    executed_at: datetime | None
    verified_at: datetime | None
    version: int
    """Send it as `If-Match: "<version>"` to change only what you have seen."""


class EventView(Out):
    from_state: State | None
    to_state: State
    actor_id: UUID | None
    """null: the rules."""
    note: str
    created_at: datetime


class RecommendationDetail(RecommendationView):
    why: str | None
    """null when the release in force has no advice for the code."""
    steps: list[str]
    definition_of_done: str | None
    after: list[str]
    """Codes that are better solved first."""
    events: list[EventView]


class RecommendationUpdate(In):
    state: State
    note: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


class RecommendationSummary(Out):
    campaign_id: UUID
    total_count: int
    """All, ended ones included: the denominator of the other counts and of the average."""
    open_count: int
    counts_by_state: dict[str, int]
    counts_by_risk_tier: dict[str, int]
    average_confidence_score: float | None
    top_items: list[RecommendationView]
    """The open ones of highest priority."""


class DayScore(Out):
    day: date
    score: float | None
    library_version: str


class ScoreView(Out):
    campaign_id: UUID
    formula: str
    score: float | None
    """0 to 100; null until a part is measured."""
    day: date | None
    parts: dict[str, Any]
    """By part: value, weight, and its share in the score."""
    dropped: list[str]
    """Parts without a measurement; the weights of the others are re-normalised."""
    measured_weight: float | None
    """Weight of the measured parts / weight of all parts."""
    library_version: str | None
    computed_at: datetime | None
    history: list[DayScore]
    """One a day, newest first."""
