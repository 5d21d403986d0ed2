"""Runs the checks as one tenant has set them: each guard once a page, one finding a check."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from lsos.checks.base import (
    SEVERITIES,
    Check,
    Context,
    Evidence,
    Guard,
    Judged,
    Limits,
    PageRun,
    Scope,
    Severity,
)
from lsos.checks.catalogue import BY_CODE, CHECKS
from lsos.checks.site import SiteContext, SiteFacts
from lsos.web.facts import PageFacts
from lsos.web.urls import host_of

MAX_EVIDENCE = 20
MAX_LIMIT = 1e12

_RANK: dict[Severity, int] = {severity: rank for rank, severity in enumerate(SEVERITIES)}
_MAX_SITES = 64


class CheckSetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a tenant changes in one check."""

    is_enabled: bool = True
    severity: Severity | None = None
    """Holds for every case, also for those that the check itself would raise or lower."""
    limits: dict[str, float] = msgspec.field(default_factory=dict)


class Finding(msgspec.Struct, gc=False):
    """A check that fired on one URL or host."""

    code: str
    severity: Severity
    """Effective: the worst of its evidence."""
    scope: Scope
    subject: str
    """URL that it is about; of scope host the host's name."""
    evidence: list[Evidence]
    """The first 20."""
    count: int
    """All evidence, the left-out included."""


class Findings(list[Finding]):
    """Findings, and the codes of the checks that crashed on these facts."""

    def __init__(self) -> None:
        super().__init__()
        self.failed_checks: list[str] = []


@dataclass(frozen=True, slots=True)
class Rule:
    """A check with the tenant's severity and limits."""

    check: Check
    severity: Severity
    is_fixed: bool
    """The tenant set the severity."""
    limits: Limits

    def finding(self, subject: str, first: Evidence, rest: Iterator[Evidence]) -> Finding:
        evidence = [first]
        count = 1
        worst = self._rank(first)
        for found in rest:
            count += 1
            worst = min(worst, self._rank(found))
            if count <= MAX_EVIDENCE:
                evidence.append(found)
        return Finding(
            self.check.code, SEVERITIES[worst], self.check.scope, subject, evidence, count
        )

    def _rank(self, evidence: Evidence) -> int:
        if self.is_fixed or evidence.severity is None:
            return _RANK[self.severity]
        return _RANK[evidence.severity]


class _Group(NamedTuple):
    """Page checks that share a guard and its limits, and therefore its verdict."""

    guard: Guard
    at: Context
    judges: Judged
    runs: list[tuple[Rule, PageRun, Context]]


def measured(page: PageFacts, _: Context) -> bool:
    """The guard of checks without one of their own."""
    return page.is_measured


