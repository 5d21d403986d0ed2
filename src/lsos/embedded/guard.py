"""Watches the process that started it, and stops the servers if it dies without doing so."""

import os
import sys
import time
from pathlib import Path

from lsos.embedded.stores import stop_abandoned

POLL_SECONDS = 0.01


def main() -> None:
    root, parent = Path(sys.argv[1]), int(sys.argv[2])
    # The pipe closes when its process ends, even by kill -9; a message means a clean exit.
    if sys.stdin.buffer.read():
        return
    # A dying process may close the pipe before it releases its lock, but has done both once its
    # children have been reparented.
    deadline = time.monotonic() + 5
    while os.getppid() == parent and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    stop_abandoned(root)


if __name__ == "__main__":
    main()
