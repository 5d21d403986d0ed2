"""Structured-data nodes read alike whatever shape their values were given in.

Values may be a string, a number, a list, a node, a value object or a reference, or plain
nonsense: none of these functions raises on any JSON.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import urljoin

from lsos.web.facts import PageFacts, StructuredItem
from lsos.web.schema_org.types import LOCAL_BUSINESS_TYPES, ROOT

Node = Mapping[str, object]

_PREFIXES = ("schema:", "https://schema.org/", "http://schema.org/")
_MAX_VALUES = 1_000
_MAX_TWINS = 20
_MAX_NUMBER = 10**18


def as_node(value: object) -> Node | None:
    """The properties of a nested node, with @type and @id; None if it is not a node."""
    return value if isinstance(value, dict) else None


def as_text(value: object) -> str:
    """A literal as text, white space collapsed; a node's name; "" for anything else."""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, bool):
        return ""
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < _MAX_NUMBER):
        return str(value)
    node = as_node(value)
    if node is None:
        return ""
    names = values_of(node, "name")
    return as_text(names[0]) if names and isinstance(names[0], (str, int, float)) else ""


def flatten(value: object) -> list[object]:
    """The values in order, with lists flattened, value objects unwrapped and nulls dropped."""
    if isinstance(value, str):
        return [value]
    found: list[object] = []
    stack = [value]
    while stack and len(found) < _MAX_VALUES:
        top = stack.pop()
        if isinstance(top, list):
            stack.extend(reversed(top[:_MAX_VALUES]))
        elif isinstance(top, dict) and "@value" in top:
            stack.append(top["@value"])
        elif isinstance(top, dict) and ("@list" in top or "@set" in top):
            stack.append(top.get("@list", top.get("@set")))
        elif top is not None:
            found.append(top)
    return found


def values_of(node: Node, name: str) -> list[object]:
    if name in node:
        return flatten(node[name])
    for spelling in _spellings(name):
        if spelling in node:
            return flatten(node[spelling])
    return []


@lru_cache(maxsize=256)
def _spellings(name: str) -> tuple[str, ...]:
    return tuple(prefix + name for prefix in _PREFIXES)


def types_of(node: Node) -> list[str]:
    """Type names without prefix."""
    return [_local_name(kind) for kind in flatten(node.get("@type")) if isinstance(kind, str)]


def _local_name(name: str) -> str:
    return name.replace("#", "/").replace(":", "/").rpartition("/")[2]


def has_properties(node: Node) -> bool:
    """Whether it has a property with a value, other than @ keywords."""
    for key, value in node.items():
        if key[:1] != "@" and (isinstance(value, str) or flatten(value)):
            return True
    return False


def is_reference(node: Node) -> bool:
    """Whether it has nothing but an @id, with or without a type."""
    return isinstance(node.get("@id"), str) and not has_properties(node)


def is_present(values: Iterable[object]) -> bool:
    """Whether it is non-blank text, a node with properties, or a reference to one."""
    for value in values:
        node = as_node(value)
        if node is not None and (has_properties(node) or is_reference(node)):
            return True
        if node is None and as_text(value):
            return True
    return False


def graph_of(page: PageFacts) -> "Graph":
    """The page's graph, built once for all checks."""
    known = page.__dict__.get("graph")
    if isinstance(known, Graph):
        return known
    graph = page.__dict__["graph"] = Graph(page)
    return graph


class Graph:
    """The nodes of a page by @id: references are resolved, nodes of one @id are one node."""

    def __init__(self, page: PageFacts) -> None:
        self._url = page.url
        self._by_id: dict[str, list[Node]] = {}
        for item in page.items:
            if item.id and has_properties(item.data):
                twins = self._by_id.setdefault(self._key(item.id), [])
                if len(twins) < _MAX_TWINS:
                    twins.append(item.data)
        self.businesses = tuple(self._businesses(page.items))
        """LocalBusiness nodes, including nested ones, each @id once, with their most specific
        type."""

    def _businesses(self, items: Iterable[StructuredItem]) -> Iterator[tuple[StructuredItem, str]]:
        seen: set[str] = set()
        # A full node says more than an earlier mention of the same @id.
        for item in sorted(items, key=lambda item: not item.is_top):
            kinds = [kind for kind in item.types if kind in LOCAL_BUSINESS_TYPES]
            kind = max(kinds, key=lambda kind: kind != ROOT, default="")
            is_bare = bool(item.id) and not has_properties(item.data)
            if not kind or is_bare:
                continue
            if item.id:
                key = self._key(item.id)
                if key in seen:
                    continue
                seen.add(key)
            yield item, kind

    def get(self, item: StructuredItem, name: str) -> list[object]:
        """Values of a property, including those of nodes with the same @id, references resolved."""
        found = list(values_of(item.data, name))
        if item.id:
            for twin in self._by_id.get(self._key(item.id), ()):
                if twin is not item.data:
                    found += [value for value in values_of(twin, name) if value not in found]
        return [self.resolve(value) for value in found[:_MAX_VALUES]]

    def texts(self, item: StructuredItem, name: str) -> list[str]:
        return [value for raw in self.get(item, name) if (value := as_text(raw))]

    def resolve(self, value: object) -> object:
        """The node that a reference points to; the reference itself if the page lacks that node."""
        node = as_node(value)
        if node is None:
            return value
        name = node.get("@id")
        if isinstance(name, str) and not has_properties(node):
            twins = self._by_id.get(self._key(name))
            if twins:
                merged: dict[str, object] = {}
                for twin in twins:
                    merged.update({key: val for key, val in twin.items() if key not in merged})
                return merged
        return node

    def _key(self, name: str) -> str:
        """JSON-LD 1.1 section 3.3: an @id is resolved against the document's URL."""
        try:
            return urljoin(self._url, name)
        except ValueError:
            return name
