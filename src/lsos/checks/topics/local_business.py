"""Checks of LocalBusiness nodes: required and recommended properties and the form of values."""

import re
import unicodedata
from collections.abc import Iterator

from lsos.checks.base import Check, Context, Evidence, text
from lsos.checks.helpers.countries import has_postcode, needs_region
from lsos.checks.helpers.opening_hours import MIDNIGHT, node_faults, text_faults
from lsos.checks.helpers.points import geo_fault, point_of
from lsos.web.facts import PageFacts, StructuredItem
from lsos.web.phones import has_enough_digits, may_be_dialled
from lsos.web.schema_org.countries import countries_of_page, item_countries
from lsos.web.schema_org.nodes import (
    Graph,
    Node,
    as_node,
    as_text,
    graph_of,
    has_properties,
    is_present,
    values_of,
)

_GOOGLE = "https://developers.google.com/search/docs/appearance/structured-data/local-business"
_DECIMAL = re.compile(r"[+-]?[0-9]+(?:[.,]([0-9]+))?")
_COUNTRY_CODE = re.compile(r"(?:tel:)?[\s(]*(?:\+|00[\s(]*[1-9])", re.IGNORECASE)
_NANP_DIGITS = 11


def has_business(page: PageFacts, _: Context) -> bool:
    return page.is_ok_html and bool(page.items) and bool(graph_of(page).businesses)


def _serves_an_area(graph: Graph, item: StructuredItem) -> bool:
    """A business that comes to its customers; schema.org once called areaServed serviceArea."""
    return any(is_present(graph.get(item, name)) for name in ("areaServed", "serviceArea"))


def _lb_required(page: PageFacts, _: Context) -> Iterator[Evidence]:
    graph = graph_of(page)
    for item, kind in graph.businesses:
        if not item.is_top:
            continue
        if not is_present(graph.get(item, "name")):
            yield Evidence(selector=f"{kind}.name")
        if not is_present(graph.get(item, "address")):
            is_area = _serves_an_area(graph, item)
            yield Evidence(selector=f"{kind}.address", severity="info" if is_area else None)


def _missing_parts(node: Node, *, is_area: bool) -> Iterator[str]:
    country = next(map(as_text, values_of(node, "addressCountry")), "")
    if not is_present(values_of(node, "addressLocality")):
        yield "addressLocality"
    if not country:
        yield "addressCountry"
    if not is_area and not is_present(values_of(node, "streetAddress")):
        yield "streetAddress"
    if country and has_postcode(country) and not is_present(values_of(node, "postalCode")):
        yield "postalCode"
    if needs_region(country) and not is_present(values_of(node, "addressRegion")):
        yield "addressRegion"


def _lb_address_incomplete(page: PageFacts, _: Context) -> Iterator[Evidence]:
    graph = graph_of(page)
    for item, kind in graph.businesses:
        if not item.is_top:
            continue
        is_area = _serves_an_area(graph, item)
        for address in graph.get(item, "address"):
            node = as_node(address)
            if node is None:
                if shown := as_text(address):
                    yield Evidence(value=text(shown), selector=f"{kind}.address")
            elif has_properties(node):
                for part in _missing_parts(node, is_area=is_area):
                    yield Evidence(value=part, selector=f"{kind}.address.{part}")


def _has_geo(graph: Graph, item: StructuredItem) -> bool:
    own_point = ("latitude", "longitude")
    return is_present(graph.get(item, "geo")) or all(
        is_present(graph.get(item, name)) for name in own_point
    )


def _lb_recommended(page: PageFacts, at: Context) -> Iterator[Evidence]:
    graph = graph_of(page)
    for item, kind in graph.businesses:
        if not item.is_top:
            continue
        missing = [] if _has_geo(graph, item) else ["geo"]
        hours = ("openingHoursSpecification", "openingHours")
        if not any(is_present(graph.get(item, name)) for name in hours):
            missing.append("openingHoursSpecification")
        missing += [n for n in ("telephone", "url") if not is_present(graph.get(item, n))]
        if len(missing) < at.limits["missing"]:
            continue
        # Listed for completeness; they don't count.
        missing += [n for n in ("priceRange", "image") if not is_present(graph.get(item, n))]
        yield Evidence(value=", ".join(missing), selector=kind, limit=at.limits["missing"])


