"""Buckets that all processes share, so that their counts add up, and quantiles read from them."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

BOUNDS_MS = (
    5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 1_200, 1_500, 2_000, 3_000,
    5_000, 10_000, 30_000, 60_000, 120_000, 300_000,
)  # fmt: skip
"""Upper ends, inclusive. The thresholds of the service levels are among them, so that the share
beyond one is exact. Stored by position: never change one, only a migration may."""
BUCKETS = len(BOUNDS_MS) + 1
"""The last one is open."""


def bucket_of(ms: float) -> int:
    return bisect_left(BOUNDS_MS, ms)


def quantile(counts: Sequence[int], q: float) -> float | None:
    """The value in ms below which the share `q` lies, even within a bucket; None without counts.

    What lies in the open bucket is told as its lower end.
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
    """Values beyond a bound; ValueError when it is none of BOUNDS_MS."""
    return sum(counts[BOUNDS_MS.index(bound_ms) + 1 :])
