"""NAP of a crawled site: the page of a location speaks for it, and no other location's data."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from lsos.domains.campaigns.nap import Match
from lsos.domains.campaigns.rules import Listing
from lsos.domains.local.site_nap import SiteNap
from lsos.web.facts import PageFacts
from lsos.web.html.parse import parse

AT = datetime(2026, 11, 24, tzinfo=UTC)
SITE = "https://pinecovedental.example"
BUSINESS = "Pine Cove Dental"
PLACES = {
    "Alder Bay": ("18 Schooner Lane", "04872", "+1-207-555-0142"),
    "Millbrook": ("7 Tannery Street", "04879", "+1-207-555-0188"),
}
SHOWN = {
    "Alder Bay": "18 Schooner Lane, Alder Bay, ME 04872. Call (207) 555-0142",
    "Millbrook": "7 Tannery Street, Millbrook, ME 04879. Call (207) 555-0188",
}


def _listing(city: str, *, path: str | None = None) -> Listing:
    street, postcode, phone = PLACES[city]
    return Listing(
        id=UUID(int=list(PLACES).index(city) + 1),
        created_at=AT,
        name=f"{BUSINESS} {city}",
        street=street,
        city=city,
        region="ME",
        postcode=postcode,
        country="US",
        phone=phone,
        landing_url="" if path is None else SITE + path,
    )


def _node(city: str, **changes: Any) -> dict[str, Any]:
    street, postcode, phone = PLACES[city]
    return {
        "@context": "https://schema.org",
        "@type": "Dentist",
        "name": BUSINESS,
        "telephone": phone,
        "address": {
            "@type": "PostalAddress",
            "streetAddress": street,
            "addressLocality": city,
            "addressRegion": "ME",
            "postalCode": postcode,
        },
        **changes,
    }


def _page(path: str, text: str = "", *nodes: dict[str, Any], depth: int = 1) -> PageFacts:
    scripts = "".join(
        f'<script type="application/ld+json">{json.dumps(node)}</script>' for node in nodes
    )
    html = (
        f"<!doctype html><html><head><title>{BUSINESS}</title>{scripts}</head>"
        f"<body><main><h1>{BUSINESS}</h1><p>{text}</p></main></body></html>"
    )
    facts = PageFacts(url=SITE + path, status=200, content_type="text/html", depth=depth)
    return parse(facts, html.encode())


Cells = dict[tuple[str, str], Match]


def _match(listings: list[Listing], *pages: PageFacts) -> dict[str, Cells]:
    site = SiteNap(listings, BUSINESS)
    for page in pages:
        site.add(page)
    found: dict[str, Cells] = {listing.city: {} for listing in listings}
    cities = {listing.id: listing.city for listing in listings}
    for location_id, finding in site.findings():
        found[cities[location_id]][finding.surface, finding.field] = finding.match
    return found


def _cells(structured: str, visible: str) -> Cells:
    fields = ("name", "address", "phone")
    cells = [("structured_data", structured), ("visible_text", visible)]
    return {
        (surface, field): match  # type: ignore[misc]  # the tests spell matches
        for surface, matches in cells
        for field, match in zip(fields, matches.split(), strict=True)
    }


def test_a_locations_own_page_speaks_for_it() -> None:
    listings = [_listing("Alder Bay", path="/alder-bay/"), _listing("Millbrook", path="/millbrook")]
    found = _match(
        listings,
        _page("/", f"{SHOWN['Alder Bay']} {SHOWN['Millbrook']}", depth=0),
        _page("/alder-bay", SHOWN["Alder Bay"], _node("Alder Bay"), depth=3),
        _page("/millbrook/", SHOWN["Millbrook"].replace("04879", "04878"),
              _node("Millbrook", telephone="+1-207-555-0199"), depth=3),
    )  # fmt: skip
    assert found["Alder Bay"] == _cells("exact exact exact", "exact exact format_only")
    assert found["Millbrook"] == _cells("exact exact wrong", "exact wrong format_only")


def test_without_an_own_page_the_start_and_its_neighbours_speak() -> None:
    listings = [_listing("Alder Bay"), _listing("Millbrook")]
    found = _match(
        listings,
        _page("/", SHOWN["Alder Bay"], _node("Alder Bay"), depth=0),
        _page("/deep", SHOWN["Millbrook"], depth=4),
    )
    assert found["Alder Bay"] == _cells("exact exact exact", "exact exact format_only")
    # The sister's data is nothing wrong, it is only not there.
    assert found["Millbrook"] == _cells("missing missing missing", "exact missing missing")


def test_a_lone_location_owns_what_the_site_says() -> None:
    wrong = _node("Alder Bay", telephone="+1-207-555-0199", name="Harbor Plumbing")
    found = _match([_listing("Alder Bay")], _page("/", "Call (207) 555-0199", wrong, depth=0))
    assert found["Alder Bay"] == _cells("wrong exact wrong", "exact missing wrong")


def test_references_within_a_page_are_solved() -> None:
    node = _node("Alder Bay", address={"@id": "#place"})
    address = {"@id": "#place", **_node("Alder Bay")["address"]}
    found = _match([_listing("Alder Bay")], _page("/", "", {"@graph": [node, address]}, depth=0))
    assert found["Alder Bay"]["structured_data", "address"] == "exact"


@pytest.mark.parametrize(
    "address, match",
    [
        ("18 Schooner Ln, Alder Bay, ME 04872", "format_only"),
        ("18 Schooner Ln, Alder Bay", "minor"),
        ("81 Schooner Lane, Alder Bay, ME 04872", "wrong"),
        ("", "missing"),
    ],
)
def test_an_address_may_be_one_text(address: str, match: Match) -> None:
    node = _node("Alder Bay", address=address)
    found = _match([_listing("Alder Bay")], _page("/", "", node, depth=0))
    assert found["Alder Bay"]["structured_data", "address"] == match


def test_what_is_not_stated_and_what_was_not_seen_is_not_judged() -> None:
    bare = Listing(id=UUID(int=9), created_at=AT, name=BUSINESS, city="Alder Bay")
    found = _match([bare], _page("/", SHOWN["Alder Bay"], depth=0))
    assert found["Alder Bay"] == {
        ("structured_data", "name"): "missing",
        ("visible_text", "name"): "exact",
    }
    assert _match([_listing("Alder Bay")]) == {"Alder Bay": {}}


def test_odd_structured_data_breaks_nothing() -> None:
    odd: list[dict[str, Any]] = [
        {"@type": "Dentist", "name": [None, 7, {"@value": BUSINESS}], "address": [[], 3, {}]},
        {"@type": ["Dentist", 5], "telephone": {"x": 1}, "address": {"streetAddress": ["18"]}},
        {"@type": "Dentist", "@id": "#a", "address": {"@id": "#a"}},
    ]
    found = _match([_listing("Alder Bay")], _page("/", "", *odd, depth=0))
    assert set(found["Alder Bay"]) == set(_cells("a a a", "b b b"))
