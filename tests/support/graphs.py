"""Link graphs for tests, drawn by paths: `graph({"/": ["/a"], "/a": []})`."""

from collections.abc import Collection, Mapping, Sequence

from lsos.checks.graph import Edge, LinkGraph, NodeFlag
from lsos.checks.graph_builder import GraphBuilder

ORIGIN = "https://www.example.com"
PAGE = NodeFlag.READ | NodeFlag.PAGE | NodeFlag.INDEXABLE | NodeFlag.ELIGIBLE
Target = str | tuple[str, Edge]
"""A path that is linked by a followed link, or with the kind of its reference."""


def graph(
    links: Mapping[str, Sequence[Target]],
    *,
    start: str = "/",
    sitemap: Collection[str] = (),
    canonicals: Mapping[str, str] | None = None,
    flags: Mapping[str, NodeFlag] | None = None,
) -> LinkGraph:
    """Paths of `links` are indexable pages, the other targets were not fetched.

    The key of a node is its place in the sorted paths, counted from 1.
    """
    named = {t if isinstance(t, str) else t[0] for targets in links.values() for t in targets}
    paths = sorted({start, *links, *named})
    keys = {path: at for at, path in enumerate(paths, start=1)}
    builder = GraphBuilder()
    for path in paths:
        flag = (flags or {}).get(path, PAGE if path in links else NodeFlag(0))
        if path in sitemap:
            flag |= NodeFlag.IN_SITEMAP
        canonical = (canonicals or {}).get(path)
        builder.add_node(keys[path], ORIGIN + path, flag, keys[canonical] if canonical else None)
    for path in sorted(links):
        edges = [(t, Edge.FOLLOWED) if isinstance(t, str) else t for t in links[path]]
        builder.add_links(keys[path], [keys[t] for t, _ in edges], bytes(e for _, e in edges))
    return builder.build(keys[start])
