"""Ports of loopback that a test owns: for a server that needs a number, or for nobody at all."""

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# Below what any system gives to outgoing connections and to those who bind port 0.
RANGE = range(20_000, 30_000)
LOCKS = Path(tempfile.gettempdir(), f"lsos-test-ports-{os.getuid()}")
_held: list[IO[bytes]] = []
"""Locks of this process' ports, so that they are its own until it ends."""


def own_port() -> int:
    """A port that no other test process is given; a server may come back to it after its death."""
    LOCKS.mkdir(exist_ok=True)
    # Not the module's generator: pytest-randomly gives all test processes the same seed.
    for port in random.SystemRandom().sample(RANGE, len(RANGE)):
        lock = (LOCKS / str(port)).open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        _held.append(lock)
        return port
    raise AssertionError("all ports are taken")


@contextmanager
def closed_port() -> Iterator[int]:
    """A port at which every connection is refused: it is bound, and nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield int(bound.getsockname()[1])