def _decimals(value: object) -> int | None:
    """Digits after the point as written; None when it is no number."""
    written = as_text(value)
    if isinstance(value, float) and "e" in written:
        # Only points beside the equator or the prime meridian are written as 1e-05.
        return 5
    found = _DECIMAL.fullmatch(written)
    return len(found[1] or "") if found else None


def _lb_geo_precision(page: PageFacts, at: Context) -> Iterator[Evidence]:
    graph = graph_of(page)
    for item, kind in graph.businesses:
        points = [node for value in graph.get(item, "geo") if (node := as_node(value)) is not None]
        for point in (*points, item.data):
            latitudes, longitudes = values_of(point, "latitude"), values_of(point, "longitude")
            if not latitudes or not longitudes:
                continue
            places = [_decimals(latitudes[0]), _decimals(longitudes[0])]
            if all(n is not None and n < at.limits["decimals"] for n in places):
                shown = f"{as_text(latitudes[0])}, {as_text(longitudes[0])}"
                yield Evidence(
                    value=text(shown), selector=f"{kind}.geo", limit=at.limits["decimals"]
                )


def _has_country_code(phone: str) -> bool:
    shown = unicodedata.normalize("NFKC", phone[:100])
    digits = [char for char in shown if char.isdecimal()]
    # North Americans write the 1 of +1 without a plus: 1-800-555-0199.
    return _COUNTRY_CODE.match(shown) is not None or (
        len(digits) == _NANP_DIGITS and digits[0] == "1"
    )


def _lb_phone_no_cc(page: PageFacts, _: Context) -> Iterator[Evidence]:
    graph = graph_of(page)
    for item, kind in graph.businesses:
        for phone in graph.texts(item, "telephone"):
            if any(char.isdecimal() for char in phone[:100]) and not _has_country_code(phone):
                yield Evidence(value=text(phone), selector=f"{kind}.telephone")


def _lb_phone_invalid(page: PageFacts, _: Context) -> Iterator[Evidence]:
    graph = graph_of(page)
    for item, kind in graph.businesses:
        countries = item_countries(graph, item) or countries_of_page(page)
        for phone in graph.texts(item, "telephone"):
            # Without a known country a national number can't be judged.
            can_be_judged = _has_country_code(phone) or bool(countries)
            if can_be_judged and has_enough_digits(phone) and not may_be_dialled(phone, countries):
                yield Evidence(value=text(phone), selector=f"{kind}.telephone")


def _lb_geo_impossible(page: PageFacts, _: Context) -> Iterator[Evidence]:
    graph = graph_of(page)
    for item, kind in graph.businesses:
        points = [node for value in graph.get(item, "geo") if (node := as_node(value)) is not None]
        countries = item_countries(graph, item)
        for node in (*points, item.data):
            if (point := point_of(node)) is None:
                continue
            if fault := geo_fault(point, countries):
                shown = f"{point.latitude:g}, {point.longitude:g}"
                yield Evidence(value=shown, selector=f"{kind}.geo", limit=fault)


def _lb_price_range_long(page: PageFacts, at: Context) -> Iterator[Evidence]:
    graph = graph_of(page)
    for item, kind in graph.businesses:
        for price_range in graph.texts(item, "priceRange"):
            if len(price_range) >= at.limits["chars"]:
                yield Evidence(
                    value=text(price_range),
                    selector=f"{kind}.priceRange",
                    limit=at.limits["chars"],
                )


def _lb_hours_invalid(page: PageFacts, _: Context) -> Iterator[Evidence]:
    graph = graph_of(page)
    for item, kind in graph.businesses:
        for name, faults in (
            ("openingHours", text_faults),
            ("openingHoursSpecification", node_faults),
            ("specialOpeningHoursSpecification", node_faults),
        ):
            for fault in faults(graph.get(item, name)):
                yield Evidence(
                    value=text(fault.value),
                    selector=f"{kind}.{name}",
                    limit=fault.reason,
                    severity="low" if fault.reason == MIDNIGHT else None,
                )


