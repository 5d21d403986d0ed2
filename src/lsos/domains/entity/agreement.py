"""Whether structured data and visible text say of each location what the campaign says."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from lsos.domains.campaigns import nap
from lsos.domains.campaigns.nap import Match
from lsos.domains.campaigns.nap_text import ShownText
from lsos.domains.entity.graph import Entity, Graph
from lsos.domains.entity.places import LocationPage, Place, address_of
from lsos.domains.entity.rules import Part, part
from lsos.web.phones import e164

Surface = Literal["structured", "visible"]
Field = Literal["name", "address", "phone"]
_VALUES: Mapping[Match, float] = {
    "exact": 1.0,
    "format_only": 1.0,
    "minor": 1.0,
    "review": 0.5,
    "wrong": 0.0,
    "missing": 0.0,
}
SAMPLE = 200
_MAX_CANDIDATES = 50


class Comparison(NamedTuple):
    location: str
    surface: Surface
    field: Field
    match: Match
    found: str
    url: str | None


class _Index(NamedTuple):
    """Organisations by what finds them."""

    phones: Mapping[str, list[str]]
    postcodes: Mapping[str, list[str]]
    places: Mapping[str, set[Place]]
    """Places of the campaign by phone and by postcode."""
    country: str

    def is_of_another(self, entity: Entity, place: Place) -> bool:
        """It states the phone or postcode of other places only: a branch that is named here."""
        owners: set[Place] = set()
        for text in entity.texts("telephone"):
            owners |= self.places.get(e164(text, self.country), set())
        for address in entity.addresses.values():
            if address.parts is not None and (code := _code(address.parts.postcode)):
                owners |= self.places.get(code, set())
        return bool(owners) and place not in owners


def judge(
    places: Sequence[Place],
    pages: Mapping[int, LocationPage],
    graph: Graph,
    *,
    business_name: str,
    is_cut_off: bool,
) -> Part:
    """Each stated fact of each location on each surface: agrees 1, undecided .5, else 0."""
    index = _index(graph, places)
    comparisons: list[Comparison] = []
    unmeasured = 0
    for at, place in enumerate(places):
        page = pages.get(at)
        entity = _entity_of(place, page, graph, index, business_name)
        fields = _stated(place, business_name)
        if entity is not None or not is_cut_off:
            comparisons += _structured(place, entity, fields, business_name)
        else:
            unmeasured += len(fields)
        if page is not None:
            comparisons += _visible(place, page, fields)
        else:
            unmeasured += len(fields)
    return _part(places, comparisons, unmeasured, len(pages))


def _part(
    places: Sequence[Place], comparisons: list[Comparison], unmeasured: int, pages: int
) -> Part:
    total = len(comparisons)
    count = sum(_VALUES[c.match] for c in comparisons)
    wrong = {c.location: None for c in comparisons if c.match == "wrong"}
    # Worst first: the sample is cut.
    shown = sorted(comparisons, key=lambda c: -nap.MATCHES.index(_severity(c.match)))
    return part(
        "agreement",
        count / total if total else None,
        {
            "count": count,
            "total": total,
            "of": "stated facts of locations, on structured data and on visible text",
            "unmeasured": unmeasured,
            "measured_share": round(total / (total + unmeasured), 4) if total else None,
            "locations": len(places),
            "location_pages": pages,
            "wrong_locations": len(wrong),
            "wrong_sample": list(wrong)[:10],
            "matches": dict(Counter(c.match for c in comparisons)),
            "comparisons": [c._asdict() for c in shown[:SAMPLE]],
        },
    )


def _severity(match: Match) -> Match:
    """A contradiction is worse than silence."""
    return {"wrong": "missing", "missing": "wrong"}.get(match, match)  # type: ignore[return-value]  # both are matches


def _stated(place: Place, business_name: str) -> list[Field]:
    fields: list[Field] = []
    if place.name or business_name:
        fields.append("name")
    if place.street or place.postcode:
        fields.append("address")
    if place.phone:
        fields.append("phone")
    return fields


def _structured(
    place: Place, entity: Entity | None, fields: Iterable[Field], business_name: str
) -> Iterator[Comparison]:
    for field in fields:
        match: Match = "missing"
        found = ""
        if entity is not None:
            match, found = _match(place, entity, field, business_name)
        name = entity.id or None if entity is not None else None
        yield Comparison(place.name, "structured", field, match, found, name)


def _visible(place: Place, page: LocationPage, fields: Iterable[Field]) -> Iterator[Comparison]:
    shown = {"name": page.name, "address": page.address, "phone": page.phone}
    for field in fields:
        found = shown[field]
        yield Comparison(place.name, "visible", field, found.match, found.text[:200], page.url)


def _match(place: Place, entity: Entity, field: Field, business_name: str) -> tuple[Match, str]:
    """The best of the node's values, and which it is."""
    found: list[tuple[Match, str]] = []
    if field == "name":
        for text in entity.texts("name"):
            expected = [name for name in (place.name, business_name) if name]
            found.append((nap.best(nap.match_name(name, text) for name in expected), text))
    elif field == "phone":
        for text in entity.texts("telephone"):
            match = nap.match_phone(place.phone, text, country=place.country)
            found.append((match, text))
    else:
        wanted = address_of(place)
        for address in entity.addresses.values():
            if address.parts is not None:
                found.append((nap.match_address(wanted, address.parts), address.shown))
            else:
                found.append((ShownText(address.text).address(wanted).match, address.shown))
    best = min(found, key=lambda pair: nap.MATCHES.index(pair[0]), default=("missing", ""))
    return best[0], best[1][:200]


