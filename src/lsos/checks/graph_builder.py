"""Builds the link graph of a run from its stored pages, in bounded memory (see `checks.graph`)."""

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsos.checks.graph import Ints, LinkGraph, find

_BATCH = 100_000
"""References that are looked up at once."""


class GraphBuilder:
    """Takes nodes first, then the references of each page in ascending order of keys."""

    def __init__(self) -> None:
        self._node_keys = array("q")
        self._node_flags = array("B")
        self._canonical_keys = array("q")
        self._canonical_of = array("q")
        self._urls: list[str] = []
        self._keys: Ints | None = None
        self._page_keys = array("q")
        self._page_counts = array("q")
        self._target_keys = array("q")
        self._target_kinds = array("B")
        self._batches: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []

    def add_node(self, key: int, url: str, flags: int, canonical: int | None = None) -> None:
        """`canonical`: key of another URL that the page names as its canonical."""
        self._node_keys.append(key)
        self._node_flags.append(flags)
        self._urls.append(url)
        if canonical is not None:
            self._canonical_of.append(key)
            self._canonical_keys.append(canonical)

    def add_links(self, key: int, targets: Sequence[int], kinds: bytes) -> None:
        """References of one page: keys of their targets, and an `Edge` for each."""
        self._page_keys.append(key)
        self._page_counts.append(len(targets))
        self._target_keys.extend(targets)
        self._target_kinds.frombytes(kinds)
        if len(self._target_keys) >= _BATCH:
            self._flush()

    def build(self, start_key: int) -> LinkGraph:
        self._flush()
        keys = self._sorted_keys()
        order = np.argsort(np.frombuffer(self._node_keys, np.int64), kind="stable")
        canonicals = np.full(len(keys), -1, np.int32)
        pages, _ = find(keys, np.frombuffer(self._canonical_of, np.int64))
        named, known = find(keys, np.frombuffer(self._canonical_keys, np.int64))
        canonicals[pages[known]] = named[known]
        start, is_known = find(keys, np.array([start_key], np.int64))
        return LinkGraph(
            keys=keys,
            urls=[self._urls[i] for i in order],
            flags=np.frombuffer(self._node_flags, np.uint8)[order],
            canonicals=canonicals,
            edges=(self._column(0, np.int32), self._column(1, np.int32), self._column(2, np.uint8)),
            start=int(start[0]) if is_known[0] else -1,
        )

    def _column(self, at: int, kind: type) -> NDArray[Any]:
        return np.concatenate([np.empty(0, kind), *(batch[at] for batch in self._batches)])

    def _sorted_keys(self) -> Ints:
        if self._keys is None:
            self._keys = np.sort(np.frombuffer(self._node_keys, np.int64))
        return self._keys

    def _flush(self) -> None:
        """References of the pages in hand as edges between nodes, each pair once."""
        if not self._page_keys:
            return
        keys = self._sorted_keys()
        pages, is_node = find(keys, np.frombuffer(self._page_keys, np.int64))
        counts = np.frombuffer(self._page_counts, np.int64)
        sources, is_source = np.repeat(pages, counts), np.repeat(is_node, counts)
        targets, is_target = find(keys, np.frombuffer(self._target_keys, np.int64))
        kept = is_source & is_target & (sources != targets)
        pairs = (sources[kept] << 32) | targets[kept]
        order = np.argsort(pairs, kind="stable")
        pairs = pairs[order]
        kinds = np.frombuffer(self._target_kinds, np.uint8)[kept][order]
        if len(pairs):
            first = np.flatnonzero(np.diff(pairs, prepend=-1))
            self._batches.append(
                (
                    (pairs[first] >> 32).astype(np.int32),
                    (pairs[first] & 0xFFFFFFFF).astype(np.int32),
                    np.bitwise_or.reduceat(kinds, first),
                )
            )
        self._page_keys, self._page_counts = array("q"), array("q")
        self._target_keys, self._target_kinds = array("q"), array("B")
