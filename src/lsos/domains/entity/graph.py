"""The site's own entity graph, merged over its pages by @id in bounded memory."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lsos.domains.campaigns import nap
from lsos.domains.entity.reading import (
    Address,
    addresses_of,
    bare_host,
    blank_key,
    host_of,
    page_key,
    phones_of,
    references_of,
    resolve,
    texts_of,
)
from lsos.web.facts import PageFacts, StructuredItem
from lsos.web.schema_org.nodes import has_properties, is_present, values_of
from lsos.web.schema_org.types import LOCAL_BUSINESS_TYPES, ORGANIZATION_TYPES

MAX_NODES = 5_000
MAX_TARGETS = 20_000
MAX_PAGE_ITEMS = 200
_MAX_VARIANTS = 10
_MAX_REFS = 200
_MAX_CHARS = 300


class Variant(NamedTuple):
    """The values of a property as one or more pages state them."""

    values: tuple[str, ...]
    example: str
    """URL of the first such page."""


class Entity:
    """A node as all pages together describe it."""

    __slots__ = (
        "addresses",
        "has_area",
        "has_image",
        "id",
        "is_on_start",
        "mentions",
        "pages",
        "references",
        "same_as",
        "types",
        "variants",
    )

    def __init__(self, node_id: str) -> None:
        self.id = node_id
        """Absolute; "" for a node without @id."""
        self.types: dict[str, None] = {}
        self.pages = 0
        self.is_on_start = False
        self.mentions = 0
        """References to it."""
        self.references: dict[tuple[str, str], None] = {}
        """(property, absolute @id)."""
        self.variants: dict[str, dict[tuple[str, ...], Variant]] = {}
        self.addresses: dict[str, Address] = {}
        self.same_as: dict[str, None] = {}
        self.has_area = False
        self.has_image = False

    @property
    def is_organization(self) -> bool:
        return not ORGANIZATION_TYPES.isdisjoint(self.types)

    @property
    def is_local(self) -> bool:
        return not LOCAL_BUSINESS_TYPES.isdisjoint(self.types)

    def texts(self, name: str) -> list[str]:
        """Distinct values over all pages."""
        found: dict[str, None] = {}
        for variant in self.variants.get(name, {}).values():
            found.update(dict.fromkeys(variant.values))
        return list(found)


class PageNode(NamedTuple):
    """A node of one page, as far as coverage asks."""

    types: frozenset[str]
    key: str
    """Of its Entity; "" when it is none."""
    id: str
    targets: frozenset[str]


class Graph:
    """Takes pages one by one; keeps entities, and what they refer to."""

    def __init__(self, host: str, country: str = "") -> None:
        self.host = bare_host(host)
        self.country = country
        """For phone numbers without a country code."""
        self.entities: dict[str, Entity] = {}
        self.targets: dict[str, tuple[int, str]] = {}
        """Referred @id -> how often, and a page that does."""
        self.node_count = 0
        self.pages_with_data = 0
        self.is_full = False

    def add(self, page: PageFacts, *, is_start: bool) -> list[PageNode]:
        if not page.items:
            return []
        self.pages_with_data += 1
        nodes = []
        seen: set[str] = set()
        for item in page.items[:MAX_PAGE_ITEMS]:
            node_id = resolve(page.url, item.id)
            references = list(references_of(item.data, page.url))
            for _, target in references:
                self._refer(target, page.url)
            if node_id and not has_properties(item.data):
                self._refer(node_id, page.url)
                continue
            self.node_count += 1
            key = node_id or blank_key(item)
            types = frozenset(item.types)
            targets = frozenset(target for _, target in references)
            entity = self._entity(key, node_id) if key else None
            if entity is not None:
                self._merge(entity, item, references, page.url)
                if key not in seen:
                    seen.add(key)
                    entity.pages += 1
                entity.is_on_start |= is_start
            nodes.append(PageNode(types, key, node_id, targets))
        return nodes

    def _entity(self, key: str, node_id: str) -> Entity | None:
        entity = self.entities.get(key)
        if entity is None:
            if len(self.entities) >= MAX_NODES:
                self.is_full = True
                return None
            entity = self.entities[key] = Entity(node_id)
        return entity

    def _refer(self, target: str, url: str) -> None:
        known = self.targets.get(target)
        if known is not None:
            self.targets[target] = (known[0] + 1, known[1])
        elif len(self.targets) < MAX_TARGETS:
            self.targets[target] = (1, url)
        else:
            self.is_full = True

    def _merge(
        self,
        entity: Entity,
        item: StructuredItem,
        references: Iterable[tuple[str, str]],
        url: str,
    ) -> None:
        data = item.data
        entity.types.update(dict.fromkeys(item.types))
        for reference in references:
            if len(entity.references) < _MAX_REFS:
                entity.references[reference] = None
        if not entity.is_organization:
            return
        addresses = list(addresses_of(data))
        for address in addresses:
            if len(entity.addresses) < _MAX_VARIANTS:
                entity.addresses.setdefault(address.shown, address)
        for name, values in (
            ("name", texts_of(data, "name")),
            ("telephone", phones_of(data)),
            ("address", [address.shown for address in addresses]),
            ("url", [resolve(url, text) for text in texts_of(data, "url")]),
        ):
            stated = tuple(dict.fromkeys(value for value in values if value))
            known = entity.variants.setdefault(name, {})
            if stated and len(known) < _MAX_VARIANTS:
                known.setdefault(stated, Variant(stated, url))
        entity.has_area |= is_present(values_of(data, "areaServed"))
        entity.has_image |= any(is_present(values_of(data, name)) for name in ("logo", "image"))
        for text in texts_of(data, "sameAs"):
            if len(entity.same_as) < _MAX_REFS:
                entity.same_as[text] = None

    def finish(self) -> None:
        """Count who refers to whom; call it once, after the last page."""
        for target, (count, _) in self.targets.items():
            if (entity := self.entities.get(target)) is not None:
                entity.mentions = count

    def main(self, name: str) -> tuple[str, Entity] | None:
        """The organisation that the site is about, with its key.

        The one of the business's name first, then one with an @id, the most referred to, the one
        on the start page, the one on most pages.
        """
        found = [pair for pair in self.entities.items() if pair[1].is_organization]
        if not found:
            return None

        def rank(pair: tuple[str, Entity]) -> tuple[object, ...]:
            key, entity = pair
            names = [nap.match_name(name, text) for text in entity.texts("name")] if name else []
            return (
                nap.best(names) not in nap.AGREEING,
                not entity.id,
                -entity.mentions,
                not entity.is_on_start,
                -entity.pages,
                key,
            )

        return min(found, key=rank)

    def family(self, main: Entity) -> set[str]:
        """@ids of organisations that are linked to the main one, either way, and its own."""
        if not main.id:
            return set()
        linked: dict[str, set[str]] = {}
        for entity in self.entities.values():
            if not entity.id or not entity.is_organization:
                continue
            for _, target in entity.references:
                other = self.entities.get(target)
                if other is not None and other.id and other.is_organization:
                    linked.setdefault(entity.id, set()).add(other.id)
                    linked.setdefault(other.id, set()).add(entity.id)
        found, todo = {main.id}, [main.id]
        while todo:
            for near in linked.get(todo.pop(), ()):
                if near not in found:
                    found.add(near)
                    todo.append(near)
        return found

    def dangling(self) -> list[tuple[str, int, str]]:
        """(@id, references, page) of ids below this host that no page defines."""
        return sorted(
            (target, count, page)
            for target, (count, page) in self.targets.items()
            if target not in self.entities and bare_host(host_of(target)) == self.host
        )

    def conflicts(self) -> Iterator[dict[str, object]]:
        """Values of one @id that contradict each other between pages."""
        for entity in self.entities.values():
            if not entity.id:
                continue
            for name, variants in entity.variants.items():
                stated = list(variants.values())
                pair = self._contradiction(name, entity, stated)
                if pair is not None:
                    yield {
                        "id": entity.id,
                        "property": name,
                        "values": [
                            {"value": ", ".join(v.values)[:_MAX_CHARS], "page": v.example}
                            for v in stated
                        ],
                    }

    def _contradiction(
        self, name: str, entity: Entity, stated: Sequence[Variant]
    ) -> tuple[Variant, Variant] | None:
        for at, one in enumerate(stated):
            for other in stated[at + 1 :]:
                if not any(
                    self._same(name, entity, a, b) for a in one.values for b in other.values
                ):
                    return one, other
        return None

    def _same(self, name: str, entity: Entity, one: str, other: str) -> bool:
        """Not a contradiction: equal, written otherwise, or undecided."""
        if one == other:
            return True
        if name == "name":
            return nap.match_name(one, other) != "wrong"
        if name == "telephone":
            return nap.match_phone(one, other, country=self.country) != "wrong"
        if name == "url":
            return page_key(one) == page_key(other)
        left, right = entity.addresses.get(one), entity.addresses.get(other)
        if left is None or right is None or left.parts is None or right.parts is None:
            return True
        return nap.match_address(left.parts, right.parts) != "wrong"
