"""Ends background tasks for certain, also those that a library makes deaf for a moment."""

import asyncio
from typing import Any

AGAIN_S = 1.0


async def end(task: "asyncio.Future[Any]") -> None:
    """Cancel a task and wait for its end; how it ended is not told.

    One cancellation may be lost: Python 3.11's wait_for, by which redis-py sends its commands,
    swallows one that meets a finished write.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN_S)
    await asyncio.gather(task, return_exceptions=True)