class Bound:
    """The checks as one tenant has set them."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self._plans: dict[SiteContext, list[_Group]] = {}

    @property
    def codes(self) -> list[str]:
        """Codes of the enabled checks, in the order of the registry."""
        return [rule.check.code for rule in self._rules]

    def run_page(self, page: PageFacts, site: SiteContext) -> Findings:
        out = Findings()
        is_for_search = page.is_eligible and not page.is_script_built
        for guard, guard_at, judges, runs in self._plans.get(site) or self._plan(site):
            if judges == "search" and not is_for_search:
                continue
            try:
                if not guard(page, guard_at):
                    continue
            except Exception:  # noqa: BLE001 - one faulty guard must not lose the page
                out.failed_checks.extend(rule.check.code for rule, _run, _at in runs)
                continue
            for rule, run, at in runs:
                try:
                    found = run(page, at)
                    # The loop body takes the rest: most checks yield nothing and cost one resume.
                    for first in found:
                        out.append(rule.finding(_subject(rule.check, page.url), first, found))
                except Exception:  # noqa: BLE001 - one faulty check must not lose the page
                    out.failed_checks.append(rule.check.code)
        return out

    def run_site(self, facts: SiteFacts) -> Findings:
        """Findings of the checks of hosts and of the whole site: one per check and subject."""
        out = Findings()
        for rule in self._rules:
            if rule.check.run_page is not None:
                continue
            by_subject: dict[str, list[Evidence]] = {}
            try:
                for subject, found in _site_evidence(rule, facts):
                    by_subject.setdefault(subject, []).append(found)
            except Exception:  # noqa: BLE001 - one faulty check must not lose the run
                out.failed_checks.append(rule.check.code)
                continue
            for subject, evidence in by_subject.items():
                rest = iter(evidence)
                out.append(rule.finding(subject, next(rest), rest))
        return out

    def _plan(self, site: SiteContext) -> list[_Group]:
        """Page checks grouped by guard, with the contexts that they share for this site."""
        groups: dict[tuple[Guard, Judged, tuple[tuple[str, float], ...]], _Group] = {}
        for rule in self._rules:
            run = rule.check.run_page
            if run is None:
                continue
            at = Context(site, rule.limits)
            guard = rule.check.applies or measured
            # A guard may read its check's limits, so only equal ones share its verdict.
            judges = rule.check.judges
            key = (guard, judges, tuple(sorted(rule.limits.items())))
            groups.setdefault(key, _Group(guard, at, judges, [])).runs.append((rule, run, at))
        if len(self._plans) >= _MAX_SITES:
            self._plans.clear()
        plan = self._plans[site] = list(groups.values())
        return plan


def bind(settings: Mapping[str, CheckSetting]) -> Bound:
    """The checks with a tenant's settings; ValueError names every setting that can't hold."""
    faults = [fault for code, setting in settings.items() for fault in _faults(code, setting)]
    if faults:
        raise ValueError("; ".join(faults))
    pairs = ((check, settings.get(check.code, _DEFAULT)) for check in CHECKS)
    return Bound([rule_of(check, setting) for check, setting in pairs if setting.is_enabled])


def usable(settings: Mapping[str, CheckSetting]) -> dict[str, CheckSetting]:
    """Those that `bind` accepts: what was stored may name a check or limit of an older release."""
    return {code: setting for code, setting in settings.items() if not any(_faults(code, setting))}


def rule_of(check: Check, setting: CheckSetting) -> Rule:
    return Rule(
        check=check,
        severity=setting.severity or check.severity,
        is_fixed=setting.severity is not None,
        limits={**check.limits, **setting.limits},
    )


def _faults(code: str, setting: CheckSetting) -> Iterator[str]:
    check = BY_CODE.get(code)
    if check is None:
        yield f"{code}: no such check"
        return
    if setting.severity is not None and setting.severity not in _RANK:
        yield f"{code}: severity {setting.severity!r} is none of {', '.join(SEVERITIES)}"
    for name, value in setting.limits.items():
        if name not in check.limits:
            known = ", ".join(check.limits) or "none"
            yield f"{code}: no limit {name!r} (known: {known})"
            continue
        highest = 1.0 if name.endswith("share") else MAX_LIMIT
        if not (math.isfinite(value) and 0 <= value <= highest):
            yield f"{code}: limit {name} = {value} is not within 0 to {highest:g}"


def _subject(check: Check, url: str) -> str:
    return host_of(url) if check.scope == "host" else url


def _site_evidence(rule: Rule, facts: SiteFacts) -> Iterator[tuple[str, Evidence]]:
    """Evidence with its subject. Two origins of one host, http and https, are one subject."""
    at = Context(facts.context, rule.limits)
    if rule.check.run_host is not None:
        for host in facts.hosts.values():
            for found in rule.check.run_host(host, facts, at):
                yield host.host, found
    if rule.check.run_site is not None:
        for found in rule.check.run_site(facts, at):
            url, found.subject = found.subject or facts.context.start_url, ""
            yield _subject(rule.check, url), found


_DEFAULT = CheckSetting()
