"""Which keywords the pages of a site cover: all stems of the keyword in title, H1 or main text."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Literal, NamedTuple

import msgspec
import snowballstemmer

from lsos.web.facts import PageFacts

_ALGORITHMS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "tr": "turkish",
}


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STOP_WORDS = word_set(
    "a an and at by for from in is my near me nearby of on or our the to we with your"  # en
    " der die das den dem des ein eine einer und oder im in am bei für mit nähe meiner von zu"  # de
    " el la los las un una unos unas y o en de del al por para con cerca mi"  # es
    " le les l d un une des du de et ou à au aux en dans pour par avec près moi"  # fr
)
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[぀-ヿ㐀-鿿฀-๿]")
"""Kana, Han and Thai: words are not parted by spaces, so the keyword is looked for as it is."""
_MAX_WORD = 60
_MAX_REMEMBERED = 65_536

Place = Literal["title", "h1", "text"]
_RANK: dict[Place, int] = {"title": 0, "h1": 1, "text": 2}


class Keyword(msgspec.Struct, frozen=True):
    text: str
    language: str = "en"


class Cover(NamedTuple):
    place: Place
    url: str


def language_of(tag: str | None) -> str:
    """en of en-GB; "" for what says nothing."""
    return (tag or "").strip().lower().replace("_", "-").partition("-")[0]


class _Stems(dict[str, str]):
    """Stems of one language by folded word; the word itself where there is no stemmer."""

    def __init__(self, language: str) -> None:
        super().__init__()
        name = _ALGORITHMS.get(language)
        self._stemmer = None if name is None else snowballstemmer.stemmer(name)

    def __missing__(self, word: str) -> str:
        if len(self) >= _MAX_REMEMBERED:
            self.clear()
        found = word
        # Longer tokens are data.
        if self._stemmer is not None and len(word) <= _MAX_WORD:
            found = str(self._stemmer.stemWord(word))
        self[word] = found
        return found


@cache
def _stems_of(language: str) -> _Stems:
    return _Stems(language if language in _ALGORITHMS else "")


def words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def stems(text: str, language: str) -> set[str]:
    return set(map(_stems_of(language).__getitem__, words(text)))


def wanted_stems(text: str, language: str) -> frozenset[str]:
    """Stems that a page must have; stop words only where there is nothing else."""
    found = words(text)
    return frozenset(map(_stems_of(language).__getitem__, (found - _STOP_WORDS) or found))


class Topics:
    """Takes pages one by one, and forgets them."""

    def __init__(self, keywords: Iterable[Keyword]) -> None:
        self._all: dict[tuple[str, str], Keyword] = {}
        for keyword in keywords:
            language = language_of(keyword.language) or "en"
            folded = " ".join(keyword.text.casefold().split())
            if folded:
                self._all.setdefault((folded, language), keyword)
        self._found: dict[tuple[str, str], Cover] = {}
        self._unspaced = [key for key in self._all if _UNSPACED.search(key[0])]
        # A keyword is looked up by its longest stem: few pages have it.
        self._stems: dict[tuple[str, str], frozenset[str]] = {}
        self._by_anchor: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._open: Counter[str] = Counter()
        """Keywords by language that no page covers yet."""
        for key in self._all:
            text, language = key
            if key in self._unspaced or not (needed := wanted_stems(text, language)):
                continue
            self._stems[key] = needed
            anchor = max(sorted(needed), key=len)
            self._by_anchor[language][anchor].append(key)
            self._open[language] += 1

    def add(self, page: PageFacts) -> None:
        h1 = " \n ".join(page.h1s)
        for language, anchors in self._by_anchor.items():
            self._look("title", page.url, stems(page.title, language), anchors)
            self._look("h1", page.url, stems(h1, language), anchors)
            if self._open[language]:
                self._look("text", page.url, stems(page.text, language), anchors)
        for key in self._unspaced:
            for place, text in (("title", page.title), ("h1", h1), ("text", page.text)):
                if key[0] in text.casefold():
                    self._note(key, Cover(place, page.url))  # type: ignore[arg-type]  # of Place
                    break

    def _look(
        self, place: Place, url: str, shown: set[str], anchors: dict[str, list[tuple[str, str]]]
    ) -> None:
        for anchor in shown & anchors.keys():
            for key in anchors[anchor]:
                if self._stems[key] <= shown:
                    self._note(key, Cover(place, url))

    def _note(self, key: tuple[str, str], cover: Cover) -> None:
        known = self._found.get(key)
        if known is None:
            self._open[key[1]] -= 1
        if known is None or _RANK[cover.place] < _RANK[known.place]:
            self._found[key] = cover

    @property
    def total(self) -> int:
        """Keywords that differ by text or language; places and devices don't count."""
        return len(self._all)

    @property
    def covered(self) -> Sequence[tuple[Keyword, Cover]]:
        return [(self._all[key], cover) for key, cover in sorted(self._found.items())]

    @property
    def missing(self) -> Sequence[Keyword]:
        return [self._all[key] for key in sorted(self._all.keys() - self._found.keys())]
