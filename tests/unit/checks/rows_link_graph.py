"""Rows for the checks of the link graph."""

from lsos.checks.graph import Edge, LinkGraph, NodeFlag
from lsos.checks.site import SiteContext, SiteFacts
from lsos.web.facts import PageFacts
from tests.support.facts import host, site
from tests.support.graphs import PAGE, graph

Row = tuple[str, PageFacts | SiteFacts, SiteContext | None, bool]

NOFOLLOW, REFERENCE, REDIRECT = Edge.NOFOLLOW, Edge.REFERENCE, Edge.REDIRECT
NOINDEX = NodeFlag.READ | NodeFlag.PAGE
DEEP: dict[str, list[str]] = {"/": ["/1"], "/1": ["/2"], "/2": ["/3"], "/3": ["/4"], "/4": ["/5"]}


def of(links: LinkGraph, *, is_cut_off: bool = False) -> SiteFacts:
    return site(host(), graph=links, is_cut_off=is_cut_off)


def listed(**links: list[str | tuple[str, Edge]]) -> SiteFacts:
    """A site whose sitemap lists /listed; keywords are paths."""
    drawn: dict[str, list[str | tuple[str, Edge]]] = {
        "/": [],
        "/listed": [],
        **{f"/{name}": edges for name, edges in links.items()},
    }
    return of(graph(drawn, sitemap=["/listed"]))


ORPHANS: list[Row] = [
    ("sitemap_orphan", facts, None, fires)
    for facts, fires in [
        (listed(), True),
        (listed(a=["/listed"]), False),  # even from a page that itself is an orphan
        (listed(listed=["/listed", "/"]), True),  # a page's link to itself helps nobody
        # These are known otherwise: other checks are about them.
        (listed(a=[("/listed", NOFOLLOW)]), False),
        (listed(a=[("/listed", REDIRECT)]), False),
        (listed(a=[("/listed", REFERENCE)]), False),
        (of(graph({"/": []}, sitemap=["/"])), False),  # the start page needs no link
        (of(graph({"/": [], "/listed": []})), False),  # in no sitemap
        (
            of(graph({"/": [], "/a": []}, sitemap=["/a"], flags={"/": PAGE, "/a": NOINDEX})),
            False,
        ),
        (of(graph({"/": [], "/listed": []}, sitemap=["/listed"]), is_cut_off=True), False),
    ]
]
DEPTHS: list[Row] = [
    ("depth_deep", facts, None, fires)
    for facts, fires in [
        (of(graph({**DEEP, "/5": []})), True),
        (of(graph({**DEEP, "/4": [], "/5": []})), False),  # four clicks; /5 can't be reached
        (of(graph({**DEEP, "/": ["/1", "/5"], "/5": []})), False),
        (of(graph({**DEEP, "/": ["/1", ("/5", NOFOLLOW)], "/5": []})), True),
        (of(graph({**DEEP, "/4": [("/5", REDIRECT)], "/5": []})), False),  # a hop is no click
        (of(graph({**DEEP, "/5": []}, flags={"/5": NOINDEX})), False),
        (of(graph({**DEEP, "/5": ["/6"]}), is_cut_off=True), True),  # /6 is too far to be a way
        (of(graph({**DEEP, "/": ["/1", "/x"], "/5": []}), is_cut_off=True), False),
        (of(graph({**DEEP, "/": ["/1", "/x"], "/5": []})), True),
    ]
]
ROWS: list[Row] = ORPHANS + DEPTHS
