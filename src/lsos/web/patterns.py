"""Patterns over path and query, as robots.txt and the scope of a crawl write them."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern over path and query: `*` is any run, a last `$` the end, else it is a prefix.

    Leftmost search of each literal decides, so a match takes one pass over the text.
    """

    head: str
    parts: tuple[str, ...]
    tail: str | None
    """What the text must end with, after the parts; None when the end is open."""
    is_exact: bool
    """The text must equal `head`."""

    @classmethod
    def of(cls, pattern: str) -> Self:
        is_anchored = pattern.endswith("$")
        head, *parts = pattern.removesuffix("$").split("*")
        tail = parts.pop() if parts and is_anchored else None
        return cls(head, tuple(filter(None, parts)), tail, is_anchored and tail is None)

    def matches(self, text: str) -> bool:
        if self.is_exact:
            return text == self.head
        if not text.startswith(self.head):
            return False
        at = len(self.head)
        for part in self.parts:
            at = text.find(part, at)
            if at < 0:
                return False
            at += len(part)
        return self.tail is None or text.endswith(self.tail, at)
