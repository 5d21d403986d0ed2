"""NAP of a crawled site: its structured data and visible text against the campaign's locations.

A location's own page speaks for it. Without one that was crawled, the start page and the pages
next to it do, and structured data that shares its phone or address.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit
from uuid import UUID

from lsos.domains.campaigns import nap
from lsos.domains.campaigns.nap import MATCHES, Address
from lsos.domains.campaigns.nap_text import Found, ShownText, find_phone
from lsos.domains.campaigns.rules import Listing
from lsos.domains.local.rules import (
    NapField,
    NapFinding,
    Surface,
    address_of,
    expected_names,
    match_names,
)
from lsos.web.facts import PageFacts
from lsos.web.schema_org.businesses import Business, businesses

MAX_BUSINESSES = 2_000
"""Different ones of a site that are compared with each location."""
MAX_NEAR_PAGES = 50
MAX_NEAR_LOCATIONS = 100
"""Locations without a page of their own that are looked for on the pages near the start."""

_Shown = dict[NapField, NapFinding]


class SiteNap:
    """Fed with pages one by one; knows at the end what each location has where."""

    def __init__(self, listings: Sequence[Listing], business_name: str) -> None:
        self._listings = listings
        self._business_name = business_name
        self._phones = [listing.phone for listing in listings if listing.phone.strip()]
        self._by_page: dict[str, list[Listing]] = defaultdict(list)
        for listing in listings:
            if listing.landing_url:
                self._by_page[_page(listing.landing_url)].append(listing)
        self._near = 0
        self._pages = 0
        self._businesses: dict[tuple[object, ...], Business] = {}
        self._own_businesses: dict[UUID, list[Business]] = {}
        self._own_text: dict[UUID, _Shown] = {}
        self._near_text: dict[UUID, _Shown] = defaultdict(dict)

    def add(self, page: PageFacts) -> None:
        self._pages += 1
        found = businesses(page)
        for business in found:
            key = (business.names, business.phones, business.addresses)
            if len(self._businesses) < MAX_BUSINESSES:
                self._businesses.setdefault(key, business)
        own = self._by_page.get(_page(page.url), ())
        is_near = page.depth <= 1 and self._near < MAX_NEAR_PAGES
        self._near += is_near
        if not own and not is_near:
            return
        shown = ShownText("\n".join((page.title, *page.h1s[:5], page.text, page.chrome_text)))
        phones = [*page.phones, *page.tel_links]
        for listing in own:
            self._own_businesses[listing.id] = found
            self._own_text[listing.id] = self._text(listing, shown, phones, page.url)
        if is_near:
            for listing in self._listings[:MAX_NEAR_LOCATIONS]:
                text = self._text(listing, shown, phones, page.url)
                _keep_best(self._near_text[listing.id], text)

    def findings(self) -> Iterator[tuple[UUID, NapFinding]]:
        """Nothing for a surface that could not be judged; an empty site judges none."""
        if not self._pages:
            return
        for listing in self._listings:
            text = self._own_text.get(listing.id) or self._near_text.get(listing.id)
            for finding in (text or {}).values():
                yield listing.id, finding
            for finding in self._structured(listing):
                yield listing.id, finding

    def _text(self, listing: Listing, shown: ShownText, phones: Sequence[str], url: str) -> _Shown:
        found: _Shown = {}
        names = expected_names(listing, self._business_name)
        if names:
            seen = [(shown.name(name), name) for name in names]
            best, expected = min(seen, key=lambda pair: MATCHES.index(pair[0].match))
            found["name"] = _finding("visible_text", "name", best, expected, url)
        address = address_of(listing)
        if address.street:
            place = shown.address(address)
            found["address"] = _finding("visible_text", "address", place, address.line, url)
        if listing.phone.strip():
            phone = find_phone(phones, listing.phone, country=listing.country, others=self._phones)
            found["phone"] = _finding("visible_text", "phone", phone, listing.phone, url)
        return found

    def _structured(self, listing: Listing) -> Iterator[NapFinding]:
        own = self._own_businesses.get(listing.id)
        candidates = own or list(self._businesses.values())
        judged = [self._judge(listing, business) for business in candidates]
        # Of a chain's other locations, only the name is shared.
        if not own and len(self._listings) > 1:
            judged = [shown for shown in judged if _is_of_this_place(shown)]
        if judged:
            yield from max(judged, key=_agreement).values()
            return
        missing = Found("missing", "")
        where = listing.landing_url
        for field, expected in self._expected(listing).items():
            yield _finding("structured_data", field, missing, expected, where)

    def _expected(self, listing: Listing) -> dict[NapField, str]:
        address = address_of(listing)
        names = expected_names(listing, self._business_name)
        expected: dict[NapField, str] = {
            "name": names[0] if names else "",
            "address": address.line if address.street or address.postcode else "",
            "phone": listing.phone.strip(),
        }
        return {field: text for field, text in expected.items() if text}

    def _judge(self, listing: Listing, business: Business) -> _Shown:
        found: _Shown = {}
        stated = self._expected(listing)
        if "name" in stated:
            names = expected_names(listing, self._business_name)
            match, expected, shown = match_names(names, business.names)
            seen = Found(match, shown)
            found["name"] = _finding("structured_data", "name", seen, expected, business.url)
        if "address" in stated:
            place = _best_address(address_of(listing), business)
            found["address"] = _finding(
                "structured_data", "address", place, stated["address"], business.url
            )
        if "phone" in stated:
            verdicts = [
                Found(nap.match_phone(listing.phone, phone, country=listing.country), phone)
                for phone in business.phones
            ]
            phone = min(verdicts, key=_rank, default=Found("missing", ""))
            found["phone"] = _finding(
                "structured_data", "phone", phone, stated["phone"], business.url
            )
        return found


def _best_address(expected: Address, business: Business) -> Found:
    verdicts = []
    for given in business.addresses:
        if given.text:
            verdicts.append(ShownText(given.text).address(expected))
            continue
        address = Address(given.street, given.city, given.region, given.postcode)
        verdicts.append(Found(nap.match_address(expected, address), address.line))
    return min(verdicts, key=_rank, default=Found("missing", ""))


def _rank(found: Found) -> int:
    return MATCHES.index(found.match)


def _finding(
    surface: Surface, field: NapField, found: Found, expected: str, where: str
) -> NapFinding:
    return NapFinding(surface, field, found.match, expected, found.text, where)


def _keep_best(known: _Shown, told: _Shown) -> None:
    for field, finding in told.items():
        before = known.get(field)
        if before is None or MATCHES.index(finding.match) < MATCHES.index(before.match):
            known[field] = finding


def _is_of_this_place(shown: _Shown) -> bool:
    return any(finding.match in nap.AGREEING for field, finding in shown.items() if field != "name")


def _agreement(shown: _Shown) -> tuple[int, int]:
    agreeing = sum(finding.match in nap.AGREEING for finding in shown.values())
    return agreeing, -sum(MATCHES.index(finding.match) for finding in shown.values())


def _page(url: str) -> str:
    """A page whichever way it is linked: with http or https, www or a last slash."""
    parts = urlsplit(url)
    host = parts.netloc.lower().removeprefix("www.")
    return f"{host}{parts.path.rstrip('/')}?{parts.query}"
