"""Bodies of the routes of issues and checks."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from lsos.checks.base import Needs, Scope, Severity
from lsos.core.http.schema import In, Out


class IssueView(Out):
    id: str
    code: str
    title: str
    severity: Severity
    scope: Scope
    url: str
    """The page, or the host."""
    count: int
    """Places found; `evidence` holds the first 20."""
    evidence: list[dict[str, Any]]
    ignored_reason: str | None


class IssueUpdate(In):
    """Live with an issue, in this and later runs; reason null shows it again."""

    ignore_reason: Annotated[str, msgspec.Meta(min_length=3, max_length=500)] | None
    until: datetime | None = None


class CheckView(Out):
    code: str
    topic: str
    severity: Severity
    scope: Scope
    needs: Needs
    title: str
    why: str
    fix: str
    source: str
    limits: dict[str, float]
    is_enabled: bool
    is_changed: bool
    """The tenant has set something of its own."""


class CheckUpdate(In):
    """A tenant's own setting of one check; null severity: the check's own."""

    is_enabled: bool | UnsetType = UNSET
    severity: Severity | UnsetType | None = UNSET
    limits: dict[str, float] | UnsetType = UNSET


ExportKind = Literal["pages", "links", "issues"]
ExportFormat = Literal["csv", "jsonl"]
