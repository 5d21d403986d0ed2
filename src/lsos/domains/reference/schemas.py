"""Bodies of the reference library's routes."""

from datetime import date, datetime
from typing import Any

from lsos.core.http.schema import In, Out
from lsos.domains.reference.rules import Basis, ReleaseState, Trust, Version


class ReleaseBody(In):
    """A whole release; what its parts must hold is checked fault by fault."""

    manifest: dict[str, Any]
    """version, released_on, and the sha256 of each artifact in canonical form."""
    metrics: dict[str, Any]
    recommendations: dict[str, Any]
    evidence: dict[str, Any]


class Activation(In):
    version: Version
    expected_version: Version | None = None
    """The version that you saw in force; 409 when it is another by now."""


class RollBack(In):
    expected_version: Version | None = None


class FaultView(Out):
    path: str
    code: str
    message: str


class Validation(Out):
    is_valid: bool
    faults: list[FaultView]
    """At most 500, in order of path."""
    fault_count: int


class ReleaseView(Out):
    version: str
    sha256: str
    state: ReleaseState
    origin: str
    """bundled | uploaded"""
    created_at: datetime


class ActiveRelease(Out):
    version: str
    metrics: dict[str, Any]
    advice_count: int
    evidence_count: int
    warnings: list[str]
    """Faults that were let through, and why the newest release is not in force."""


class EvidenceView(Out):
    id: str
    statement: str
    source: str
    publisher: str
    url: str
    basis: Basis
    """fetched: read at the source; stored_copy: read in a copy; recalled: from memory."""
    retrieved_at: datetime | None
    known_as_of: date
    review_by: date
    trust: Trust
    sha256: str


class AdviceView(Out):
    code: str
    title: str
    why: str
    steps: list[str]
    definition_of_done: str
    effort: int
    risk_tier: int
    after: list[str]
    library_version: str
    evidence: list[EvidenceView]
