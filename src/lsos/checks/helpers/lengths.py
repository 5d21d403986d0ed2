"""How long a text is to its readers."""

import unicodedata

_COUNTED_CHARS = 5_000
"""Far above every limit here; a title of megabytes is not worth counting to its end."""


def width(value: str) -> int:
    """Characters, those that are East Asian wide or full-width counted double (UAX #11)."""
    if value.isascii():
        return len(value)
    composed = unicodedata.normalize("NFC", value[:_COUNTED_CHARS])
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in composed)


def length(value: str) -> int:
    """Characters as a reader counts them: an accent typed on its own adds nothing (NFC)."""
    if value.isascii():
        return len(value)
    return len(unicodedata.normalize("NFC", value[:_COUNTED_CHARS]))


def folded(value: str) -> str:
    """For comparing texts: compatibility forms, case and white space do not count."""
    return " ".join(unicodedata.normalize("NFKC", value[:_COUNTED_CHARS]).casefold().split())
