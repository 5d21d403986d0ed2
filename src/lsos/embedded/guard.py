"""Watches the process that started it, and stops the servers if that one died without doing so."""

import os
import sys
import time
from pathlib import Path

from lsos.embedded.stores import stop_abandoned

POLL_SECONDS = 0.01


def main() -> None:
    root, parent = Path(sys.argv[1]), int(sys.argv[2])
    # The other end of the pipe closes with its process, even at kill -9; a word means all is well.
    if sys.stdin.buffer.read():
        return
    # A dying process may close the pipe before it gives back its lock, but has done both when its
    # children go to another parent.
    deadline = time.monotonic() + 5
    while os.getppid() == parent and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    stop_abandoned(root)


if __name__ == "__main__":
    main()
