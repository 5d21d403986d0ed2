"""JSON-LD and microdata of a page as one flat list of items."""

import re
from collections.abc import Callable, Iterator

import msgspec
from selectolax.lexbor import LexborNode

from lsos.web.facts import StructuredItem
from lsos.web.html.text import fold, raw_text

MAX_ITEMS = 500
MAX_DEPTH = 12
_MAX_VALUE = 2_000
_SCHEMA_ORG = re.compile(r"(?:https?://(?:www\.)?schema\.org/|schema:)(?=.)")

# JSON can encode what PostgreSQL and UTF-8 can't store; pairs and escaped backslashes stay.
_ESCAPE = re.compile(
    r"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_decode = msgspec.json.Decoder().decode


def jsonld_items(text: str) -> tuple[list[StructuredItem], str]:
    """The items of one script element, and its error ("" if there is none)."""
    if not text.strip():
        return [], ""
    if "\\u" in text:
        text = _ESCAPE.sub(lambda m: m[1] or "\\ufffd", text)
    try:
        root = _decode(text)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        excerpt = " ".join(text[:200].split())
        return [], f"{error}: {excerpt}"
    return list(_flatten(root)), ""


def _flatten(root: object) -> Iterator[StructuredItem]:
    """Nodes in document order, each followed by the ones nested in it."""
    stack: list[tuple[object, bool, int]] = [(root, True, 0)]
    count = 0
    while stack and count < MAX_ITEMS:
        value, is_top, depth = stack.pop()
        if isinstance(value, list):
            if depth < MAX_DEPTH:
                stack.extend((entry, is_top, depth + 1) for entry in reversed(value))
            continue
        if not isinstance(value, dict):
            continue
        types = schema_types(value.get("@type"))
        identity = value.get("@id")
        if types or (is_top and any(key[:1] != "@" for key in value)):
            count += 1
            yield StructuredItem(
                types, identity if isinstance(identity, str) else None, value, "jsonld", is_top
            )
        if depth < MAX_DEPTH:
            stack.extend(
                (child, is_top and key == "@graph", depth + 1)
                for key, child in reversed(value.items())
                if isinstance(child, (dict, list)) and key != "@context"
            )


def schema_types(value: object) -> list[str]:
    """Type names without the schema.org prefix; other vocabularies keep theirs."""
    names = [value] if isinstance(value, str) else value if isinstance(value, list) else ()
    return [_SCHEMA_ORG.sub("", name.strip(), count=1) for name in names if isinstance(name, str)]


_URL_ATTRIBUTE = {
    "a": "href",
    "area": "href",
    "link": "href",
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "source": "src",
    "track": "src",
    "video": "src",
    "object": "data",
}
_VALUE_ATTRIBUTE = {"meta": "content", "data": "value", "meter": "value", "time": "datetime"}


def microdata_items(
    body: LexborNode, resolve: Callable[[str], tuple[str, str, bool]]
) -> list[StructuredItem]:
    """Items in document order; values are lists of strings and of nested items' properties.

    As in JSON-LD, an item's types and id are stored under @type and @id. itemref is not followed.
    """
    items: list[StructuredItem] = []
    stack: list[tuple[LexborNode, dict[str, object] | None]] = [(body, None)]
    while stack and len(items) < MAX_ITEMS:
        node, owner = stack.pop()
        if node.attributes:
            owner = _read_element(node, owner, items, resolve)
        if node.first_child is not None:
            stack.extend((child, owner) for child in reversed(list(node.iter())))
    return items


def _read_element(
    node: LexborNode,
    owner: dict[str, object] | None,
    items: list[StructuredItem],
    resolve: Callable[[str], tuple[str, str, bool]],
) -> dict[str, object] | None:
    """Add an element's data to its item; returns the item that its children belong to."""
    attributes = node.attributes
    names = (attributes.get("itemprop") or "").split()
    if "itemscope" in attributes:
        data: dict[str, object] = {}
        types = schema_types((attributes.get("itemtype") or "").split())
        identity = attributes.get("itemid")
        if types:
            data["@type"] = types
        if identity:
            data["@id"] = identity
        items.append(
            StructuredItem(types, identity or None, data, "microdata", owner is None or not names)
        )
        _add(owner, names, data)
        return data
    if owner is not None and names:
        _add(owner, names, _value(node, attributes, resolve))
    return owner


def _add(owner: dict[str, object] | None, names: list[str], value: object) -> None:
    if owner is not None:
        for name in names:
            values = owner.setdefault(name, [])
            if isinstance(values, list):
                values.append(value)


def _value(
    node: LexborNode,
    attributes: dict[str, str | None],
    resolve: Callable[[str], tuple[str, str, bool]],
) -> str:
    """HTML Standard, "value of a property"."""
    tag = node.tag or ""
    if name := _URL_ATTRIBUTE.get(tag):
        href = attributes.get(name) or ""
        if not href:
            return ""
        url, fragment, _ = resolve(href)
        return (f"{url}#{fragment}" if fragment else url)[:_MAX_VALUE]
    name = _VALUE_ATTRIBUTE.get(tag)
    # Pages put content attributes on any element, and search engines read them.
    for key in (name, "content"):
        if key and (value := attributes.get(key)) is not None:
            return value.strip()[:_MAX_VALUE]
    return fold(raw_text(node))[:_MAX_VALUE]
