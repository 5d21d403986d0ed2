"""Counts the provider calls of a piece of work: what they cost is the tenant's business."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Spent:
    """Calls that were sent, answered or not."""

    def __init__(self) -> None:
        self.calls = 0


_spent: ContextVar[Spent | None] = ContextVar("spent", default=None)


@contextmanager
def counting() -> Iterator[Spent]:
    """Count the calls of this block, those of tasks that it starts included."""
    spent = Spent()
    token = _spent.set(spent)
    try:
        yield spent
    finally:
        _spent.reset(token)


def note_call() -> None:
    """A call is about to be sent; outside of `counting` nobody wants to know."""
    if (spent := _spent.get()) is not None:
        spent.calls += 1
