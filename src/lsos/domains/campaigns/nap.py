"""Whether a name, address or phone found somewhere is the one that the campaign states.

A contradiction is `wrong`; what only one side says is `review` or `minor`, since silence
contradicts nothing.
"""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Literal, get_args

import msgspec
from rapidfuzz.distance import JaroWinkler

from lsos.domains.campaigns.address_text import Street, fold, postcode, street, tokens, word_set
from lsos.web.phones import compare, is_same

Match = Literal["exact", "format_only", "minor", "review", "wrong", "missing"]
MATCHES: tuple[Match, ...] = get_args(Match)
"""Best first."""
AGREEING: frozenset[Match] = frozenset(("exact", "format_only", "minor"))
"""Both sides mean the same business; `review` is undecided. The one rule for scores and reports."""
ERRORS: frozenset[Match] = frozenset(("minor", "wrong", "missing"))
"""What should be corrected, be it small: a minor difference agrees, and is still to be mended."""

NAME_MATCH = 0.92
NAME_REVIEW = 0.85
WORD_MATCH = 0.90
CITY_MATCH = 0.90

_LEGAL = word_set(
    "inc incorporated llc llp lp ltd limited co company corp corporation plc pllc pc pa gmbh mbh"
    " ag kg kgaa ohg gbr ug ek ev sa sas sasu sarl srl spa sl slu bv nv ab as aps oy pty kk"
)
_STOP_WORDS = word_set(
    "a an and at by for in of on the und der die das de la le les el los y et di da"
)
_SYMBOLS = {"&": " and ", "+": " and "}


class Address(msgspec.Struct, frozen=True):
    street: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    """ISO 3166-1 alpha-2, or "" when unknown."""

    @property
    def line(self) -> str:
        """For display, and for finding it in text."""
        town = " ".join(part for part in (self.region, self.postcode) if part)
        return ", ".join(part for part in (self.street, self.city, town, self.country) if part)


def best(matches: Iterable[Match]) -> Match:
    """The best of several findings of one fact; missing when there is none."""
    return min(matches, key=MATCHES.index, default="missing")


def match_phone(
    expected: str, found: str, *, country: str = "", tracking: Collection[str] = ()
) -> Match:
    """Equal in E.164, numbers without a country code read as of `country`; `review` without an
    expected one.

    `tracking` are call-tracking numbers that stand for the expected one.
    """
    if not found.strip():
        return "missing"
    if not expected.strip():
        return "review"
    if found.strip() == expected.strip():
        return "exact"
    countries = (country.upper(),) if country else ()
    if any(is_same(number, found, countries) for number in (expected, *tracking)):
        return "format_only"
    return "review" if compare(expected, found, countries) == "unsure" else "wrong"


def match_name(expected: str, found: str) -> Match:
    """Jaro-Winkler over the names without legal forms, and a partner for each word.

    A word replaced by another one is `wrong`, words that only one name has are for a `review`.
    """
    if not found.strip():
        return "missing"
    if " ".join(expected.split()) == " ".join(found.split()):
        return "exact"
    one, other = name_words(expected), name_words(found)
    if not one:
        return "review"
    if one == other or "".join(one) == "".join(other):
        return "format_only"
    score = JaroWinkler.similarity(" ".join(one), " ".join(other))
    if score < NAME_REVIEW:
        return "wrong"
    if score < NAME_MATCH:
        return "review"
    return _partners(_without_stop_words(one), _without_stop_words(other))


def match_address(expected: Address, found: Address) -> Match:
    """House number, postcode and street; the town decides only where a postcode is missing."""
    if not any((found.street, found.city, found.postcode)):
        return "missing"
    if expected.street and not found.street:
        return "missing"
    if not any((expected.street, expected.city, expected.postcode)):
        return "review"
    stated = [f for f in ("street", "postcode", "city") if getattr(expected, f)]
    if stated and all(_same_line(getattr(expected, f), getattr(found, f)) for f in stated):
        return "exact"
    verdicts = [_match_postcode(expected, found)]
    if expected.street:
        verdicts.append(_match_street(street(expected.street), street(found.street)))
    return max(verdicts, key=MATCHES.index)


def name_words(name: str) -> list[str]:
    """Compared words of a name: folded, without punctuation and trailing legal forms."""
    shown = unicodedata.normalize("NFKC", name)
    for symbol, word in _SYMBOLS.items():
        shown = shown.replace(symbol, word)
    words = [part for token in tokens(shown) for part in token.replace("/", "-").split("-")]
    words = [word for word in words if word != "#"]
    end = len(words)
    while end > 1 and (words[end - 1] in _LEGAL or words[end - 1] in ("and", "und")):
        end -= 1
    start = 1 if words[:1] == ["the"] and end > 1 else 0
    return words[start:end]


def _without_stop_words(words: Sequence[str]) -> list[str]:
    return [word for word in words if word not in _STOP_WORDS] or list(words)


def _partners(one: Sequence[str], other: Sequence[str]) -> Match:
    """minor: each word has a similar one; wrong: both have words that the other lacks."""
    lonely = [_has_lonely(one, other), _has_lonely(other, one)]
    if all(lonely):
        return "wrong"
    return "review" if any(lonely) else "minor"


def _has_lonely(words: Sequence[str], others: Sequence[str]) -> bool:
    return any(
        max((JaroWinkler.similarity(word, other) for other in others), default=0.0) < WORD_MATCH
        for word in words
    )


def _same_line(one: str, other: str) -> bool:
    return " ".join(one.split()) == " ".join(other.split())


def _match_postcode(expected: Address, found: Address) -> Match:
    one, other = postcode(expected.postcode), postcode(found.postcode)
    if one and other:
        return "format_only" if one == other else "wrong"
    if _match_city(expected, found) == "wrong":
        return "wrong"
    return "minor" if one else "format_only"


def _match_city(expected: Address, found: Address) -> Match:
    """Without a postcode on both sides, the town must be the same."""
    if postcode(expected.postcode) and postcode(found.postcode):
        return "format_only"
    one, other = fold(expected.city), fold(found.city)
    if not one or not other or JaroWinkler.similarity(one, other) >= CITY_MATCH:
        return "format_only"
    return "wrong"


def _match_street(expected: Street, found: Street) -> Match:
    verdicts: list[Match] = ["format_only"]
    for one, other in (
        (expected.number, found.number),
        (expected.digits, found.digits),
        (expected.directions, found.directions),
    ):
        if one != other:
            verdicts.append("wrong" if one and other else "review")
    verdicts.append(_match_street_words(expected.words, found.words))
    if expected.unit != found.unit:
        verdicts.append("wrong" if expected.unit and found.unit else "minor")
    return max(verdicts, key=MATCHES.index)


def _match_street_words(one: Sequence[str], other: Sequence[str]) -> Match:
    if "".join(one) == "".join(other):
        return "format_only"
    if not one or not other:
        return "wrong"
    if JaroWinkler.similarity(" ".join(one), " ".join(other)) < WORD_MATCH:
        # Words added at one end only: "Mill Road" and "Mill Road Business Park".
        return "review" if _is_part(one, other) or _is_part(other, one) else "wrong"
    return _partners(one, other)


def _is_part(one: Sequence[str], other: Sequence[str]) -> bool:
    size = len(one)
    return any(list(other[at : at + size]) == list(one) for at in range(len(other) - size + 1))
