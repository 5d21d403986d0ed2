"""The shape of a check and of what it finds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import msgspec

from lsos.checks.site import SiteContext, SiteFacts
from lsos.web.facts import PageFacts
from lsos.web.host_facts import HostFacts

Severity = Literal["critical", "high", "medium", "low", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""Worst first."""
Judged = Literal["any", "search"]
Scope = Literal["page", "site", "host"]
Needs = Literal["page", "host", "site"]
"""What a check judges: one page at a time, one host, or the whole run."""
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
    subject: str = ""
    """URL that the finding is about, set by `run_site` alone; "" for the start URL. Not stored: it
    becomes the finding's own subject."""
    severity: Severity | None = None
    """Set when the definition raises or lowers the check's own severity for this case."""


def text(value: str, size: int = 500) -> str:
    """A string short enough to store as evidence."""
    return value if len(value) <= size else value[: size - 1] + "…"


PageRun = Callable[[PageFacts, Context], Iterator[Evidence]]
HostRun = Callable[[HostFacts, SiteFacts, Context], Iterator[Evidence]]
SiteRun = Callable[[SiteFacts, Context], Iterator[Evidence]]
Guard = Callable[[PageFacts, Context], bool]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule of the audit, with exactly one of `run_page`, `run_host` and `run_site`.

    `run_page` judges each page as it is fetched; `run_host` each host and `run_site` the whole
    site, once, when the crawl has ended. They yield one Evidence per place; all evidence about one
    subject is stored as one finding. `scope` says what the subject is: a host's name for `host`,
    else a URL.
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
    run_page: PageRun | None = None
    run_host: HostRun | None = None
    run_site: SiteRun | None = None
    applies: Guard | None = None
    """Guard of `run_page`; None: every measured URL."""
    judges: Judged = "any"
    """search: only pages that are meant to be found and whose document is what visitors get."""
    limits: Limits = field(default_factory=dict)
    source: str = ""
    """RFC section or vendor page of the rule, when there is one."""

    def __post_init__(self) -> None:
        given = [run for run in (self.run_page, self.run_host, self.run_site) if run is not None]
        if len(given) != 1:
            raise TypeError(f"check {self.code}: exactly one of run_page, run_host and run_site")
        if self.run_host is not None and self.scope != "host":
            raise TypeError(f"check {self.code}: what run_host finds is about the host")
        if self.applies is not None and self.run_page is None:
            raise TypeError(f"check {self.code}: only run_page has a guard")

    @property
    def needs(self) -> Needs:
        if self.run_page is not None:
            return "page"
        return "host" if self.run_host is not None else "site"