def _index(graph: Graph, places: Sequence[Place]) -> _Index:
    phones: dict[str, list[str]] = defaultdict(list)
    postcodes: dict[str, list[str]] = defaultdict(list)
    for key, entity in graph.entities.items():
        if not entity.is_organization:
            continue
        for text in entity.texts("telephone"):
            if number := e164(text, graph.country):
                phones[number].append(key)
        for address in entity.addresses.values():
            if address.parts is not None and (code := _code(address.parts.postcode)):
                postcodes[code].append(key)
    owners: dict[str, set[Place]] = defaultdict(set)
    for place in places:
        for name in (e164(place.phone, place.country), _code(place.postcode)):
            if name:
                owners[name].add(place)
    return _Index(phones, postcodes, owners, graph.country)


def _code(postcode: str) -> str:
    return "".join(char for char in postcode.casefold() if char.isalnum())


def _entity_of(
    place: Place,
    page: LocationPage | None,
    graph: Graph,
    index: _Index,
    business_name: str,
) -> Entity | None:
    """The node of the location: local businesses on its page first, else by phone or postcode.

    A local business on the location's own page is the location's, however wrong its values,
    unless they are another location's.
    """
    here = [node.key for node in page.nodes if node.key] if page is not None else []
    keys = list(
        dict.fromkeys(
            (
                *here,
                *index.phones.get(e164(place.phone, place.country), ()),
                *index.postcodes.get(_code(place.postcode), ()),
            )
        )
    )[:_MAX_CANDIDATES]
    ranked = []
    for key in keys:
        entity = graph.entities[key]
        if not entity.is_organization or not (
            entity.is_local or entity.addresses or entity.texts("telephone")
        ):
            continue
        agreeing = [
            field
            for field in _stated(place, business_name)
            if _match(place, entity, field, business_name)[0] in nap.AGREEING
        ]
        is_of_page = key in here and entity.is_local and not index.is_of_another(entity, place)
        if is_of_page or "phone" in agreeing or "address" in agreeing:
            ranked.append((not is_of_page, -len(agreeing), key not in here, key))
    return graph.entities[min(ranked)[-1]] if ranked else None
