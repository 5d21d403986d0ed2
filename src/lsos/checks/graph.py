"""The link graph of a finished run: who links to whom, clicks from the start, internal PageRank.

Nodes are the internal URLs that the run knows, edges the references between two of them, each pair
once. All of it lives in numpy arrays: 100,000 pages with 6 million links take about 60 MB. Only
the site analysis may import this module: numpy costs every process 17 MB and 0.1 s.
"""

from collections.abc import Sequence
from enum import IntFlag
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

UNREACHED = -1
FAR = 2**31 - 1
DAMPING = 0.85
PRECISION = 1e-6
"""L1 distance of two rounds at which PageRank has settled."""
MAX_ROUNDS = 100
_BLOCK = 250_000
"""Edges that are looked at at once: numpy widens them to 64 bits."""
_NODES = 2_000
"""Nodes whose edges are followed at once."""


class Edge(IntFlag):
    """Kinds of references from one URL to another; an edge has every kind that its page uses."""

    FOLLOWED = 1
    """a or area, not nofollow by its rel or its page."""
    NOFOLLOW = 2
    """a or area that is nofollow."""
    REFERENCE = 4
    """What nobody clicks: canonical, hreflang, pagination, iframe."""
    REDIRECT = 8
    REFRESH = 16


CLICKS = Edge.FOLLOWED | Edge.NOFOLLOW
HOPS = Edge.REDIRECT | Edge.REFRESH


class NodeFlag(IntFlag):
    READ = 1
    """The run has a result of this URL, be it an error."""
    PAGE = 2
    """It answered 200 with HTML."""
    INDEXABLE = 4
    ELIGIBLE = 8
    """A page that scores are about."""
    IN_SITEMAP = 16