CHECKS = (
    Check(
        code="lb_required",
        topic="structured_data",
        severity="high",
        scope="page",
        title="LocalBusiness lacks name or address",
        why="Google requires both; without them the business is not eligible for rich results.",
        fix="Add name and a PostalAddress to the node. A business without a public address may "
        "keep areaServed alone, but Google still asks for address.",
        run_page=_lb_required,
        applies=has_business,
        source=_GOOGLE,
    ),
    Check(
        code="lb_address_incomplete",
        topic="structured_data",
        severity="medium",
        scope="page",
        title="The structured address is incomplete",
        why="Search engines match a business to its map entry by the parts of its address.",
        fix="Give a PostalAddress with streetAddress, addressLocality, postalCode, addressCountry "
        "and, in the US, Canada and Australia, addressRegion.",
        run_page=_lb_address_incomplete,
        applies=has_business,
        source=_GOOGLE,
    ),
    Check(
        code="lb_recommended",
        topic="structured_data",
        severity="low",
        scope="page",
        title="LocalBusiness lacks recommended properties",
        why="Position, hours, phone and URL help search engines to connect page, place and "
        "profile.",
        fix="Add geo, openingHoursSpecification, telephone and the URL of the location's page.",
        run_page=_lb_recommended,
        applies=has_business,
        limits={"missing": 2},
        source=_GOOGLE,
    ),
    Check(
        code="lb_geo_precision",
        topic="structured_data",
        severity="low",
        scope="page",
        title="Coordinates are too coarse",
        why="Three decimals are about 100 metres: enough to mean the neighbour. Google asks for "
        "five.",
        fix="Write latitude and longitude with at least 5 decimals.",
        run_page=_lb_geo_precision,
        applies=has_business,
        limits={"decimals": 4},
        source=_GOOGLE,
    ),
    Check(
        code="lb_phone_no_cc",
        topic="structured_data",
        severity="low",
        scope="page",
        title="telephone has no country code",
        why="Google asks for country and area code; a national number is ambiguous.",
        fix="Write telephone in international form, such as +1-212-555-0123.",
        run_page=_lb_phone_no_cc,
        applies=has_business,
        source=_GOOGLE,
    ),
    Check(
        code="lb_phone_invalid",
        topic="structured_data",
        severity="medium",
        scope="page",
        title="telephone is no possible number",
        why="Nobody can be reached under it, and it does not match the number of the business "
        "profile: often the country code is missing, and the area code is read as one.",
        fix="Write telephone with the right country code and all digits, such as +1-212-555-0123.",
        run_page=_lb_phone_invalid,
        applies=has_business,
        source="ITU-T E.164; libphonenumber",
    ),
    Check(
        code="lb_geo_impossible",
        topic="structured_data",
        severity="medium",
        scope="page",
        title="geo points to where the business can't be",
        why="Search engines and maps that trust the point show the business in another place, "
        "often on another continent: a sign is missing, or the two values are swapped.",
        fix="Copy latitude and longitude from a map, with their signs: latitude first, west and "
        "south negative.",
        run_page=_lb_geo_impossible,
        applies=has_business,
        source=_GOOGLE,
    ),
    Check(
        code="lb_price_range_long",
        topic="structured_data",
        severity="low",
        scope="page",
        title="priceRange is too long",
        why="Google doesn't show a priceRange of 100 characters or more.",
        fix="Use a short form such as $$ or $10-15.",
        run_page=_lb_price_range_long,
        applies=has_business,
        limits={"chars": 100},
        source=_GOOGLE,
    ),
    Check(
        code="lb_hours_invalid",
        topic="structured_data",
        severity="medium",
        scope="page",
        title="Structured opening hours are invalid or overlap",
        why="Hours that can't be read are dropped, and contradictory ones may show wrong times.",
        fix="Write times as hh:mm or hh:mm:ss, days as schema.org names (Mo-Fr in openingHours), "
        "dates as YYYY-MM-DD, and give each day's spans without overlap.",
        run_page=_lb_hours_invalid,
        applies=has_business,
        source="https://schema.org/OpeningHoursSpecification",
    ),
)
