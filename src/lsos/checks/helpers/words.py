"""The words of a page's main text, counted once for all checks that ask for them."""

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from itertools import compress
from operator import mul
from typing import NamedTuple

_WORD = re.compile(r"\w+")
_SENTENCE_ENDINGS = tuple(map(re.compile, (r"\. ", "! ", r"\? ")))
_VOWELS = re.compile(r"[aeiouy]+")
_MEMO_WORDS = 16_384
_MEMO_CHARS = 40
"""Longer tokens are data; remembered, they would hold memory for nothing."""
_ASCII_WORDS = bytes(i if i >= 0x80 or i == 0x5F or chr(i).isalnum() else 0x20 for i in range(256))
"""Marks as spaces; the bytes of other characters stay."""


class Words(NamedTuple):
    folded: str
    """The text, case folded."""
    counts: Mapping[str, int]
    """Runs of letters, digits and underscores."""
    total: int
    most: int
    """How often the most frequent word stands."""

    @property
    def sentence_ends(self) -> int:
        """Words that a full stop, exclamation mark or question mark ends: their text is folded."""
        # A pattern jumps from mark to mark; str.count of two characters takes four times as long.
        inner = sum(len(ending.findall(self.folded)) for ending in _SENTENCE_ENDINGS)
        return inner + self.folded.endswith((".", "!", "?"))


@lru_cache(maxsize=1)
def words_of(text: str) -> Words:
    """Kept for the next check of the same page: splitting costs more than the checks."""
    folded = text.casefold()
    spaced = folded.encode("utf-8", "surrogatepass").translate(_ASCII_WORDS)
    counts = Counter(spaced.decode("utf-8", "surrogatepass").split())
    # Among them are words with typographic quotes and dashes; few, where the script is Latin.
    for token in [token for token in counts if not token.isascii()]:
        if not token.isalnum():
            times = counts.pop(token)
            for word in _words_in(token) if len(token) <= _MEMO_CHARS else _WORD.findall(token):
                counts[word] += times
    return Words(folded, counts, counts.total(), max(counts.values(), default=0))


@lru_cache(maxsize=8_192)
def _words_in(token: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(token))


class Prose(NamedTuple):
    words: int
    syllables: int


def english_prose(counts: Mapping[str, int]) -> Prose:
    """How many words are letters only, and their syllables."""
    syllables = [*map(_SYLLABLES.__getitem__, counts)]
    times = counts.values()
    return Prose(sum(compress(times, syllables)), sum(map(mul, syllables, times)))


class _Syllables(dict[str, int]):
    """Syllables of the words of the pages before."""

    def __missing__(self, word: str) -> int:
        syllables = _count_syllables(word)
        if len(word) <= _MEMO_CHARS:
            if len(self) >= _MEMO_WORDS:
                self.clear()
            self[word] = syllables
        return syllables


def _count_syllables(word: str) -> int:
    """By the groups of vowels; 0 when it is no word of letters."""
    if not word.isalpha():
        return 0
    groups = len(_VOWELS.findall(word))
    if groups > 1 and word.endswith("e") and not word.endswith(("le", "ee")):
        groups -= 1
    return max(1, groups)


_SYLLABLES = _Syllables()
