"""Counts the password hashes that are computed, without a clock and without a stand-in."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType

from argon2 import PasswordHasher


@contextmanager
def counted_checks() -> Iterator[list[None]]:
    """One entry for each Argon2 verification of this event loop's threads."""
    checks: list[None] = []

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is PasswordHasher.verify.__code__:
            checks.append(None)

    # Only threads that start from now on are watched, so the loop gets new ones.
    loop = asyncio.get_running_loop()
    watched = ThreadPoolExecutor(4)
    threading.setprofile(profile)
    loop.set_default_executor(watched)
    try:
        yield checks
    finally:
        threading.setprofile(None)
        loop.set_default_executor(ThreadPoolExecutor(4))
        watched.shutdown()
