"""How names and addresses are written: folding, and the parts of a street line.

Two spellings of one street come out as equal parts; what tells two streets apart is kept.
"""

import re
import unicodedata
from typing import NamedTuple

MAX_CHARS = 300
"""Longer lines are no names or addresses; what is beyond is not compared."""


def word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TOKEN = re.compile(r"[^\W_]+(?:[-/][0-9][^\W_]*)?|#")
_APOSTROPHES = str.maketrans("", "", "'’`´.")
_ORDINAL = re.compile(r"([0-9]+)(?:st|nd|rd|th)")
_HOUSE_NUMBER = re.compile(r"[0-9]+[a-z]?(?:[-/][0-9]+[a-z]?)?")
_POSTCODE_COUNTRY = re.compile(r"^[a-z]{1,2}-(?=[0-9]{4})")

_KINDS = {
    "street": "st str",
    "road": "rd",
    "avenue": "ave av aven avda avenida",
    "boulevard": "blvd bd boul",
    "drive": "dr drv",
    "lane": "ln",
    "court": "ct crt",
    "place": "pl",
    "square": "sq",
    "highway": "hwy",
    "parkway": "pkwy pky",
    "circle": "cir",
    "terrace": "ter terr",
    "trail": "trl",
    "turnpike": "tpke",
    "expressway": "expy",
    "crescent": "cres",
    "close": "cl",
    "gardens": "gdns",
    "plaza": "plz",
    "route": "rte",
    "calle": "c",
}
_DIRECTIONS = {
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
}
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_UNIT_WORDS = word_set(
    "suite ste unit apartment apt flat room rm office building bldg level lvl shop floor fl"
)
_FLOOR_WORDS = frozenset(("floor", "fl", "etage"))
_LONG_FORMS = {short: long for long, shorts in _KINDS.items() for short in shorts.split()}
_KIND_WORDS = frozenset(_KINDS) | {"strasse"}
_BEFORE_A_NAME = {"st": "saint", "dr": "doctor", "c": "c"}
"""What looks like a kind of street, but leads the name of one: St Mary's Road."""
_DIRECTION_WORDS = {short: long for long, short in _DIRECTIONS.items()} | {
    long: long for long in _DIRECTIONS
}
_NUMBER_WORDS = {word: str(n) for n, word in enumerate(_ORDINALS, 1)}


class Street(NamedTuple):
    number: str
    """House number, "" without one."""
    words: tuple[str, ...]
    """In order, abbreviations written out; without the parts that have a field of their own."""
    digits: frozenset[str]
    """Numbers in the street's name: 5 of 5th Avenue."""
    directions: frozenset[str]
    unit: str
    """Suite, flat or floor, "" without one."""


def fold(text: str) -> str:
    """NFKC, case folded, Latin letters without accents, white space folded."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    if not folded.isascii():
        kept: list[str] = []
        for char in unicodedata.normalize("NFD", folded):
            # Marks of other scripts make other letters.
            if not (unicodedata.combining(char) and kept and "a" <= kept[-1] <= "z"):
                kept.append(char)
        folded = unicodedata.normalize("NFC", "".join(kept))
    return " ".join(folded.split())


def tokens(text: str) -> list[str]:
    """Words of a folded line; 12-14 and 3/5 are one, full stops and apostrophes are dropped."""
    return _TOKEN.findall(fold(text[:MAX_CHARS]).translate(_APOSTROPHES))


def postcode(text: str) -> str:
    """Without case, spaces, hyphens and country; of ZIP+4 the ZIP."""
    code = _POSTCODE_COUNTRY.sub("", fold(text)).replace(" ", "").replace("-", "")
    return code[:5] if len(code) == 9 and code.isdecimal() else code


def split_street(line: str) -> tuple[str, list[str], str]:
    """House number, words as written but folded, and unit."""
    words, unit = _take_unit(tokens(line))
    words, number = _take_number(words)
    return number, words, unit


def street(line: str) -> Street:
    number, words, unit = split_street(line)
    plain = _long_forms(words)
    directions = frozenset(_DIRECTION_WORDS[word] for word in plain if word in _DIRECTION_WORDS)
    rest = [_number_of(word) for word in plain if word not in _DIRECTION_WORDS]
    return Street(
        number=number,
        words=tuple(word for word in rest if not word[:1].isdigit()),
        digits=frozenset(word for word in rest if word[:1].isdigit()),
        directions=directions,
        unit=unit,
    )


def same_form(word: str) -> str:
    """One spelling for all forms of a word of a street, whatever stands around it."""
    if word in _DIRECTION_WORDS:
        return _DIRECTION_WORDS[word]
    if word in ("st", "saint", "str"):
        return "street"
    if word == "doctor":
        return "drive"
    return _number_of(_long_form(word))


def _take_unit(words: list[str]) -> tuple[list[str], str]:
    kept: list[str] = []
    units: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        following = words[at + 1] if at + 1 < len(words) else ""
        is_name = len(following) == 1 or any(char.isdigit() for char in following)
        if (word in _UNIT_WORDS or word == "#") and following and is_name:
            units.append(_number_of(following))
            at += 2
        elif following in _FLOOR_WORDS and _number_of(word)[:1].isdigit():
            units.append(_number_of(word))
            at += 2
        else:
            if word != "#":
                kept.append(word)
            at += 1
    return kept, " ".join(units)


def _take_number(words: list[str]) -> tuple[list[str], str]:
    """First, as in English, or last, as on the continent; 12 a is 12a there."""
    if words and _HOUSE_NUMBER.fullmatch(words[0]):
        return words[1:], words[0]
    tail = words[-2:]
    if len(words) > 2 and len(tail[1]) == 1 and tail[1].isalpha() and tail[0].isdecimal():
        return words[:-2], tail[0] + tail[1]
    if len(words) > 1 and _HOUSE_NUMBER.fullmatch(words[-1]):
        return words[:-1], words[-1]
    return words, ""


def _long_forms(words: list[str]) -> list[str]:
    kinds = [at for at, word in enumerate(words) if _long_form(word) in _KIND_WORDS]
    last = kinds[-1] if kinds else -1
    return [
        _BEFORE_A_NAME[word]
        if word in _BEFORE_A_NAME and (at < last or (at == 0 and len(words) > 1))
        else _long_form(word)
        for at, word in enumerate(words)
    ]


def _long_form(word: str) -> str:
    if word == "str" or word.endswith("strasse"):
        return word if word != "str" else "strasse"
    if len(word) > 5 and word.endswith("str"):
        return word + "asse"
    return _LONG_FORMS.get(word, word)


def _number_of(word: str) -> str:
    ordinal = _ORDINAL.fullmatch(word)
    return ordinal[1] if ordinal else _NUMBER_WORDS.get(word, word)
