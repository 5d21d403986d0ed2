"""Locks that the kernel releases when their holder dies, however it dies."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from lsos.embedded.errors import EmbeddedError

WAIT_SECONDS = 90
POLL_SECONDS = 0.02


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """Only one process at a time starts or stops the servers of a root."""
    with contextlib.ExitStack() as stack:
        # The root may have been deleted while its servers run; they must still be stopped.
        with contextlib.suppress(FileNotFoundError):
            handle = _open(root / "start.lock")
            stack.callback(os.close, handle)
            deadline = time.monotonic() + WAIT_SECONDS
            while not _try(handle, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise EmbeddedError(
                        f"Another process has been starting or stopping the servers of {root} "
                        f"for {WAIT_SECONDS} s. Stop it and try again."
                    )
                time.sleep(POLL_SECONDS)
        yield


class Users:
    """The processes that use the servers of a root; each holds a shared lock while it lives."""

    def __init__(self, root: Path) -> None:
        self._handle = _open(root / "users.lock")

    def enter(self) -> None:
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def is_last(self) -> bool:
        """Call under `alone`; afterwards nobody else counts as a user until `enter` or `leave`."""
        return _try(self._handle, fcntl.LOCK_EX)

    def leave(self) -> None:
        # Closing is not enough, because a forked child holds the same lock.
        fcntl.flock(self._handle, fcntl.LOCK_UN)
        os.close(self._handle)


def _open(path: Path) -> int:
    # A read-only handle can be locked too, so another account's lock file is no obstacle.
    return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _try(handle: int, operation: int) -> bool:
    try:
        fcntl.flock(handle, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
