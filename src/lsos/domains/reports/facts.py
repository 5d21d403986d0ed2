"""What a report is made from: all its inputs as plain data, so that equal inputs can be recognised.

A JSON column keeps no order of keys: whatever reads a dict here brings its own order.
A room that was not measured is None; a figure that was not measured is None.
"""

import hashlib
from datetime import date, datetime

import msgspec

SYNTHETIC = "synthetic"


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    business_name: str = ""
    site_url: str = ""
    category: str = ""
    services: list[str] = msgspec.field(default_factory=list)


class Brand(msgspec.Struct, frozen=True, kw_only=True):
    """The agency that sends the report."""

    name: str = ""
    primary: str = "#1f4e79"
    accent: str = "#e07a1f"
    sender: str = ""
    reply_to: str = ""
    footer: str = ""
    logo: str = ""
    """data: URI of a PNG or JPEG; "" for a text logo."""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A value of one day; None: not measured."""

    day: date
    value: float | None


class CheckCount(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    title: str
    severity: str
    topic: str
    findings: int
    affected: float | None
    """Eligible pages affected; None: not counted."""
    example: str
    fix: str


class PageCount(msgspec.Struct, frozen=True, kw_only=True):
    """Findings of one page by severity."""

    url: str
    counts: dict[str, int]


class Technical(msgspec.Struct, frozen=True, kw_only=True):
    measured_at: datetime
    score: float | None
    previous_score: float | None = None
    formula: str
    pages: int
    """HTML pages."""
    eligible: int
    """Pages meant to be indexed: the denominator of shares."""
    admitted: int
    measured: int
    """URLs with an answer, of those admitted."""
    is_cut_off: bool
    clean_share: float | None
    """Of the eligible pages, 0-1: without critical or high findings."""
    severities: dict[str, int]
    checks: list[CheckCount]
    """Worst first, cut; `checks_total` counts all."""
    checks_total: int
    topics: dict[str, dict[str, int]]
    """Findings by topic and severity."""
    worst_pages: list[PageCount]
    appeared: list[str] | None = None
    """Titles of checks that fired now and not in the run before; None: no run before."""
    gone: list[str] | None = None
    history: list[Point] = msgspec.field(default_factory=list)


class Mover(msgspec.Struct, frozen=True, kw_only=True):
    keyword: str
    place: str
    device: str
    position: int | None
    """None: not in the results that were read."""
    previous: int | None
    url: str = ""


class KeywordRow(msgspec.Struct, frozen=True, kw_only=True):
    keyword: str
    place: str
    device: str
    state: str
    position: int | None
    pack_state: str
    pack_position: int | None
    volume: int | None
    url: str = ""


class Rank(msgspec.Struct, frozen=True, kw_only=True):
    measured_at: datetime
    source: str
    day: date
    previous_day: date | None = None
    visibility: float | None
    previous_visibility: float | None = None
    visibility_day: date | None = None
    """When that was."""
    formula: str
    denominator: int
    """Keywords that count in the visibility: errors and unmeasured ones do not."""
    states: dict[str, int]
    """Keywords by measurement state."""
    buckets: dict[str, int]
    """Keywords by place in the results, such as "1-3"; sums up to the measured ones."""
    pack_present: int
    pack_measured: int
    """Keywords that show a local pack."""
    up: list[Mover] = msgspec.field(default_factory=list)
    down: list[Mover] = msgspec.field(default_factory=list)
    keywords: list[KeywordRow] = msgspec.field(default_factory=list)
    keywords_total: int
    history: list[Point] = msgspec.field(default_factory=list)


class HealthPart(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    points: float | None
    of: float


class LocationHealth(msgspec.Struct, frozen=True, kw_only=True):
    location: str
    state: str
    score: float | None
    parts: list[HealthPart] = msgspec.field(default_factory=list)


class NapRow(msgspec.Struct, frozen=True, kw_only=True):
    """How a location's name, address and phone read on one surface."""

    location: str
    surface: str
    name: str | None
    address: str | None
    phone: str | None


