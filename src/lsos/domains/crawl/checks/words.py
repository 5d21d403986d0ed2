"""The words of a page's main text, counted once for all checks that ask for them."""

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

_WORD = re.compile(r"\w+")
_VOWELS = re.compile(r"[aeiouy]+")
_MEMO_CHARS = 40
"""Longer tokens are data; remembered, they would hold memory for nothing."""


class Words(NamedTuple):
    tokens: Mapping[str, int]
    """What stands between white space, case folded, with its marks."""
    counts: Mapping[str, int]
    """Runs of letters, digits and underscores in the tokens."""
    total: int
    most: int
    """How often the most frequent word stands."""
    sentence_ends: int
    """Tokens that end in a full stop, exclamation mark or question mark."""


@lru_cache(maxsize=1)
def words_of(text: str) -> Words:
    """Kept for the next check of the same page: splitting costs more than the checks.

    Few of a text's tokens are distinct, and a word never spans two of them: only the distinct
    ones are searched for words.
    """
    tokens = Counter(text.casefold().split())
    counts: dict[str, int] = {}
    known = counts.get
    sentence_ends = 0
    for token, times in tokens.items():
        if token.isalnum():
            counts[token] = known(token, 0) + times
            continue
        if token[-1] in ".!?":
            sentence_ends += times
        for word in _words_in(token) if len(token) <= _MEMO_CHARS else _WORD.findall(token):
            counts[word] = known(word, 0) + times
    most = max(counts.values(), default=0)
    return Words(tokens, counts, sum(counts.values()), most, sentence_ends)


@lru_cache(maxsize=8_192)
def _words_in(token: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(token))


class Prose(NamedTuple):
    words: int
    syllables: int


def english_prose(counts: Mapping[str, int]) -> Prose:
    """How many words are letters only, and their syllables."""
    words = syllables = 0
    for word, times in counts.items():
        if groups := _syllables(word) if len(word) <= _MEMO_CHARS else _count_syllables(word):
            words += times
            syllables += groups * times
    return Prose(words, syllables)


def _count_syllables(word: str) -> int:
    """By the groups of vowels; 0 when it is no word of letters."""
    if not word.isalpha():
        return 0
    groups = len(_VOWELS.findall(word))
    if groups > 1 and word.endswith("e") and not word.endswith(("le", "ee")):
        groups -= 1
    return max(1, groups)


_syllables = lru_cache(maxsize=16_384)(_count_syllables)
