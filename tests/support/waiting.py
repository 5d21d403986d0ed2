"""Waits for a condition instead of a time: the only place where tests of processes pause."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Found = TypeVar("Found")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.2
PATIENCE_S = 240.0
"""For what must come: a busy machine may take its time, and a wait that succeeds costs nothing."""


async def until(
    look: Callable[[], Awaitable[Found]], what: str, *, timeout_s: float = PATIENCE_S
) -> Found:
    """What `look` returns once it is true; a failure that says `what` never came otherwise."""
    seen: Found | None = None
    pause_s = FIRST_PAUSE_S
    try:
        async with asyncio.timeout(timeout_s):
            while not (seen := await look()):
                await asyncio.sleep(pause_s)
                # Looking takes what the awaited needs as well: long waits look less often.
                pause_s = min(pause_s * 1.2, LONGEST_PAUSE_S)
            return seen
    except TimeoutError:
        raise AssertionError(f"waited {timeout_s} s for {what}") from None


async def until_it_holds(check: Callable[[], Awaitable[Found]], what: str) -> Found:
    """What `check` returns once its assertions hold; the failure shows the last that did not."""
    last: list[AssertionError] = []

    async def holds() -> list[Found]:
        try:
            return [await check()]
        except AssertionError as error:
            last[:] = [error]
            return []

    try:
        (found,) = await until(holds, what)
    except AssertionError as error:
        raise error from (last[0] if last else None)
    return found
