"""The businesses that a page's structured data names, with their names, phones and addresses."""

from collections.abc import Iterator

import msgspec

from lsos.web.facts import PageFacts
from lsos.web.schema_org.nodes import as_node, as_text, graph_of, has_properties, values_of
from lsos.web.schema_org.types import ORGANIZATION_TYPES

MAX_BUSINESSES = 100
MAX_VALUES = 20
MAX_CHARS = 300


class PostalAddress(msgspec.Struct, frozen=True, gc=False):
    street: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    text: str = ""
    """The whole address, if it is given as one string."""


class Business(msgspec.Struct, frozen=True, gc=False):
    """An Organization, LocalBusiness or subtype, with references resolved within the page."""

    url: str
    """Of the page."""
    types: tuple[str, ...]
    id: str
    names: tuple[str, ...]
    phones: tuple[str, ...]
    addresses: tuple[PostalAddress, ...]


def businesses(page: PageFacts) -> list[Business]:
    """In document order, without those that have neither name, phone nor address."""
    graph = graph_of(page)
    found: list[Business] = []
    for item in page.items:
        if len(found) == MAX_BUSINESSES:
            break
        if not ORGANIZATION_TYPES.intersection(item.types) or not has_properties(item.data):
            continue
        business = Business(
            url=page.url,
            types=tuple(item.types[:MAX_VALUES]),
            id=item.id or "",
            names=_short(graph.texts(item, "name")),
            phones=_short(graph.texts(item, "telephone")),
            addresses=tuple(_addresses(graph.get(item, "address"))),
        )
        if business.names or business.phones or business.addresses:
            found.append(business)
    return found


def declared_names(page: PageFacts) -> list[str]:
    """What the page says that its business or website is called."""
    graph = graph_of(page)
    kinds = {*ORGANIZATION_TYPES, "WebSite"}
    names = [page.og.get("og:site_name", "")[:MAX_CHARS]]
    for item in page.items[:MAX_BUSINESSES]:
        if item.is_top and kinds.intersection(item.types):
            names += _short([*graph.texts(item, "name"), *graph.texts(item, "alternateName")])
    return list(dict.fromkeys(filter(None, names)))


def _addresses(values: list[object]) -> Iterator[PostalAddress]:
    for value in values[:MAX_VALUES]:
        node = as_node(value)
        if node is None:
            if text := as_text(value)[:MAX_CHARS]:
                yield PostalAddress(text=text)
            continue
        parts = {
            field: as_text(found[0])[:MAX_CHARS]
            for field, name in (
                ("street", "streetAddress"),
                ("city", "addressLocality"),
                ("region", "addressRegion"),
                ("postcode", "postalCode"),
            )
            if (found := values_of(node, name))
        }
        if any(parts.values()):
            yield PostalAddress(**parts)


def _short(texts: list[str]) -> tuple[str, ...]:
    return tuple(text[:MAX_CHARS] for text in texts[:MAX_VALUES])
