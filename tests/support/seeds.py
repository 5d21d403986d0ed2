"""Data folders for embedded stores, made once per test run and then copied.

initdb and the migrations take seconds of CPU each; copying what they make takes a tenth of one.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lsos import embedded

FOLDER = "LSOS_TEST_SEEDS"
"""Where the processes of one test run find them."""
DATA = "postgres"
MEMORY_BYTES = 6 << 30
"""What a folder in memory must have free; a run of all tests takes up to a third of it."""


def disposable_base() -> Path:
    """Where what lives as long as a test is kept: in memory if there is enough, where creating a
    database costs a tenth of what it costs on a disk.
    """
    memory = Path("/dev/shm")
    with contextlib.suppress(OSError):
        of = os.statvfs(memory)
        is_large = of.f_bavail * of.f_frsize > MEMORY_BYTES
        if is_large and os.access(memory, os.W_OK) and not of.f_flag & os.ST_NOEXEC:
            return memory
    return Path("/tmp")


def open_folder() -> None:
    """Called by the first process of a test run; those that it starts inherit the name."""
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="lsos-test-seeds-", dir=disposable_base())
    Path(os.environ[FOLDER]).chmod(0o755)


def remove_folder() -> None:
    shutil.rmtree(os.environ.pop(FOLDER), ignore_errors=True)


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder that the servers' account can reach, like an ordinary checkout.

    pytest's own folders are closed to other accounts, and the servers of root have another.
    """
    folder = Path(tempfile.mkdtemp(prefix="lsos-test-", dir=disposable_base()))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def sow(root: Path) -> None:
    """Give the stores of `root`, which have never started, the cluster that initdb makes."""
    _copy(_made("empty", lambda seed: embedded.start(seed, durable=False).stop()), root)


def sow_with(root: Path, name: str, fill: Callable[[embedded.Stores], None]) -> None:
    """The same, with what `fill` makes in it: the first process of the run calls it, once."""

    def start_and_fill(seed: Path) -> None:
        sow(seed)
        with embedded.start(seed, durable=False) as running:
            fill(running.stores)

    _copy(_made(name, start_and_fill), root)


def _made(name: str, make: Callable[[Path], None]) -> Path:
    folder = Path(os.environ[FOLDER])
    with (folder / f"{name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / name).exists():
            partial = folder / f"{name}.partial"
            partial.mkdir()
            make(partial)
            partial.rename(folder / name)
    return folder / name


def _copy(seed: Path, root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    # With the owner, who must be the account of the servers.
    subprocess.run(["cp", "-a", seed / DATA, root / DATA], check=True)
