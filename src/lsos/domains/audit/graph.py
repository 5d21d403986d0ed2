"""Loads the link graph of a run from what the crawl has stored."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.graph import Edge, NodeFlag
from lsos.checks.graph_builder import GraphBuilder
from lsos.domains.crawl import whole_run
from lsos.web.stored import LinkFlag
from lsos.web.urls import url_key


def _edge(flag: LinkFlag) -> Edge:
    if LinkFlag.REDIRECT in flag:
        return Edge.REDIRECT
    if LinkFlag.REFRESH in flag:
        return Edge.REFRESH
    if flag & (LinkFlag.IFRAME | LinkFlag.CANONICAL | LinkFlag.HREFLANG | LinkFlag.PAGINATION):
        return Edge.REFERENCE
    return Edge.FOLLOWED if flag.is_followed else Edge.NOFOLLOW


_EDGES = bytes(_edge(LinkFlag(bits)) for bits in range(2 * max(LinkFlag)))
"""Edge of each LinkFlag."""


def edges(flags: Iterable[int]) -> bytes:
    """`Edge`s of stored references."""
    return bytes([_EDGES[flag] for flag in flags])


async def load_graph(
    session: AsyncSession, run_id: UUID, campaign_id: UUID, *, has_unread: bool
) -> GraphBuilder:
    """Streams URLs and references: memory grows by about 10 bytes per link.

    Building the graph takes CPU for as long as reading it: the caller does it in a thread.

    `has_unread`: the run knows URLs that it did not fetch.
    """
    secret = campaign_id.bytes
    builder = GraphBuilder()
    async for row in whole_run.stream_urls(session, run_id):
        flags = NodeFlag.READ
        flags |= NodeFlag.PAGE if row.is_html and row.status == 200 else 0
        flags |= NodeFlag.INDEXABLE if row.is_indexable else 0
        flags |= NodeFlag.ELIGIBLE if row.is_eligible else 0
        flags |= NodeFlag.IN_SITEMAP if row.in_sitemap else 0
        is_canonicalised = row.canonical is not None and row.canonical != row.url
        canonical = url_key(secret, row.canonical) if is_canonicalised else None
        builder.add_node(row.key, row.url, flags, canonical)
    if has_unread:
        async for key in whole_run.stream_unread(session, run_id):
            builder.add_node(key, "", 0)
    async for key, targets, bits in whole_run.stream_references(session, run_id):
        builder.add_links(key, targets, edges(bits))
    return builder
