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

from lsos.checks.helpers.phones import is_phone, same_phone
from lsos.checks.site import SiteContext
from lsos.web.facts import PageFacts, StructuredItem
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
            for name in ("streetAddress", "addressLocality", "postalCode")
            if (values := values_of(node, name))
        }
        yield from _postcode(
            shown, parts.get("postalCode", ""), fold(parts.get("addressLocality", ""))
        )
        yield from _house_number(shown, parts.get("streetAddress", ""))
    yield from _name(page, shown, graph, item, site)


def _phone(page: PageFacts, graph: Graph, item: StructuredItem) -> Iterator[Contradiction]:
    declared = [phone for phone in graph.texts(item, "telephone") if is_phone(phone)][:_MAX_PLACES]
    faxes = graph.texts(item, "faxNumber")[:_MAX_PLACES]
    visible = [
        phone
        for phone in page.phones
        if is_phone(phone) and not any(same_phone(phone, fax) for fax in faxes)
    ]
    if not declared or not visible:
        return
    if not any(same_phone(one, other) for one in declared for other in visible):
        yield Contradiction("telephone", declared[0], visible[0])


def _postcode(shown: str, declared: str, town: str) -> Iterator[Contradiction]:
    """A code of the declared one's shape beside the town's name, and it is another one."""
    code = fold(declared)
    if not town or not any(char.isdigit() for char in code):
        return
    core, pattern = _postcode_shape(code)
    seen: list[str] = []
    for place in islice(_finds(shown, town), _MAX_PLACES):
        around = shown[max(0, place - _BEFORE) : place + len(town) + _AFTER]
        seen += [found[0] for found in pattern.finditer(around)]
    if seen and all(found.replace(" ", "") != core for found in seen):
        yield Contradiction("postalCode", declared, seen[0])


# A site declares the same address on page after page: its patterns are made once.
@lru_cache(maxsize=256)
def _postcode_shape(code: str) -> tuple[str, re.Pattern[str]]:
    """The code as it is compared, and a pattern of codes that are written like it."""
    plain = code.replace(" ", "").replace("-", "")
    # ZIP+4 and the bare ZIP are one postcode; the last four may be left out on either side.
    core = plain[:5] if len(plain) == 9 and plain.isdecimal() else plain
    shape = " ?".join("[0-9]" if char.isdigit() else "[a-z]" for char in core)
    return core, re.compile(rf"(?<![\w-]){shape}(?!\w)")


class _Street(NamedTuple):
    number: str
    """The house number, without space."""
    anchor: str
    """The street's name, without its kind."""
    with_number: re.Pattern[str]
    width: int
    """Characters from the name within which the number stands."""


def _house_number(shown: str, declared: str) -> Iterator[Contradiction]:
    """The declared street stands in the text, but only with other numbers."""
    street = _street_of(fold(declared))
    if street is None:
        return
    # Where the street's name stands is found fast; only there is looked for its numbers.
    seen = []
    for at in _finds(shown, street.anchor):
        around = street.with_number.finditer(shown, max(0, at - _NUMBER_CHARS), at + street.width)
        for match in around:
            # One of the next place may be cut by the end of the window.
            if match.start() <= at < match.end():
                seen.append(match["number"].replace(" ", ""))
    if seen and street.number not in seen:
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
