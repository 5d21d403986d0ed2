"""Reads what a structured-data node says, whatever its shape: cut, and never raising."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from lsos.domains.campaigns import nap
from lsos.web.facts import StructuredItem
from lsos.web.schema_org.nodes import Node, as_node, as_text, values_of
from lsos.web.schema_org.types import ORGANIZATION_TYPES

_MAX_VALUES = 200
_MAX_NESTED = 100
_MAX_CHARS = 300
_MAX_URL_CHARS = 2_048


class Address(NamedTuple):
    """A postal address in parts, or as one text."""

    parts: nap.Address | None
    text: str

    @property
    def shown(self) -> str:
        return self.parts.line if self.parts is not None else self.text


def resolve(base: str, name: str | None) -> str:
    """JSON-LD 1.1 section 3.3: an @id is resolved against the document's URL."""
    if not name or len(name) > _MAX_URL_CHARS:
        return ""
    try:
        return urljoin(base, name.strip())
    except ValueError:
        return ""


def page_key(url: str) -> str:
    """Equal for spellings of one page: scheme, www., last slash and fragment don't count."""
    try:
        parts = urlsplit(url.strip())
        host = parts.netloc.casefold()
    except ValueError:
        return url
    query = f"?{parts.query}" if parts.query else ""
    return f"{bare_host(host)}{parts.path.rstrip('/')}{query}"


def bare_host(host: str) -> str:
    return host.casefold().removeprefix("www.")


def host_of(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def texts_of(data: Node, name: str) -> list[str]:
    """Values as text, cut; of a node its name, or else its @id."""
    found = []
    for value in values_of(data, name)[:_MAX_VALUES]:
        node = as_node(value)
        shown = as_text(value)
        if not shown and node is not None and isinstance(node.get("@id"), str):
            shown = as_text(node.get("@id"))
        if shown:
            found.append(shown[:_MAX_URL_CHARS].replace("\0", ""))
    return found


def phones_of(data: Node) -> list[str]:
    """telephone, of the node itself or else of its contact points."""
    found = texts_of(data, "telephone")
    if not found:
        for value in values_of(data, "contactPoint")[:_MAX_NESTED]:
            if (node := as_node(value)) is not None:
                found += texts_of(node, "telephone")
    return [phone[:_MAX_CHARS] for phone in found]


def addresses_of(data: Node) -> Iterator[Address]:
    """Of address, and of the places that location names."""
    values = list(values_of(data, "address"))[:_MAX_NESTED]
    for value in values_of(data, "location")[:_MAX_NESTED]:
        if (node := as_node(value)) is not None:
            values += values_of(node, "address") or (
                [node] if values_of(node, "streetAddress") else []
            )
    for value in values:
        node = as_node(value)
        if node is None:
            if text := as_text(value)[:_MAX_CHARS]:
                yield Address(None, text)
            continue
        parts = nap.Address(
            street=first_of(node, "streetAddress"),
            city=first_of(node, "addressLocality"),
            region=first_of(node, "addressRegion"),
            postcode=first_of(node, "postalCode"),
            country=first_of(node, "addressCountry"),
        )
        if parts.line:
            yield Address(parts, parts.line)


def first_of(node: Node, name: str) -> str:
    texts = texts_of(node, name)
    return texts[0][:_MAX_CHARS] if texts else ""


def references_of(data: Node, base: str) -> Iterator[tuple[str, str]]:
    """(property, absolute @id) of nodes that the properties name."""
    count = 0
    for name in data:
        if name[:1] == "@":
            continue
        for value in values_of(data, name)[:_MAX_VALUES]:
            node = as_node(value)
            if node is None or not isinstance(node.get("@id"), str):
                continue
            target = resolve(base, str(node["@id"]))
            if target:
                yield name, target
                count += 1
                if count >= _MAX_NESTED:
                    return


def blank_key(item: StructuredItem) -> str:
    """Organisations without @id are told apart by type, name, phone and address."""
    if ORGANIZATION_TYPES.isdisjoint(item.types):
        return ""
    address = next(addresses_of(item.data), None)
    parts = (
        item.types[0],
        first_of(item.data, "name"),
        first_of(item.data, "telephone"),
        address.shown if address else "",
    )
    return "_:" + "|".join(parts)
