"""A background task that loses a cancellation must not keep its process from ending."""

import asyncio
from contextlib import suppress

from lsos.core import cancelling


async def test_a_task_that_swallows_a_cancellation_is_ended() -> None:
    begun = asyncio.Event()
    swallowed = 0

    async def deaf() -> None:
        nonlocal swallowed
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        swallowed += 1
        await asyncio.Event().wait()

    task = asyncio.ensure_future(deaf())
    await begun.wait()
    async with asyncio.timeout(120):
        await cancelling.end(task)
    assert (task.cancelled(), swallowed) == (True, 1)


async def test_a_task_that_has_failed_is_no_failure_of_whoever_ends_it() -> None:
    async def fail() -> None:
        raise LookupError("it failed long ago")

    task = asyncio.ensure_future(fail())
    await asyncio.wait({task})
    await cancelling.end(task)
