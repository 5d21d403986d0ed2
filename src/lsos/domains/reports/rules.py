"""Which sections a report may have, and how much of a long list it shows."""

from collections.abc import Iterable

SECTIONS: tuple[str, ...] = (
    "summary",
    "recommendations",
    "technical",
    "visibility",
    "local",
    "reviews",
    "authority",
    "entity",
    "method",
)
"""In the order of a report."""

MAX_MEASURED_LOCATIONS = 1_000
"""Locations that figures are read of; means are over these."""
MAX_STORED = 1_000
"""Characters of a foreign text in a snapshot."""
MAX_CHECKS = 25
MAX_PAGES = 15
MAX_MOVERS = 10
MAX_KEYWORDS = 40
MAX_LOCATIONS = 25
MAX_NAP_ROWS = 45
MAX_REVIEWS = 6
MAX_DOMAINS = 15
MAX_ADVICE = 12
MAX_SAMPLE = 3
MAX_HISTORY = 26
MAX_LINES = 8
"""Of the agency's own footer."""
MAX_CELL = 160
MAX_PROSE = 600
"""Characters of a cell and of a longer text; what is over is cut with an ellipsis."""


def chosen(sections: Iterable[str]) -> list[str]:
    """Known sections without repetition, in the order asked for; none asked for: all."""
    known = [name for name in dict.fromkeys(sections) if name in SECTIONS]
    return known or list(SECTIONS)
