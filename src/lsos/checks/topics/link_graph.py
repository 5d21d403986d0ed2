"""Checks of where a page lies in the link graph of its site."""

from collections.abc import Iterator

from lsos.checks.base import Check, Context, Evidence
from lsos.checks.site import SiteFacts


def _sitemap_orphan(facts: SiteFacts, _: Context) -> Iterator[Evidence]:
    if facts.is_cut_off:
        return
    graph = facts.graph
    known_otherwise = graph.followed_inlinks + graph.nofollow_inlinks + graph.other_references
    alone = graph.indexable & graph.in_sitemap & (known_otherwise == 0)
    for node in alone.nonzero()[0].tolist():
        if node != graph.start:
            yield Evidence(value=0, selector="inlinks", subject=graph.url(node))


def _depth_deep(facts: SiteFacts, at: Context) -> Iterator[Evidence]:
    graph, limit = facts.graph, int(at.limits["clicks"])
    # A URL that was not fetched may link to any page, which then is one click further than it.
    if facts.is_cut_off and graph.nearest_unread < limit:
        return
    deep = graph.indexable & (graph.followed_clicks > limit)
    for node in deep.nonzero()[0].tolist():
        clicks = int(graph.followed_clicks[node])
        yield Evidence(value=clicks, selector="clicks", limit=limit, subject=graph.url(node))


CHECKS = (
    Check(
        code="sitemap_orphan",
        topic="links",
        severity="medium",
        scope="site",
        title="Page known only from the sitemap",
        why="No page of the site links to it, so visitors can't find it and search engines take it "
        "for unimportant.",
        fix="Link to the page from a page of its topic, or take it out of the sitemap if nobody is "
        "to find it.",
        run_site=_sitemap_orphan,
        source="Google Search Central: link best practices",
    ),
    Check(
        code="depth_deep",
        topic="links",
        severity="medium",
        scope="site",
        title="Page many clicks from the start page",
        why="The more clicks a page lies from the start page, the fewer visitors reach it, and the "
        "later and more rarely search engines fetch it.",
        fix="Link to the page from a hub, a category or a related page nearer to the start page.",
        run_site=_depth_deep,
        limits={"clicks": 4},
        source="Google Search Central: link best practices",
    ),
)
