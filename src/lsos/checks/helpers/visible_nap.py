"""Structured-data name, address and phone held against what the visible text says.

Only a plain contradiction is reported: the text shows a value of the same kind, and none of the
values shown is the structured one. What the text does not show is not judged.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from lsos.checks.helpers.shown_phones import is_fax, is_surely_a_phone
from lsos.checks.site import SiteContext
from lsos.web.facts import PageFacts, StructuredItem
from lsos.web.phones import compare, has_enough_digits, is_same
from lsos.web.schema_org.countries import countries_of_page, item_countries
from lsos.web.schema_org.nodes import Graph, as_node, as_text, is_reference, values_of

_MAX_CHARS = 200
_MAX_PLACES = 50
_BEFORE, _AFTER = 12, 30
"""How far from a town's name its postcode may stand: '12345 Town', 'Town, State 12345'."""
_STREET_FORMS = (
    ("street", "st"),
    ("road", "rd"),
    ("avenue", "ave", "av"),
    ("boulevard", "blvd"),
    ("drive", "dr"),
    ("lane", "ln"),
    ("court", "ct"),
    ("place", "pl"),
    ("square", "sq"),
    ("highway", "hwy"),
    ("parkway", "pkwy"),
)
_STREET_WORDS = {form: forms for forms in _STREET_FORMS for form in forms}
_NUMBER_CHARS = 10
_BLOCK_CHARS = 40
"""Behind a house number, within which the town or postcode of the same address stands."""
_LANDMARK_CHARS = 24
_LANDMARK = re.compile(
    r"\b(?:opposite|across from|next to|next door to|near|behind|beside|between|corner of|formerly|"
    r"previously|gegenüber|neben|nahe|hinter|zwischen|ecke|früher|ehemals|en face d\w*|près d\w*|"
    r"à côté d\w*|derrière|frente a|junto a|cerca de|al lado de|di fronte a\w*|vicino a\w*|"
    r"accanto a\w*|tegenover|naast|naprzeciwko|obok|em frente a\w*|ao lado d\w*)\W*(?:\w+ )?\Z"
)
"""What names another place to say where one's own is, or was."""
_YEAR = re.compile("(?:19|20)[0-9]{2}")
_KIND_CHARS = 20
_LEADING_NUMBER = re.compile(r"(?P<number>[0-9]{1,6}[a-z]?) (?P<street>[^,;#]+)")
_TRAILING_NUMBER = re.compile(r"(?P<street>[^,;#0-9]+) (?P<number>[0-9]{1,6} ?[a-z]?)(?![\w-])")
_UNIT = re.compile(r" (?:suite|ste|unit|apt|floor|fl)\b.*\Z")
_WORD = re.compile(r"\w+")
_LEGAL_WORDS = frozenset(("inc", "llc", "ltd", "gmbh", "co", "corp", "the", "and", "und", "plc"))


class Contradiction(NamedTuple):
    field: str
    """telephone, postalCode, streetAddress or name."""
    declared: str
    visible: str
    is_sure: bool = True
    """False: what stands in the text may be something else."""


def fold(value: str) -> str:
    """Compared form: NFKC, case folded, without full stops, German streets abbreviated."""
    folded = value if value.isascii() else unicodedata.normalize("NFKC", value)
    return folded.casefold().replace("strasse", "str").replace(".", "").strip()


def contradictions(
    page: PageFacts, graph: Graph, item: StructuredItem, site: SiteContext
) -> Iterator[Contradiction]:
    yield from _phone(page, graph, item)
    # The address stands in the footer of most sites.
    shown = fold(f"{page.text} {page.chrome_text}")
    for address in graph.get(item, "address"):
        node = as_node(address)
        if node is None or is_reference(node):
            continue
        parts = {
            name: as_text(values[0])[:_MAX_CHARS]
            for name in ("streetAddress", "addressLocality", "addressRegion", "postalCode")
            if (values := values_of(node, name))
        }
        place = _Place(
            fold(parts.get("addressLocality", "")),
            fold(parts.get("addressRegion", "")),
            parts.get("postalCode", ""),
        )
        yield from _postcode(shown, place)
        yield from _house_number(shown, parts.get("streetAddress", ""), place)
    yield from _name(page, shown, graph, item, site)


def _phone(page: PageFacts, graph: Graph, item: StructuredItem) -> Iterator[Contradiction]:
    """The page shows phone numbers of the business, and the declared one is none of them."""
    countries = item_countries(graph, item) or countries_of_page(page)
    declared = [p for p in graph.texts(item, "telephone") if has_enough_digits(p)][:_MAX_PLACES]
    faxes = graph.texts(item, "faxNumber")[:_MAX_PLACES]
    visible = [
        phone
        for phone in page.phones
        if not any(is_same(phone, fax, countries) for fax in faxes) and not is_fax(page, phone)
    ]
    sames = (compare(one, other, countries) for one in declared for other in visible)
    if not declared or not visible or any(same != "different" for same in sames):
        return
    sure = next((phone for phone in visible if is_surely_a_phone(page, phone)), None)
    yield Contradiction("telephone", declared[0], sure or visible[0], is_sure=sure is not None)


class _Place(NamedTuple):
    town: str
    """Folded, as is the region."""
    region: str
    postcode: str
    """As declared."""


