"""Start, join, find and stop the embedded PostgreSQL and Valkey of a folder."""

import contextlib
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from lsos.embedded import postgres, valkey
from lsos.embedded.account import Account, account_for
from lsos.embedded.errors import EmbeddedError
from lsos.embedded.locks import Users, alone
from lsos.embedded.place import Place, load, prepare
from lsos.embedded.processes import Server, end, open_log
from lsos.embedded.programs import Programs, installed, within_reach


@dataclass(frozen=True)
class Stores:
    postgres_dsn: str
    redis_url: str


class Running:
    """A claim on the servers of a folder; releasing the last one stops them."""

    def __init__(self, place: Place, users: Users, guard: subprocess.Popen[bytes]) -> None:
        self.stores = _stores(place)
        self._place = place
        self._users: Users | None = users
        self._guard = guard
        self._servers: list[Server] = []

    def stop(self) -> None:
        """Release the claim; further calls do nothing."""
        if self._users is not None:
            with alone(self._place.root):
                self.give_up()

    def give_up(self) -> None:
        """Like `stop`, for a caller that already holds `alone`."""
        users, self._users = self._users, None
        if users is None:
            return
        try:
            if users.is_last():
                _end_servers(self._place, self._servers)
        finally:
            users.leave()
            _dismiss(self._guard)

    def launch(self, programs: Programs, account: Account | None) -> None:
        """Start the servers that are not running, and wait until both respond."""
        place = self._place
        # Valkey loads its file while initdb runs.
        cache = valkey.running(place)
        if cache is None:
            cache = valkey.server(place, valkey.launch(place, programs, account))
        self._servers.append(cache)
        database = postgres.running(place)
        if database is None:
            postgres.initialise(place, programs, account)
            database = postgres.server(place, postgres.launch(place, programs, account))
        self._servers.append(database)
        postgres.wait_ready(place, programs, database.pid)
        valkey.wait_ready(place, cache.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start(root: Path, *, durable: bool = True) -> Running:
    """Start the servers of the folder, or join those that are running.

    Not durable means fast but without crash safety, for disposable folders. A folder that was once
    durable stays so. Raises EmbeddedError, whose message says what to do.
    """
    root = root.expanduser().resolve()
    with _explained(root):
        programs = installed()
        root.mkdir(parents=True, exist_ok=True)
        with alone(root):
            return _start(root, programs, durable=durable)


def find(root: Path) -> Stores | None:
    """The servers of the folder if they are running and respond; takes no claim on them."""
    root = root.expanduser().resolve()
    with contextlib.suppress(OSError, EmbeddedError):
        place = load(root)
        if place and len(_servers(place)) == 2 and valkey.answers(place):
            return _stores(place) if postgres.answers(place, installed()) else None
    return None


def stop_abandoned(root: Path) -> None:
    """Stop the servers of the folder unless a live process has a claim on them."""
    if not root.is_dir():
        return
    with alone(root):
        place = load(root)
        users = Users(root)
        if place and users.is_last():
            _end_servers(place, [])
        users.leave()


def _start(root: Path, programs: Programs, *, durable: bool) -> Running:
    users = Users(root)
    try:
        place, account = _choose_place(root, users, durable=durable)
        guard = _watch(root)
    except BaseException:
        users.leave()
        raise
    running = Running(place, users, guard)
    try:
        running.launch(within_reach(programs, place.folder, account), account)
    except BaseException:
        # Ctrl-C in the middle leaves nothing behind either.
        running.give_up()
        raise
    return running


def _choose_place(root: Path, users: Users, *, durable: bool) -> tuple[Place, Account | None]:
    known = load(root)
    nobody_else = users.is_last()
    users.enter()
    if known and not nobody_else:
        return known, account_for(root, known.data)
    # Servers that outlived their users are adopted, unless they are less durable than asked.
    if known and durable and not known.durable:
        _end_servers(known, [])
    return prepare(root, durable=durable)


def _watch(root: Path) -> subprocess.Popen[bytes]:
    with open_log(root / "guard.log") as log:
        return subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "lsos.embedded.guard", str(root), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )


def _dismiss(guard: subprocess.Popen[bytes]) -> None:
    # A killed guard is not an error of the servers.
    with contextlib.suppress(BrokenPipeError):
        guard.communicate(b"all is well")


def _servers(place: Place) -> list[Server]:
    return [server for server in (postgres.running(place), valkey.running(place)) if server]


def _end_servers(place: Place, remembered: list[Server]) -> None:
    end(list({*remembered, *_servers(place)}))
    place.tidy()


def _stores(place: Place) -> Stores:
    return Stores(
        # The port is explicit, because PGPORT from the environment would override it.
        postgres_dsn=f"postgresql+asyncpg://postgres@/{postgres.DATABASE}"
        f"?host={place.sockets}&port={postgres.PORT}",
        redis_url=f"unix://{place.valkey_socket}",
    )


@contextlib.contextmanager
def _explained(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or root
        elsewhere = "or set POSTGRES_DSN and REDIS_URL to servers of your own."
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            advice = f"The disk of {root} is full: free some space, {elsewhere}"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            advice = f"No permission at {where}: make it writable for this user, {elsewhere}"
        else:
            advice = f"The embedded servers of {root} failed: {error}. Fix this, {elsewhere}"
        raise EmbeddedError(advice) from error
