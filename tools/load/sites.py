"""Demo sites on loopback, each a process with its own address where the system allows it."""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

FIRST_PORT = 8_110


def origins(count: int) -> list[str]:
    """Origins for `count` sites: one address each, because request intervals apply per host."""
    return [f"http://{_address(n)}:{FIRST_PORT + n}" for n in range(count)]


def _address(number: int) -> str:
    address = f"127.0.0.{number + 10}"
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:  # only Linux responds on all of 127.0.0.0/8
            return "127.0.0.1"
    return address


@contextmanager
def running(wanted: Sequence[str]) -> Iterator[Sequence[str]]:
    """Serve a demo site at each of these origins."""
    with contextlib.ExitStack() as stack:
        for origin in wanted:
            host, _, port = origin.removeprefix("http://").rpartition(":")
            command = ["lsos.demo.server", "--host", host, "--port", port]
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", *command],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    start_new_session=True,
                )
            )
            stack.callback(process.terminate)
            assert process.stdout is not None
            if not process.stdout.readline().strip():
                raise RuntimeError(f"no demo site can be served at {origin}: is the port taken?")
        yield wanted
