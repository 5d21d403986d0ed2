"""Which pages are about a location or a service, and what they show of a location."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from lsos.domains.campaigns import nap
from lsos.domains.campaigns.nap_text import Found, ShownText, find_phone
from lsos.domains.entity.graph import PageNode
from lsos.domains.entity.reading import page_key
from lsos.domains.entity.topics import language_of, stems, wanted_stems, word_set, words
from lsos.web.facts import PageFacts

MAX_SERVICE_PAGES = 10_000
_MAX_OTHERS = 500
_SERVICE_WORDS = word_set(
    "service services treatment treatments practice-areas leistung leistungen behandlung"
    " behandlungen servicio servicios tratamiento tratamientos prestation prestations"
    " soins"
)
_EDITORIAL = word_set(
    "blog news post posts article articles magazine magazin press tag tags category categories"
    " author authors aktuelles noticias actualites archive"
)
_DIGIT = re.compile(r"[0-9]")
_KEY_DIGITS = 7


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A location of the campaign."""

    name: str
    street: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""
    landing_url: str = ""


class LocationPage(NamedTuple):
    """The page of a location, and what stands on it."""

    rank: tuple[object, ...]
    url: str
    nodes: Sequence[PageNode]
    name: Found
    address: Found
    phone: Found


class ServicePage(NamedTuple):
    url: str
    nodes: Sequence[PageNode]


def address_of(place: Place) -> nap.Address:
    return nap.Address(
        street=place.street,
        city=place.city,
        region=place.region,
        postcode=place.postcode,
        country=place.country,
    )


class LocationPages:
    """Finds each location's page: its landing page, else the one that names town and contact."""

    def __init__(self, places: Sequence[Place], business_name: str) -> None:
        self._places = places
        self._business_name = business_name
        self._phones = [place.phone for place in places if place.phone][:_MAX_OTHERS]
        self._by_landing: dict[str, list[int]] = defaultdict(list)
        self._by_town: dict[str, list[tuple[int, set[str]]]] = defaultdict(list)
        for at, place in enumerate(places):
            if place.landing_url:
                self._by_landing[page_key(place.landing_url)].append(at)
            town = words(place.city or place.name)
            if town:
                self._by_town[max(sorted(town), key=len)].append((at, town))
        self.found: dict[int, LocationPage] = {}
        """By the place of the place in the list."""

    def add(self, page: PageFacts, nodes: Sequence[PageNode]) -> None:
        landing = self._by_landing.get(page_key(page.url), [])
        head = words(" ".join((page.title, *page.h1s, unquote(urlsplit(page.url).path))))
        digits: set[str] | None = None
        candidates: list[tuple[int, bool, bool]] = [(at, True, True) for at in landing]
        for anchor in head & self._by_town.keys():
            for at, town in self._by_town[anchor]:
                if at in landing or not town <= head:
                    continue
                if digits is None:
                    digits = {_digits(phone) for phone in (*page.phones, *page.tel_links)} - {""}
                place = self._places[at]
                in_main = _shows(page.text, place)
                if in_main or _shows(page.chrome_text, place) or _digits(place.phone) in digits:
                    candidates.append((at, False, in_main))
        for at, is_landing, in_main in candidates:
            rank = (not is_landing, not in_main, page.depth, len(page.url), page.url)
            known = self.found.get(at)
            if known is None or rank < known.rank:
                self.found[at] = self._read(page, nodes, at, rank)

    def _read(
        self, page: PageFacts, nodes: Sequence[PageNode], at: int, rank: tuple[object, ...]
    ) -> LocationPage:
        place = self._places[at]
        shown = ShownText(f"{page.text}\n{page.chrome_text}")
        names = [shown.name(name) for name in (place.name, self._business_name) if name]
        phone = find_phone(
            (*page.phones, *page.tel_links),
            place.phone,
            country=place.country,
            others=self._phones,
        )
        return LocationPage(
            rank,
            page.url,
            nodes,
            min(names, key=lambda found: nap.MATCHES.index(found.match)),
            shown.address(address_of(place)),
            phone,
        )

    @property
    def urls(self) -> set[str]:
        return {page.url for page in self.found.values()}


class ServicePages:
    """Pages of the campaign's services: by path patterns, names, or else by words of the URL."""

    def __init__(self, services: Iterable[str]) -> None:
        wanted = [service.strip() for service in services if service.strip()]
        self._patterns = [_pattern(s) for s in wanted if s.startswith("/") or "*" in s]
        self._names = [s for s in wanted if not s.startswith("/") and "*" not in s]
        self._stems: dict[str, list[frozenset[str]]] = {}
        self.found: list[ServicePage] = []
        self.is_full = False

    def add(self, page: PageFacts, nodes: Sequence[PageNode], *, is_start: bool) -> None:
        if is_start or not self._is_service(page):
            return
        if len(self.found) < MAX_SERVICE_PAGES:
            self.found.append(ServicePage(page.url, nodes))
        else:
            self.is_full = True

    def _is_service(self, page: PageFacts) -> bool:
        path = unquote(urlsplit(page.url).path).casefold()
        if any(pattern.fullmatch(path) for pattern in self._patterns):
            return True
        segments = [segment for segment in path.split("/") if segment]
        if not _EDITORIAL.isdisjoint(segments):
            return False
        if self._names:
            language = language_of(page.lang) or "en"
            last = stems(segments[-1], language) if segments else set()
            h1 = stems(" ".join(page.h1s), language)
            return any(name <= last or name <= h1 for name in self._wanted(language))
        return not self._patterns and not _SERVICE_WORDS.isdisjoint(segments[:-1])

    def _wanted(self, language: str) -> list[frozenset[str]]:
        if language not in self._stems:
            found = [wanted_stems(name, language) for name in self._names]
            self._stems[language] = [name for name in found if name]
        return self._stems[language]


def _pattern(text: str) -> re.Pattern[str]:
    """Of a path: * is any run; without one at its end, a last slash doesn't count."""
    parts = [re.escape(part) for part in text.casefold().rstrip("/").split("*")]
    # Runs of .* that follow each other would backtrack without end.
    joined = ".*".join(part for at, part in enumerate(parts) if part or at in (0, len(parts) - 1))
    return re.compile(joined + "/?")


def _digits(phone: str) -> str:
    """The last digits of a number: equal in its national and international form."""
    found = "".join(_DIGIT.findall(phone[:60]))
    return found[-_KEY_DIGITS:] if len(found) >= _KEY_DIGITS else ""


def _shows(text: str, place: Place) -> bool:
    """The postcode or the street stands there: a cheap look before the careful one."""
    return any(line and line in text for line in (place.postcode, place.street))
