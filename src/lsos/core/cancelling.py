"""Cancels background tasks reliably, even if a library swallows a cancellation."""

import asyncio
from typing import Any

AGAIN_S = 1.0


async def end(task: "asyncio.Future[Any]") -> None:
    """Cancel a task and wait for it to end; its result or exception is discarded.

    A single cancellation can be lost: in Python 3.11, wait_for, which redis-py uses to send
    commands, swallows one that arrives as the write finishes.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN_S)
    await asyncio.gather(task, return_exceptions=True)
