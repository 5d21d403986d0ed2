"""Histogram buckets shared by all processes, so that counts can be summed, and quantiles."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

BOUNDS_MS = (
    5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 1_200, 1_500, 2_000, 3_000,
    5_000, 10_000, 30_000, 60_000, 120_000, 300_000,
)  # fmt: skip
"""Upper bounds, inclusive.

They include the thresholds of the service levels, so that the share beyond one is exact. Counts are
stored by position: change a bound only together with a migration."""
BUCKETS = len(BOUNDS_MS) + 1
"""The last one is open-ended."""


def bucket_of(ms: float) -> int:
    return bisect_left(BOUNDS_MS, ms)


def quantile(counts: Sequence[int], q: float) -> float | None:
    """The `q` quantile in ms, interpolated within its bucket; None without counts.

    A quantile in the open-ended bucket is reported as that bucket's lower bound.
    """
    total = sum(counts)
    if not total:
        return None
    rank = q * total
    for index, reached in enumerate(accumulate(counts)):
        if counts[index] and reached >= rank:
            if index == len(BOUNDS_MS):
                break
            low = BOUNDS_MS[index - 1] if index else 0
            inside = (rank - (reached - counts[index])) / counts[index]
            return low + (BOUNDS_MS[index] - low) * max(0.0, inside)
    return float(BOUNDS_MS[-1])


def count_over(counts: Sequence[int], bound_ms: int) -> int:
    """The number of values above a bound; ValueError if it is not in BOUNDS_MS."""
    return sum(counts[BOUNDS_MS.index(bound_ms) + 1 :])
