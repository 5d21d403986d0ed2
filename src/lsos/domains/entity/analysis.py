"""Judges a site's entity from its pages: takes them one by one, then gives parts and graph."""

from collections.abc import Sequence

import msgspec

from lsos.domains.entity import agreement, rules, same_as
from lsos.domains.entity.graph import Entity, Graph, PageNode
from lsos.domains.entity.places import LocationPages, Place, ServicePages
from lsos.domains.entity.reading import page_key
from lsos.domains.entity.rules import Analysis, Part, PartName, part
from lsos.domains.entity.topics import Keyword, Topics, word_set
from lsos.web.facts import PageFacts
from lsos.web.schema_org.types import LOCAL_BUSINESS_TYPES

SAMPLE = 50
SERVICE_TYPES = LOCAL_BUSINESS_TYPES | word_set(
    "Service FinancialProduct FoodService GovernmentService TaxiService MedicalProcedure"
    " MedicalTherapy MedicalTest TherapeuticProcedure SurgicalProcedure DiagnosticProcedure"
    " Product Offer AggregateOffer OfferCatalog"
)
_IDENTITY = ("name", "address", "telephone", "url", "image", "id")


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What the campaign says of the business, and what the run was."""

    start_url: str
    business_name: str = ""
    services: Sequence[str] = ()
    places: Sequence[Place] = ()
    keywords: Sequence[Keyword] = ()
    is_cut_off: bool = False
    """The run did not see all of the site: what was not found may exist."""


class Analyser:
    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._start = page_key(subject.start_url)
        countries = {place.country for place in subject.places}
        self._graph = Graph(
            self._start.partition("/")[0], countries.pop() if len(countries) == 1 else ""
        )
        self._locations = LocationPages(subject.places, subject.business_name)
        self._services = ServicePages(subject.services)
        self._topics = Topics(subject.keywords)
        self._pages = 0

    def add(self, page: PageFacts) -> None:
        """A page that answered 200 with HTML and may be indexed."""
        self._pages += 1
        is_start = page_key(page.url) == self._start
        nodes = self._graph.add(page, is_start=is_start)
        self._locations.add(page, nodes)
        self._services.add(page, nodes, is_start=is_start)
        self._topics.add(page)

    def finish(self) -> Analysis:
        graph = self._graph
        graph.finish()
        found = graph.main(self._subject.business_name)
        main = found[1] if found else None
        if not self._pages:
            parts: dict[PartName, Part] = {name: part(name, None, {}) for name in rules.WEIGHTS}
        else:
            parts = {
                "identity": self._identity(main),
                "agreement": agreement.judge(
                    self._subject.places,
                    self._locations.found,
                    graph,
                    business_name=self._subject.business_name,
                    is_cut_off=self._subject.is_cut_off,
                ),
                "same_as": self._same_as(main),
                "coverage": self._coverage(main),
                "topics": self._covered_topics(),
            }
        return Analysis(rules.score(parts), parts, self._shown_graph(main))

    def _identity(self, main: Entity | None) -> Part:
        total = len(_IDENTITY)
        if main is None:
            evidence: dict[str, object] = {
                "count": 0,
                "total": total,
                "node": None,
                "missing": list(_IDENTITY),
            }
            return part("identity", 0.0, evidence)
        has_street = any(place.street for place in self._subject.places)
        is_area = main.has_area and (not has_street or not self._subject.places)
        stated = {
            "name": bool(main.variants.get("name")),
            "address": bool(main.addresses) or is_area,
            "telephone": bool(main.variants.get("telephone")),
            "url": bool(main.variants.get("url")),
            "image": main.has_image,
            "id": bool(main.id),
        }
        count = sum(stated.values())
        return part(
            "identity",
            count / total,
            {
                "count": count,
                "total": total,
                "of": "name, address (areaServed without a public address), telephone, url, "
                "logo or image, @id",
                "node": main.id or None,
                "types": list(main.types)[:10],
                "name": next(iter(main.texts("name")), None),
                "pages": main.pages,
                "present": [name for name in _IDENTITY if stated[name]],
                "missing": [name for name in _IDENTITY if not stated[name]],
            },
        )

    def _same_as(self, main: Entity | None) -> Part:
        values: dict[str, None] = {}
        if main is not None:
            family = self._graph.family(main)
            kin = [self._graph.entities[name] for name in sorted(family)] or [main]
            for entity in (main, *kin):
                values.update(entity.same_as)
        judged = same_as.profiles(values, self._graph.host)
        valid = [profile for profile in judged if profile.verdict == "valid"]
        others = [profile for profile in judged if profile.verdict != "valid"]
        return part(
            "same_as",
            min(1.0, len(valid) / rules.FULL_SAME_AS),
            {
                "count": len(valid),
                "total": rules.FULL_SAME_AS,
                "of": "valid profiles of known kinds, 3 or more are full; judged by URL alone, "
                "none was fetched",
                "valid": [{"url": p.url, "kind": p.kind} for p in valid[:SAMPLE]],
                "others": [
                    {"url": p.url[:500], "kind": p.kind or None, "reason": p.verdict}
                    for p in others[:SAMPLE]
                ],
                "missing": [],
            },
        )

    def _coverage(self, main: Entity | None) -> Part:
        family = self._graph.family(main) if main is not None else set()
        named = {target for name in family for _, target in self._graph.entities[name].references}
        pages: dict[str, tuple[str, bool]] = {}
        for found in self._locations.found.values():
            pages[found.url] = ("location", _fits(found.nodes, LOCAL_BUSINESS_TYPES, family, named))
        for service in self._services.found:
            fits = _fits(service.nodes, SERVICE_TYPES, family, named)
            pages.setdefault(service.url, ("service", fits))
        count = sum(fits for _, fits in pages.values())
        missing = sorted(url for url, (_, fits) in pages.items() if not fits)
        kinds = [kind for kind, _ in pages.values()]
        return part(
            "coverage",
            count / len(pages) if pages else None,
            {
                "count": count,
                "total": len(pages),
                "of": "location and service pages",
                "location_pages": kinds.count("location"),
                "service_pages": kinds.count("service"),
                "main_id": main.id or None if main is not None else None,
                "missing": missing[:SAMPLE],
                "is_complete": not self._services.is_full,
            },
        )

    def _covered_topics(self) -> Part:
        topics = self._topics
        covered = topics.covered
        return part(
            "topics",
            len(covered) / topics.total if topics.total else None,
            {
                "count": len(covered),
                "total": topics.total,
                "of": "keywords that differ by text or language",
                "covered": [
                    {"keyword": keyword.text, "place": cover.place, "url": cover.url}
                    for keyword, cover in covered[:SAMPLE]
                ],
                "missing": [keyword.text for keyword in topics.missing[:SAMPLE]],
            },
        )

    def _shown_graph(self, main: Entity | None) -> dict[str, object]:
        graph = self._graph
        organizations = [e for e in graph.entities.values() if e.is_organization]
        organizations.sort(key=lambda e: (e is not main, -e.mentions, -e.pages, e.id))
        conflicts = sorted(graph.conflicts(), key=lambda c: (str(c["id"]), str(c["property"])))
        dangling = None if self._subject.is_cut_off or graph.is_full else graph.dangling()
        references = [
            {"from": entity.id or None, "property": name, "to": target}
            for entity in organizations[:SAMPLE]
            for name, target in entity.references
        ]
        return {
            "pages": self._pages,
            "pages_with_data": graph.pages_with_data,
            "is_cut_off": self._subject.is_cut_off,
            "is_complete": not graph.is_full,
            "nodes": graph.node_count,
            "organizations": len(organizations),
            "main": main.id or None if main is not None else None,
            "entities": [_shown_entity(entity) for entity in organizations[:SAMPLE]],
            "references": references[: 4 * SAMPLE],
            "conflict_count": len(conflicts),
            "conflicts": conflicts[:SAMPLE],
            "dangling_count": None if dangling is None else len(dangling),
            "dangling": None
            if dangling is None
            else [
                {"id": name, "references": count, "page": page}
                for name, count, page in dangling[:SAMPLE]
            ],
        }


def _shown_entity(entity: Entity) -> dict[str, object]:
    return {
        "id": entity.id or None,
        "types": list(entity.types)[:10],
        "names": entity.texts("name")[:5],
        "telephones": entity.texts("telephone")[:5],
        "addresses": list(entity.addresses)[:5],
        "urls": entity.texts("url")[:5],
        "same_as": len(entity.same_as),
        "pages": entity.pages,
        "references": entity.mentions,
    }


def _fits(
    nodes: Sequence[PageNode], types: frozenset[str], family: set[str], named: set[str]
) -> bool:
    """A node of a fitting type that is, names, or is named by the main entity or its branches."""
    return any(
        not types.isdisjoint(node.types)
        and (
            (bool(node.id) and (node.id in family or node.id in named))
            or not node.targets.isdisjoint(family)
        )
        for node in nodes
    )
