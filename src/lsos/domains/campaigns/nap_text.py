"""Where a name, an address or a phone number stands in the visible text of a page."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from lsos.domains.campaigns.address_text import fold, postcode, same_form, split_street
from lsos.domains.campaigns.nap import (
    MATCHES,
    Address,
    Match,
    match_phone,
    name_words,
)
from lsos.web.phones import e164

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_APOSTROPHES = str.maketrans("", "", "'’")
_JOINTS = frozenset(("and", "und"))
_NEAR_BEFORE, _NEAR_AFTER = 6, 12
"""Words around a street within which its postcode and unit may stand."""
_MAX_NUMBER_WORDS = 3
_MIN_UNSPACED = 3
"""Characters of a name that may be looked for inside a word, in scripts without spaces."""


class Found(NamedTuple):
    match: Match
    text: str
    """As it stands there; "" when it does not."""


class _Word(NamedTuple):
    folded: str
    form: str
    """One for all spellings of a word of a street."""
    start: int
    end: int


class ShownText:
    """A page's text, split once for all names and addresses that are looked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words = [
            _Word(*_forms(found[0]), found.start(), found.end()) for found in _WORD.finditer(text)
        ]
        self._named = [word for word in self._words if word.folded not in _JOINTS]

    def name(self, expected: str) -> Found:
        wanted = [
            part
            for word in name_words(expected)
            for part in _WORD.findall(word)
            if part not in _JOINTS
        ]
        if not wanted:
            return Found("review", "")
        for at in _places([word.folded for word in self._named], wanted):
            shown = self._slice(self._named, at, at + len(wanted))
            is_same = shown == " ".join(expected.split()) or expected in self._text
            return Found("exact" if is_same else "format_only", shown)
        folded = fold(expected)
        if not folded.isascii() and len(folded) >= _MIN_UNSPACED and folded in fold(self._text):
            return Found("exact" if expected in self._text else "format_only", expected)
        return Found("missing", "")

    def address(self, expected: Address) -> Found:
        """wrong: the street stands there with other numbers only, or with another postcode."""
        number, words, unit = split_street(expected.street)
        wanted = [form for word in words for part in _WORD.findall(word) for form in (_form(part),)]
        if not wanted:
            return Found("review", "")
        findings = [
            self._judge(expected, number, unit, at, at + len(wanted))
            for at in _places([word.form for word in self._words], wanted)
        ]
        return min(findings, key=lambda f: MATCHES.index(f.match), default=Found("missing", ""))

    def _judge(self, expected: Address, number: str, unit: str, at: int, end: int) -> Found:
        first, last, shown = self._number(at, end)
        if number and shown != _plain(number):
            if not shown:
                return Found("missing", "")
            return Found("wrong", self._slice(self._words, first, last))
        verdict: Match = "format_only"
        if unit and not self._is_near(first, last, unit):
            verdict = "minor"
        code = postcode(expected.postcode)
        if code:
            after = self._postcode(first, last, code)
            if after is None:
                verdict = "minor"
            else:
                last = max(last, after.end)
                if not after.is_same:
                    return Found("wrong", self._slice(self._words, first, last))
        shown_line = self._slice(self._words, first, last)
        is_exact = verdict == "format_only" and " ".join(expected.street.split()) in " ".join(
            shown_line.split()
        )
        return Found("exact" if is_exact else verdict, shown_line)

    def _number(self, at: int, end: int) -> tuple[int, int, str]:
        """The house number beside the street at [at, end), and the words from it to the end."""
        if at and self._words[at - 1].folded[:1].isdigit():
            first = at - 1
            return first, end, self._words[first].folded
        # 12 a: the letter is a word of its own.
        if at > 1 and len(self._words[at - 1].folded) == 1 and self._is_number(at - 2):
            return at - 2, end, self._words[at - 2].folded + self._words[at - 1].folded
        if self._is_number(end):
            shown, last = self._words[end].folded, end + 1
            following = self._words[last].folded if last < len(self._words) else ""
            gap = self._text[self._words[end].end : self._words[last].start] if following else ""
            if len(following) == 1 and following.isalpha() and gap == " ":
                return at, last + 1, shown + following
            return at, last, shown
        return at, end, ""

    def _is_number(self, at: int) -> bool:
        return 0 <= at < len(self._words) and self._words[at].folded[:1].isdigit()

    def _is_near(self, first: int, last: int, wanted: str) -> bool:
        around = self._words[max(0, first - _NEAR_BEFORE) : last + _NEAR_BEFORE]
        return {_form(part) for part in wanted.split()} <= {word.form for word in around}

    def _postcode(self, first: int, last: int, code: str) -> "_Postcode | None":
        """The postcode after the street, or the expected one before it."""
        shape = _shape(code)
        for at in range(last, min(len(self._words), last + _NEAR_AFTER)):
            for size in range(1, _MAX_NUMBER_WORDS + 1):
                joined = "".join(word.folded for word in self._words[at : at + size])
                if joined == code or postcode(joined) == code:
                    return _Postcode(True, at + size)
            if self._words[at].folded[:1].isdigit():
                if _shape(self._words[at].folded) == shape:
                    return _Postcode(False, at + 1)
                break  # the next place begins
        for at in range(max(0, first - _NEAR_BEFORE), first):
            for size in range(1, _MAX_NUMBER_WORDS + 1):
                words = self._words[at : min(first, at + size)]
                if "".join(word.folded for word in words) == code:
                    return _Postcode(True, last)
        return None

    def _slice(self, words: Sequence[_Word], first: int, last: int) -> str:
        return " ".join(self._text[words[first].start : words[last - 1].end].split())


class _Postcode(NamedTuple):
    is_same: bool
    end: int


def find_phone(
    shown: Iterable[str],
    expected: str,
    *,
    country: str = "",
    others: Collection[str] = (),
    tracking: Collection[str] = (),
) -> Found:
    """The best of the numbers shown; one of `others`, the business's own, is no wrong one."""
    known = {number for other in others if (number := e164(other, country))}
    verdicts: list[Found] = []
    for phone in shown:
        verdict = match_phone(expected, phone, country=country, tracking=tracking)
        if verdict == "wrong" and e164(phone, country) in {*known, ""}:
            continue
        verdicts.append(Found(verdict, phone))
    return min(verdicts, key=lambda f: MATCHES.index(f.match), default=Found("missing", ""))


@lru_cache(maxsize=20_000)
def _forms(word: str) -> tuple[str, str]:
    folded = fold(word).translate(_APOSTROPHES)
    return folded, same_form(folded)


def _form(word: str) -> str:
    return _forms(word)[1]


def _plain(number: str) -> str:
    """12-14 stands in text as two words, of which the last one is beside the street."""
    return _WORD.findall(number)[-1] if number else ""


def _shape(code: str) -> str:
    return "".join("9" if char.isdigit() else "a" for char in code)


def _places(words: Sequence[str], wanted: Sequence[str]) -> Iterator[int]:
    at, size = -1, len(wanted)
    while True:
        try:
            at = words.index(wanted[0], at + 1)
        except ValueError:
            return
        if list(words[at : at + size]) == list(wanted):
            yield at
