"""In which countries a page says that its business is."""

from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlsplit

from lsos.web.facts import PageFacts, StructuredItem
from lsos.web.phones import countries_of
from lsos.web.schema_org.nodes import Graph, as_node, as_text, flatten, values_of

_MAX_NODES = 300
_NAMES = {
    "AUSTRALIA": "AU", "AUSTRIA": "AT", "BELGIQUE": "BE", "BELGIUM": "BE", "CANADA": "CA",
    "DANMARK": "DK", "DENMARK": "DK", "DEUTSCHLAND": "DE", "ENGLAND": "GB", "ESPAÑA": "ES",
    "FRANCE": "FR", "GERMANY": "DE", "GREAT BRITAIN": "GB", "IRELAND": "IE", "ITALIA": "IT",
    "ITALY": "IT", "NEDERLAND": "NL", "NETHERLANDS": "NL", "NEW ZEALAND": "NZ", "NORGE": "NO",
    "NORWAY": "NO", "POLAND": "PL", "POLSKA": "PL", "PORTUGAL": "PT", "SCHWEIZ": "CH",
    "SPAIN": "ES", "SVERIGE": "SE", "SWEDEN": "SE", "SWITZERLAND": "CH", "UK": "GB",
    "UNITED KINGDOM": "GB", "UNITED STATES": "US", "USA": "US", "ÖSTERREICH": "AT",
}  # fmt: skip


def countries_of_page(page: PageFacts) -> tuple[str, ...]:
    """Those of `phones.countries_of`, from the page's structured data, host and language."""
    host = (urlsplit(page.url).hostname or "").casefold()
    stated = [address_country(value) for value in islice(_stated(page), 5)]
    return countries_of(stated=stated, host=host, lang=page.lang or "")


def address_country(value: object) -> str:
    """ISO 3166-1 alpha-2 code of an `addressCountry`; "" if it is not known."""
    name = as_text(value).strip(" .").upper()
    return name if len(name) == 2 and name != "UK" else _NAMES.get(name, "")


def _stated(page: PageFacts) -> Iterator[object]:
    nodes: list[object] = [item.data for item in page.items]
    for _ in range(_MAX_NODES):
        if not nodes:
            return
        node = nodes.pop(0)
        if isinstance(node, list):
            nodes.extend(node[:_MAX_NODES])
        elif isinstance(node, dict):
            yield from flatten(node.get("addressCountry"))
            nodes.extend(value for value in node.values() if isinstance(value, dict | list))


def item_countries(graph: Graph, item: StructuredItem) -> tuple[str, ...]:
    """Those of the addresses of one node."""
    nodes = [as_node(address) for address in graph.get(item, "address")]
    codes = (address_country(v) for n in nodes if n for v in values_of(n, "addressCountry"))
    return tuple(dict.fromkeys(code for code in codes if code))
