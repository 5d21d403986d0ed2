"""Patterns for path and query, as used by robots.txt and the scope of a crawl."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern for path and query: `*` matches anything, a final `$` the end; otherwise it is a
    prefix.

    It is matched by a leftmost search for each literal, in one pass over the text.
    """

    head: str
    parts: tuple[str, ...]
    tail: str | None
    """What the text must end with, after the parts; None if the end is open."""
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