def _postcode(shown: str, place: _Place) -> Iterator[Contradiction]:
    """A code of the declared one's shape beside the town, as an address has it, and another one."""
    code = fold(place.postcode)
    if not place.town or not any(char.isdigit() for char in code):
        return
    shape = _postcode_shape(code, place.region)
    seen: list[str] = []
    for at in islice(_finds(shown, place.town), _MAX_PLACES):
        end = at + len(place.town)
        before = shape.before.search(shown[max(0, at - _BEFORE) : at])
        after = shape.after.match(shown[end : end + _AFTER])
        seen += [found["code"].replace(" ", "") for found in (before, after) if found]
    others = [found for found in seen if found != shape.core and not _YEAR.fullmatch(found)]
    if others and shape.core not in seen:
        yield Contradiction("postalCode", place.postcode, others[0])


class _PostcodeShape(NamedTuple):
    core: str
    """The code as it is compared."""
    before: re.Pattern[str]
    """A code of its shape at the end of a text: "12345 Town"."""
    after: re.Pattern[str]
    """One at the start, behind the region if there is one: "Town, ST 12345"."""


# A site declares the same address on page after page: its patterns are made once.
@lru_cache(maxsize=256)
def _postcode_shape(code: str, region: str) -> _PostcodeShape:
    plain = code.replace(" ", "").replace("-", "")
    # ZIP+4 and the bare ZIP are one postcode; the last four may be left out on either side.
    core = plain[:5] if len(plain) == 9 and plain.isdecimal() else plain
    chars = " ?".join("[0-9]" if char.isdigit() else "[a-z]" for char in core)
    written = rf"(?<![\w#-])(?P<code>{chars})(?!\w)"
    regions = "|".join(filter(None, (re.escape(region), "[a-z]{2,3}")))
    return _PostcodeShape(
        core,
        re.compile(rf"{written}[ ,-]{{1,3}}\Z"),
        re.compile(rf"[ ,(]{{1,3}}(?:(?:{regions})[ ,]{{1,2}})?{written}"),
    )


class _Street(NamedTuple):
    number: str
    """The house number, without space."""
    anchor: str
    """The street's name, without its kind."""
    with_number: re.Pattern[str]
    width: int
    """Characters from the name within which the number stands."""


def _house_number(shown: str, declared: str, place: _Place) -> Iterator[Contradiction]:
    """The text has an address on the declared street and in its town, but with other numbers only.

    A number on the street without the town may be a landmark, a neighbour or a project.
    """
    street = _street_of(fold(declared))
    marks = [mark for mark in (place.town, fold(place.postcode)) if mark]
    if street is None or not marks:
        return
    # Where the street's name stands is found fast; only there is looked for its numbers.
    seen, is_shown = [], False
    for at in _finds(shown, street.anchor):
        around = street.with_number.finditer(shown, max(0, at - _NUMBER_CHARS), at + street.width)
        for match in around:
            # One of the next place may be cut by the end of the window.
            if not match.start() <= at < match.end():
                continue
            number = match["number"].replace(" ", "")
            is_shown = is_shown or number == street.number
            block = shown[match.end() : match.end() + _BLOCK_CHARS]
            before = shown[max(0, match.start() - _LANDMARK_CHARS) : match.start()]
            if any(mark in block for mark in marks) and not _LANDMARK.search(before):
                seen.append(number)
    if seen and not is_shown:
        yield Contradiction("streetAddress", declared, seen[0])


@lru_cache(maxsize=256)
def _street_of(line: str) -> _Street | None:
    """What to look for of a folded address line; None when it names no house."""
    number = r"(?P<number>[0-9]{1,6} ?[a-z]?)"
    if found := _LEADING_NUMBER.match(line):
        words = _UNIT.sub("", found["street"]).split()
        pattern = rf"(?<![\w-]){number} {_street_pattern(words)}(?!\w)"
    elif found := _TRAILING_NUMBER.match(line):
        words = found["street"].split()
        pattern = rf"(?<!\w){_street_pattern(words)} {number}(?![\w-])"
    else:
        return None
    if not words:
        return None
    anchor = " ".join(words[:-1]) or words[0]
    width = len(anchor) + len(words[-1]) + _NUMBER_CHARS + _KIND_CHARS
    return _Street(found["number"].replace(" ", ""), anchor, re.compile(pattern), width)


def _finds(shown: str, word: str) -> Iterator[int]:
    place = shown.find(word)
    while place >= 0:
        yield place
        place = shown.find(word, place + len(word))


def _street_pattern(words: list[str]) -> str:
    """The street's words, its kind in any of its spellings."""
    kinds = _STREET_WORDS.get(words[-1], ()) if words else ()
    escaped = [re.escape(word) for word in words]
    if kinds:
        escaped[-1] = f"(?:{'|'.join(kinds)})"
    return " ".join(escaped)


@lru_cache(maxsize=1_024)
def _words(name: str) -> frozenset[str]:
    return frozenset(_WORD.findall(fold(name))) - _LEGAL_WORDS


def _name(
    page: PageFacts, shown: str, graph: Graph, item: StructuredItem, site: SiteContext
) -> Iterator[Contradiction]:
    """The page shows the campaign's name, and the declared one has no word of it."""
    known = [site.business_name, *(place.name for place in site.places)]
    declared = [name[:_MAX_CHARS] for name in graph.texts(item, "name")[:_MAX_PLACES]]
    if not declared or not any(known):
        return
    everything = " ".join((fold(page.title), *map(fold, page.h1s[:5]), shown))
    visible = [name for name in known if name and fold(name) in everything]
    if not visible:
        return
    known_words = frozenset[str]().union(*map(_words, known))
    if known_words and not any(_words(name) & known_words for name in declared):
        yield Contradiction("name", declared[0], visible[0])
