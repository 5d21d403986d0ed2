"""Checks of structured data: is it there, can it be read, and is a local business complete."""

from collections.abc import Iterator

from lsos.checks.base import Check, Context, Evidence, Severity, text
from lsos.checks.helpers.guards import indexable, ok_html
from lsos.checks.helpers.url_parts import is_on_domain
from lsos.checks.helpers.visible_nap import Contradiction, contradictions
from lsos.checks.topics import local_business
from lsos.checks.topics.local_business import has_business
from lsos.web.facts import PageFacts
from lsos.web.schema_org.nodes import (
    Node,
    as_node,
    as_text,
    graph_of,
    is_present,
    types_of,
    values_of,
)
from lsos.web.schema_org.types import ORGANIZATION_TYPES

_GOOGLE = "https://developers.google.com/search/docs/appearance/structured-data/"


def _jsonld_parse_error(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for error in page.jsonld_errors:
        yield Evidence(value=text(error), selector='script[type="application/ld+json"]')


def _sd_missing(page: PageFacts, _: Context) -> Iterator[Evidence]:
    # A block that can't be read is jsonld_parse_error's.
    if not (page.items or page.has_microdata or page.has_rdfa or page.jsonld_errors):
        yield Evidence(selector='script[type="application/ld+json"]')


def _site_name_missing(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if page.og.get("og:site_name", "").strip():
        return
    for item in page.items:
        if "WebSite" in item.types and is_present(values_of(item.data, "name")):
            return
    yield Evidence(selector="WebSite.name")


def _start_html(page: PageFacts, _: Context) -> bool:
    return page.is_ok_html and page.is_start


def _is_own(node: Node, at: Context) -> bool:
    """A node without a url of its own describes the site's business."""
    urls = [as_text(url) for url in values_of(node, "url")]
    absolute = [url for url in urls if url.startswith(("http:", "https:"))]
    return not absolute or any(is_on_domain(url, at.site) for url in absolute)


def _is_about_itself(node: Node, types: list[str], at: Context) -> bool:
    return not ORGANIZATION_TYPES.isdisjoint(types) and _is_own(node, at)


def _lb_self_rating(page: PageFacts, at: Context) -> Iterator[Evidence]:
    graph = graph_of(page)
    for item in page.items:
        if _is_about_itself(item.data, item.types, at):
            for name in ("aggregateRating", "review"):
                if is_present(values_of(item.data, name)):
                    yield Evidence(value=name, selector=f"{item.types[0]}.{name}")
        if not item.is_top or {"Review", "AggregateRating"}.isdisjoint(item.types):
            continue
        for value in values_of(item.data, "itemReviewed"):
            node = as_node(graph.resolve(value))
            if node is not None and _is_about_itself(node, types_of(node), at):
                yield Evidence(value="itemReviewed", selector=f"{item.types[0]}.itemReviewed")


def _severity_of(found: Contradiction) -> Severity | None:
    if found.field == "name":
        return "low"
    return None if found.is_sure else "medium"


def _sd_text_mismatch(page: PageFacts, at: Context) -> Iterator[Evidence]:
    graph = graph_of(page)
    for item, kind in graph.businesses:
        if item.is_top:
            for found in contradictions(page, graph, item, at.site):
                yield Evidence(
                    value=text(found.declared),
                    selector=f"{kind}.{found.field}",
                    limit=text(found.visible),
                    severity=_severity_of(found),
                )


CHECKS = (
    Check(
        code="jsonld_parse_error",
        topic="structured_data",
        severity="high",
        scope="page",
        title="A JSON-LD block is no valid JSON",
        why="Search engines drop the whole block, so none of its data counts.",
        fix="Correct the JSON at the named place: often a trailing comma, an unescaped quote or a "
        "line break inside a string.",
        run_page=_jsonld_parse_error,
        applies=ok_html,
        source="RFC 8259",
    ),
    Check(
        code="sd_missing",
        topic="structured_data",
        severity="info",
        scope="page",
        judges="search",
        title="No structured data",
        why="Structured data makes a page eligible for rich results and names its business without "
        "doubt.",
        fix="Add JSON-LD that fits the page, such as a LocalBusiness subtype, Service or Article.",
        run_page=_sd_missing,
        applies=indexable,
        source=f"{_GOOGLE}intro-structured-data",
    ),
    *local_business.CHECKS,
    Check(
        code="lb_self_rating",
        topic="structured_data",
        severity="low",
        scope="page",
        title="The business marks up ratings of itself",
        why="Google shows no stars for reviews that a LocalBusiness or Organization publishes "
        "about itself.",
        fix="Don't expect stars from it; the markup may stay. Reviews on the business profile "
        "count instead.",
        run_page=_lb_self_rating,
        applies=ok_html,
        source=f"{_GOOGLE}review-snippet",
    ),
    Check(
        code="sd_text_mismatch",
        topic="structured_data",
        severity="high",
        scope="page",
        title="Structured data contradicts the visible text",
        why="Structured data must describe what visitors see; a different phone or address "
        "confuses customers and the match with the business profile.",
        fix="Make phone, postcode and house number the same in text and structured data.",
        run_page=_sd_text_mismatch,
        applies=has_business,
        source=f"{_GOOGLE}sd-policies",
    ),
    Check(
        code="site_name_missing",
        topic="structured_data",
        severity="info",
        scope="host",
        title="The home page gives no site name",
        why="Google shows a site name in results; WebSite structured data is its preferred source.",
        fix="Add WebSite structured data with name and url to the home page.",
        run_page=_site_name_missing,
        applies=_start_html,
        source="https://developers.google.com/search/docs/appearance/site-names",
    ),
)