class LinkGraph:
    """Read-only; made by `GraphBuilder`. Arrays are indexed by node."""

    def __init__(
        self,
        *,
        keys: Ints,
        urls: Sequence[str],
        flags: NDArray[np.uint8],
        canonicals: NDArray[np.int32],
        edges: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]],
        start: int,
    ) -> None:
        self.keys = keys
        """Sorted."""
        self._urls = urls
        self._flags = flags
        self._canonicals = canonicals
        self._sources, self._targets, self._kinds = edges  # sorted by source
        self.start = start
        """The start URL; -1 when the run has no result of it."""

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def edge_count(self) -> int:
        return len(self._sources)

    def url(self, node: int) -> str:
        """ "" for a URL without a result."""
        return self._urls[node]

    def has(self, flag: NodeFlag) -> Bools:
        """Nodes with all of these flags."""
        wanted = np.uint8(flag)
        found: Bools = (self._flags & wanted) == wanted
        return found

    @property
    def indexable(self) -> Bools:
        return self.has(NodeFlag.INDEXABLE)

    @property
    def in_sitemap(self) -> Bools:
        return self.has(NodeFlag.IN_SITEMAP)

    @property
    def nearest_unread(self) -> int:
        """Fewest followed clicks to a URL that the run has not fetched; huge when there is none."""
        clicks = self.followed_clicks[~self.has(NodeFlag.READ)]
        return int(clicks[clicks != UNREACHED].min(initial=FAR))

    @cached_property
    def followed_inlinks(self) -> Ints:
        """Other URLs with a followed link to the node."""
        return self._inlinks(Edge.FOLLOWED)

    @cached_property
    def nofollow_inlinks(self) -> Ints:
        """Other URLs that link to the node by nofollow links alone."""
        return self._inlinks(Edge.NOFOLLOW, without=Edge.FOLLOWED)

    @cached_property
    def other_references(self) -> Ints:
        """Other URLs that redirect to the node, or name it where nobody clicks."""
        return self._inlinks(Edge.REFERENCE | HOPS)

    def _inlinks(self, kinds: Edge, *, without: int = 0) -> Ints:
        counts = np.zeros(len(self), np.int64)
        for at in range(0, self.edge_count, _BLOCK):
            kind = self._kinds[at : at + _BLOCK]
            wanted = _any(kind, kinds) & ~_any(kind, without)
            targets = self._targets[at : at + _BLOCK][wanted]
            counts += np.bincount(targets, minlength=len(self))
        return counts

    @cached_property
    def clicks(self) -> NDArray[np.int32]:
        """Fewest clicks from the start URL as in a browser; UNREACHED where no path leads.

        A click is a link of an `a` or `area`, nofollow or not. A redirect or meta refresh takes
        the visitor on without one; what else stands in the answer of a redirect is never seen.
        """
        return self._distances(CLICKS)

    @cached_property
    def followed_clicks(self) -> NDArray[np.int32]:
        """The same by followed links alone: how a search engine gets there."""
        return self._distances(Edge.FOLLOWED)

    def _distances(self, clicks: Edge) -> NDArray[np.int32]:
        """Breadth-first search, one level at a time; each edge is looked at once."""
        found = np.full(len(self), UNREACHED, np.int32)
        if self.start < 0:
            return found
        level = np.array([self.start])
        distance = 0
        while len(level):
            found[level] = distance
            arrived = level
            while len(arrived := self._next(arrived, HOPS, found)):
                found[arrived] = distance
                level = np.concatenate([level, arrived])
            level = self._next(level[~self._redirects[level]], clicks, found)
            distance += 1
        return found

    def _next(self, nodes: Ints, kinds: Edge, found: NDArray[np.int32]) -> Ints:
        """Nodes that are new and one edge of these kinds away."""
        is_new = np.zeros(len(self), np.bool_)
        for at in range(0, len(nodes), _NODES):
            starts = self._offsets[nodes[at : at + _NODES]]
            counts = self._offsets[nodes[at : at + _NODES] + 1] - starts
            ends = np.cumsum(counts)
            edges = np.repeat(starts - ends + counts, counts) + np.arange(counts.sum())
            is_new[self._targets[edges[_any(self._kinds[edges], kinds)]]] = True
        return np.flatnonzero(is_new & (found == UNREACHED))

    @cached_property
    def _offsets(self) -> Ints:
        """Where the edges of each node begin, and where the last ones end."""
        # Needles of another width would widen all sources.
        return np.searchsorted(self._sources, np.arange(len(self) + 1, dtype=np.int32))

    @cached_property
    def _redirects(self) -> Bools:
        """Nodes that answered with an HTTP redirect to another URL of the site."""
        found = np.zeros(len(self), np.bool_)
        found[self._sources[_any(self._kinds, Edge.REDIRECT)]] = True
        return found

    @cached_property
    def ends(self) -> Ints:
        """Where redirects, refreshes and canonicals lead from each node; the node itself if
        nowhere, or round in a loop. A canonical that is no page is ignored, as search engines do.
        """
        nodes = np.arange(len(self))
        step = nodes.copy()
        named = self._canonicals >= 0
        named[named] = self.has(NodeFlag.PAGE)[self._canonicals[named]]
        step[named] = self._canonicals[named]
        hops = _any(self._kinds, HOPS)
        step[self._sources[hops]] = self._targets[hops]
        end = step
        # Following all chains at once doubles the steps each time: 2^k of them cover the longest.
        for _ in range(max(1, len(self)).bit_length()):
            end = end[end]
        # Whoever is still on the way after that many steps goes round in circles.
        looping = step[end] != end
        return np.where(looping, nodes, end)

    @cached_property
    def page_rank(self) -> NDArray[np.float64]:
        """Internal PageRank: the sum is 1; 0 where a node is no page or leads to another one.

        Links to a URL that redirects or names a canonical count for the page at its end, links to
        what is no page not at all. The share of nofollow links, and all that a page without links
        has, is spread evenly (Docs/formulas.md).
        """
        size = len(self)
        ends = self.ends
        ranked = self.has(NodeFlag.PAGE) & (ends == np.arange(size))
        total = int(ranked.sum())
        rank = np.zeros(size)
        if not total:
            return rank
        followed = self._votes(Edge.FOLLOWED, ranked)
        nofollow = self._votes(Edge.NOFOLLOW, ranked)
        nofollow = nofollow[~find(followed, nofollow)[1]]
        voting = _Votes(followed, size)
        del followed
        lost_votes = np.bincount(nofollow % size, minlength=size)
        votes = np.bincount(voting.sources, minlength=size) + lost_votes
        per_vote = 1 / np.maximum(votes, 1)
        lost = np.where(votes == 0, 1.0, lost_votes * per_vote) * ranked
        rank[ranked] = 1 / total
        for _ in range(MAX_ROUNDS):
            new = DAMPING * voting.sums(rank * per_vote)
            new[ranked] += (1 - DAMPING + DAMPING * float(rank @ lost)) / total
            change = float(np.abs(new - rank).sum())
            rank = new
            if change < PRECISION:
                break
        return rank

    def _votes(self, kind: Edge, ranked: Bools) -> Ints:
        """Links between ranked pages as target * size + source, sorted, each pair once."""
        pairs = np.empty(np.count_nonzero(_any(self._kinds, kind)), np.int64)
        filled = 0
        for at in range(0, self.edge_count, _BLOCK):
            chosen = _any(self._kinds[at : at + _BLOCK], kind)
            linking = self._sources[at : at + _BLOCK][chosen]
            targets = self.ends[self._targets[at : at + _BLOCK][chosen]]
            is_seen = ~self._redirects[linking]
            sources = self.ends[linking]
            kept = is_seen & ranked[sources] & ranked[targets] & (sources != targets)
            block = targets[kept] * len(self) + sources[kept]
            pairs[filled : filled + len(block)] = block
            filled += len(block)
        pairs = pairs[:filled]
        pairs.sort()
        is_first = np.ones(filled, np.bool_)
        np.not_equal(pairs[1:], pairs[:-1], out=is_first[1:])
        return pairs if is_first.all() else pairs[is_first]

    def sources_of(self, targets: Sequence[int]) -> "Sources":
        """Which eligible pages refer to these URLs, given by key, in any way."""
        if not targets:
            return Sources(self.keys, self._sources[:0], self._targets[:0])
        wanted = np.zeros(len(self), np.bool_)
        nodes, known = find(self.keys, np.asarray(targets, np.int64))
        wanted[nodes[known]] = True
        chosen = wanted[self._targets] & self.has(NodeFlag.ELIGIBLE)[self._sources]
        return Sources(self.keys, self._sources[chosen], self._targets[chosen])