class Local(msgspec.Struct, frozen=True, kw_only=True):
    measured_at: datetime
    source: str
    locations: list[LocationHealth]
    """Cut; `locations_total` counts all."""
    locations_total: int
    scores: list[float]
    """Of all locations that have one."""
    nap: list[NapRow] = msgspec.field(default_factory=list)
    nap_total: int = 0
    nap_agree: int = 0
    nap_judged: int = 0
    """Fields of all locations and surfaces that could be judged: the denominator."""


class ReviewStats(msgspec.Struct, frozen=True, kw_only=True):
    location: str
    state: str
    rating: float | None
    """Mean stars of the reviews on record."""
    reviews: int
    """On record."""
    velocity: float | None
    """Reviews a month."""
    responded: int | None
    responded_of: int | None
    """Reviews of the last 365 days, the denominator."""
    quality: float | None


class ReviewText(msgspec.Struct, frozen=True, kw_only=True):
    location: str
    author: str
    rating: float
    text: str
    published_at: datetime
    is_answered: bool


class Reviews(msgspec.Struct, frozen=True, kw_only=True):
    measured_at: datetime
    source: str
    locations: list[ReviewStats]
    """Cut; `locations_total` counts all."""
    locations_total: int
    total: int
    """Reviews on record, of all locations."""
    qualities: list[float]
    """Of all locations that have one."""
    ratings: dict[str, int] = msgspec.field(default_factory=dict)
    """Stored reviews by stars, "5" to "1"."""
    newest: list[ReviewText] = msgspec.field(default_factory=list)


class DomainLinks(msgspec.Struct, frozen=True, kw_only=True):
    domain: str
    is_own: bool
    state: str
    backlinks: int | None
    referring_domains: int | None
    followed_domains: int | None


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    measured_at: datetime
    source: str
    score: float | None
    formula: str
    domains: list[DomainLinks]
    """The own one first; cut, `domains_total` counts all."""
    domains_total: int
    competitors_measured: int
    gained: int | None = None
    lost: int | None = None
    """Links first seen or lost in the last `window_days`."""
    window_days: int = 30


class EntityPart(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    points: float | None
    of: float
    count: float | None = None
    total: float | None = None
    """What the points rest on: so many of so many..."""
    basis: str = ""
    """... of these."""
    missing: list[str] = msgspec.field(default_factory=list)


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    measured_at: datetime
    score: float | None
    formula: str
    parts: list[EntityPart]


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    room: str
    group: str
    state: str
    impact: float
    effort: int
    confidence: float
    risk_tier: int
    priority: float
    affected: float | None = None
    of: float | None = None
    unit: str = ""
    action: str = ""
    sample: list[str] = msgspec.field(default_factory=list)


class Recommendations(msgspec.Struct, frozen=True, kw_only=True):
    measured_at: datetime
    library_version: str
    total: int
    by_state: dict[str, int]
    by_risk_tier: dict[str, int]
    average_confidence: float | None
    top: list[Advice]


class ScorePart(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    value: float | None
    weight: float


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The campaign score of the newest day."""

    day: date
    score: float | None
    parts: list[ScorePart]
    history: list[Point] = msgspec.field(default_factory=list)


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All inputs of one report."""

    format: int = 1
    """Of this structure: a stored snapshot of another format is not built."""
    campaign: Campaign
    brand: Brand
    sections: list[str]
    """Chosen, in order."""
    generated_at: datetime
    """UTC."""
    locale: str = "en"
    score: Score | None = None
    technical: Technical | None = None
    visibility: Rank | None = None
    local: Local | None = None
    reviews: Reviews | None = None
    authority: Authority | None = None
    entity: Entity | None = None
    recommendations: Recommendations | None = None

    @property
    def sha256(self) -> str:
        """Of the content: equal inputs have equal hashes."""
        same = read(stored(self))  # a whole number in a field of floats is a float after storage
        return hashlib.sha256(msgspec.json.encode(same, order="deterministic")).hexdigest()


def stored(snapshot: Snapshot) -> dict[str, object]:
    """The snapshot as a JSON column takes it; `read` gives an equal one back."""
    built: dict[str, object] = msgspec.to_builtins(snapshot)
    return built


def read(column: object) -> Snapshot:
    """A snapshot from its JSON column; msgspec.ValidationError when it is none."""
    return msgspec.convert(column, Snapshot, strict=False)
