"""Bodies of the reference library's routes."""

from datetime import date, datetime
from typing import Any, ClassVar, Literal

from lsos.core.http.schema import Example, In, Out
from lsos.domains.reference.rules import Basis, Metrics, ReleaseState, Trust, Version


class ReleaseBody(In):
    """A whole release; what its parts must hold is checked fault by fault."""

    manifest: dict[str, Any]
    """version, released_on, and the SHA-256 of each other part in canonical form."""
    metrics: dict[str, Any]
    """Weights, click-through curves and thresholds."""
    recommendations: dict[str, Any]
    """Advice per check code or signal."""
    evidence: dict[str, Any]
    """Facts that the advice rests on."""


class Activation(In):
    """The release to put in force."""

    version: Version
    """Version to put in force, such as 2026.11.0."""
    expected_version: Version | None = None
    """Version that you saw in force, 409 when it is another by now; null or left out: not
    checked."""

    EXAMPLE: ClassVar[Example] = {"version": "2026.11.0", "expected_version": "2026.10.0"}


class RollBack(In):
    """Return to the release before."""

    expected_version: Version | None = None
    """Version that you saw in force, 409 when it is another by now; null or left out: not
    checked."""


class FaultView(Out):
    """Something that is wrong with a release."""

    path: str
    """Where, as a JSON path."""
    code: str
    """What is wrong, as a stable word."""
    message: str
    """What is wrong, in words."""


class Validation(Out):
    """What is wrong with a release."""

    is_valid: bool
    """Nothing is wrong."""
    faults: list[FaultView]
    """At most 500, in order of path."""
    fault_count: int
    """All faults, those that are not shown too."""


class ReleaseView(Out):
    """A release of the reference library."""

    version: str
    """Year, month and number, such as 2026.11.0."""
    sha256: str
    """SHA-256 of the whole release in canonical form."""
    state: ReleaseState
    """draft: never in force; active: in force; retired: was in force."""
    origin: Literal["bundled", "uploaded"]
    """bundled: came with the program; uploaded: came over the API."""
    created_at: datetime
    """When it was stored."""


class ActiveRelease(Out):
    """The release in force."""

    version: str
    """Year, month and number, such as 2026.11.0."""
    metrics: Metrics
    """Weights, click-through curves and thresholds."""
    advice_count: int
    """Codes that it has advice for."""
    evidence_count: int
    """Facts that the advice rests on."""
    warnings: list[str]
    """Faults that were let through, and why the newest release is not in force; empty: none."""


class EvidenceView(Out):
    """A fact that advice rests on, and how it is known."""

    id: str
    """Id of the fact."""
    statement: str
    """The fact, in our own words."""
    source: str
    """Title of the source."""
    publisher: str
    """Who published it."""
    url: str
    """Where it was published."""
    basis: Basis
    """fetched: read at the source; stored_copy: read in a copy; recalled: from memory."""
    retrieved_at: datetime | None
    """When the page itself was fetched; null: it was not."""
    known_as_of: date
    """Day on which the fact was known to hold."""
    review_by: date
    """Day by which it should be checked again."""
    trust: Trust
    """How far the source can be relied on."""
    sha256: str
    """SHA-256 of the statement in UTF-8."""


class AdviceView(Out):
    """What to do about a check code or signal, and what that rests on."""

    code: str
    """Check or signal."""
    title: str
    """What should be done."""
    why: str
    """Why it matters."""
    steps: list[str]
    """What to do, step by step."""
    definition_of_done: str
    """How to tell that it is done."""
    effort: int
    """1 (minutes), 2 (an hour or two), 3 (a day), 4 (a week) or 5 (a project)."""
    risk_tier: int
    """0 (texts only) to 4 (can remove pages from the index)."""
    after: list[str]
    """Codes that are better solved first."""
    library_version: str
    """Release that the advice is from."""
    evidence: list[EvidenceView]
    """Facts that it rests on."""