def _any(kinds: NDArray[np.uint8], wanted: int) -> Bools:
    """Edges of any of the wanted kinds; an Edge itself would widen all kinds to 64 bits."""
    found: Bools = (kinds & np.uint8(wanted)) != 0
    return found


class _Votes:
    """Sums over the links of each target, a block of links at a time."""

    def __init__(self, pairs: Ints, size: int) -> None:
        self._size = size
        self.sources = np.empty(len(pairs), np.int32)
        for at in range(0, len(pairs), _BLOCK):
            self.sources[at : at + _BLOCK] = pairs[at : at + _BLOCK] % size
        starts = np.searchsorted(pairs, np.arange(size + 1) * size)
        self._linked = np.flatnonzero(np.diff(starts))
        self._starts = starts[self._linked]
        # Blocks end where a target's links do.
        cuts = np.searchsorted(self._starts, np.arange(0, len(pairs), _BLOCK))
        self._cuts = np.unique([*cuts, len(self._linked)]).tolist()

    def sums(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """For each target the weights of those that link to it."""
        found = np.zeros(self._size)
        for first, end in pairwise(self._cuts):
            starts = self._starts[first:end]
            last = self._starts[end] if end < len(self._starts) else len(self.sources)
            given = weights[self.sources[starts[0] : last]]
            found[self._linked[first:end]] = np.add.reduceat(given, starts - starts[0])
        return found


class Sources:
    """Pages that refer to some URLs, by the key of the URL."""

    def __init__(self, keys: Ints, sources: NDArray[np.int32], targets: NDArray[np.int32]) -> None:
        order = np.argsort(targets, kind="stable")
        self._keys = keys
        self._sources = sources[order]
        self._targets = targets[order]

    def __call__(self, key: int) -> list[int]:
        """Keys of the pages."""
        node = int(np.searchsorted(self._keys, key))
        first, end = np.searchsorted(self._targets, np.array([node, node + 1], np.int32))
        if node >= len(self._keys) or self._keys[node] != key:
            return []
        found: list[int] = self._keys[self._sources[first:end]].tolist()
        return found


def find(keys: Ints, wanted: Ints) -> tuple[Ints, Bools]:
    """Places of `wanted` in sorted `keys`, and which of them are there at all."""
    if not len(keys):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return places, keys[places] == wanted
