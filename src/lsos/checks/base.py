"""The shape of a check and of what it finds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from lsos.checks.site import SiteContext, SiteFacts
from lsos.web.facts import PageFacts

Severity = Literal["critical", "high", "medium", "low", "info"]
Scope = Literal["page", "site", "host"]
Needs = Literal["page", "host", "graph", "sitemap", "history"]
Limits = Mapping[str, float]
"""A check's thresholds by name: its defaults, overlaid with the tenant's."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a check may know beside the facts that it judges."""

    site: SiteContext
    limits: Limits


class Evidence(msgspec.Struct, gc=False, omit_defaults=True):
    """Why a check fired, as data; sentences are made at display."""

    value: str | int | float | None = None
    """The offending value, strings cut at 500 characters by `text()`."""
    selector: str = ""
    """Where in the page or response, such as `title`, `header:x-robots-tag`, `a[3]`."""
    limit: str | int | float | None = None
    """The bound that was broken."""
    urls: list[str] = msgspec.field(default_factory=list)
    """Other URLs concerned, at most 20."""
    host: str = ""
    """Set by host checks that run on host facts."""
    severity: Severity | None = None
    """Set when the definition raises or lowers the check's own severity for this case."""


def text(value: str, size: int = 500) -> str:
    """A string short enough to store as evidence."""
    return value if len(value) <= size else value[: size - 1] + "…"


@dataclass(frozen=True, slots=True)
class Check:
    """One rule of the audit.

    `scope` says what a finding is about, `needs` when it can run: `page` with each page, the
    others once at the end of a run. `applies` is the guard; `run` yields one Evidence a finding
    (page scope: all of them are stored as one issue of the page with a list of evidence).
    """

    code: str
    topic: str
    severity: Severity
    scope: Scope
    title: str
    """What is wrong, as a short sentence fragment for a list."""
    why: str
    """Why it matters to visitors or search engines; one or two sentences."""
    fix: str
    """What to do; one or two sentences."""
    run: Callable[[PageFacts, Context], Iterator[Evidence]] | None = None
    run_site: Callable[[SiteFacts, Context], Iterator[Evidence]] | None = None
    applies: Callable[[PageFacts, Context], bool] | None = None
    """None: every measured URL."""
    needs: Needs = "page"
    limits: Limits = field(default_factory=dict)
    source: str = ""
    """RFC section or vendor page of the rule, when there is one."""

    def __post_init__(self) -> None:
        if (self.needs == "page") != (self.run is not None):
            raise TypeError(f"check {self.code}: page checks have `run`, the others `run_site`")
        if (self.run is None) == (self.run_site is None):
            raise TypeError(f"check {self.code}: exactly one of `run` and `run_site`")
