"""Bodies of the routes of issues and checks."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from lsos.checks.base import Needs, Scope, Severity
from lsos.core.http.schema import In, Out


class IssueView(Out):
    """A finding of a check on a page or host."""

    id: str
    """Id of the issue, for updating it; opaque."""
    code: str
    """Code of the check."""
    title: str
    """What is wrong, in a few words."""
    severity: Severity
    """How much it matters, with the settings of the tenant."""
    scope: Scope
    """What the finding is about."""
    url: str
    """The page, or the host."""
    count: int
    """Places where it was found; `evidence` holds the first 20."""
    evidence: list[dict[str, Any]]
    """Facts behind the finding, at most 20; their names depend on the check."""
    ignored_reason: str | None
    """Why the agency ignores it; null: it does not."""


class IssueUpdate(In):
    """Ignore an issue in this and later runs, or show it again."""

    ignore_reason: Annotated[str, msgspec.Meta(min_length=3, max_length=500)] | None
    """Why the issue is ignored; null: show it again."""
    until: datetime | None = None
    """When it is shown again, with an offset; null or left out: never by itself."""


class CheckView(Out):
    """A check of the audit, with the settings of this tenant."""

    code: str
    """Stable code of the check."""
    topic: str
    """Topic that the check belongs to."""
    severity: Severity
    """How much a finding matters, with the setting of the tenant."""
    scope: Scope
    """What a finding is about."""
    needs: Needs
    """What has to be known before the check can run."""
    title: str
    """What is wrong when it fires, in a few words."""
    why: str
    """Why it matters."""
    fix: str
    """What to do about it."""
    source: str
    """Where the rule comes from, such as an RFC or a guideline."""
    limits: dict[str, float]
    """Thresholds by name, with the settings of the tenant."""
    is_enabled: bool
    """false: this tenant has switched it off."""
    is_changed: bool
    """The tenant has set something of its own."""


class CheckUpdate(In):
    """A tenant's own setting of a check; fields left out stay as they are."""

    is_enabled: bool | UnsetType = UNSET
    """Whether the check runs."""
    severity: Severity | UnsetType | None = UNSET
    """Severity of its findings; null: the default of the check."""
    limits: dict[str, float] | UnsetType = UNSET
    """Thresholds by name, of those that the check has; replaces the former ones."""


ExportKind = Literal["pages", "links", "issues"]
ExportFormat = Literal["csv", "jsonl"]
