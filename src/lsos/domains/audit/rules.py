"""What a finding affects, and the technical score of a run."""

import math
from collections.abc import Callable, Container, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from lsos.checks.base import Severity

RESCORE = "audit.rescore"
RESCORE_AFTER_S = 1.0
"""So that a burst of decisions costs one job."""

Linking = Callable[[int], Iterable[int]]
"""Keys of the eligible pages that refer to a URL that fails; none for a URL that does not."""


class RunIds(NamedTuple):
    run_id: UUID
    campaign_id: UUID


class Affected(NamedTuple):
    """Pages that findings count for."""

    pages: set[int]
    """Keys of eligible pages."""
    alone: int
    """Subjects that are no eligible page themselves: each counts as one page."""

    def count(self, eligible: int) -> int:
        return min(len(self.pages) + self.alone, eligible)


def affected(subjects: Iterable[int], eligible: Container[int], linking: Linking) -> Affected:
    """What findings about these URLs affect.

    An eligible page affects itself. A URL that fails affects the eligible pages that send visitors
    there. Any other URL (noindexed, canonicalised, redirecting) counts once, however many pages
    link to it: a link to it is no fault. The one place that decides so, for score,
    recommendations and reports (Docs/formulas.md).
    """
    found = Affected(set(), 0)
    alone = 0
    for subject in subjects:
        if subject in eligible:
            found.pages.add(subject)
        elif sources := linking(subject):
            found.pages.update(sources)
        else:
            alone += 1
    return found._replace(alone=alone)


class Coverage(NamedTuple):
    admitted: int
    measured: int

    @property
    def share(self) -> float:
        return self.measured / self.admitted if self.admitted else 0.0


FORMULA = "lsos-tech-v2"
WEIGHTS: Mapping[Severity, float] = {"critical": 0.60, "high": 0.20, "medium": 0.06, "low": 0.01}
FLOORS: Mapping[Severity, float] = {"critical": 0.0, "high": 0.0, "medium": 0.70, "low": 0.90}
LEAST_COVERAGE = 0.95


class Fired(NamedTuple):
    """A check that fired: how many of the eligible pages it affects."""

    code: str
    severity: Severity
    affected: float


def damp(affected: float, eligible: int) -> float:
    """Affected share `a = k / (n + 10 (1 - k/n))`: small sites are not judged by one page."""
    return affected / (eligible + 10 * (1 - affected / eligible))


def technical_score(
    fired: Iterable[Fired], eligible: int, coverage: Coverage, *, robots_reachable: bool
) -> float | None:
    """lsos-tech-v2 (Docs/formulas.md): 0 < score <= 100; None when too little was measured."""
    if eligible < 1 or coverage.share < LEAST_COVERAGE or not robots_reachable:
        return None
    products = dict.fromkeys(WEIGHTS, 1.0)
    for check in fired:
        if check.severity in WEIGHTS and check.affected > 0:
            share = damp(min(check.affected, eligible), eligible)
            products[check.severity] *= 1 - WEIGHTS[check.severity] * math.sqrt(share)
    score = 100.0
    for severity, product in products.items():
        score *= max(FLOORS[severity], product)
    return score
