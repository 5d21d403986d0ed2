"""Where the servers of a folder keep data and sockets; stored for processes that join."""

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path

import msgspec

from lsos.embedded.account import Account, account_for, can, check_owner, private_folder
from lsos.embedded.errors import EmbeddedError

STATE = "stores.json"
# Socket paths are limited to 103 bytes on macOS, and 107 on Linux.
SOCKET_FOLDER_BYTES = 103 - len("/.s.PGSQL.5432")
# arq does not decode URL paths, and SQLAlchemy splits hosts at commas.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


class Place(msgspec.Struct, frozen=True):
    """`folder` differs from `root` if the servers' account cannot reach the root."""

    root: Path
    folder: Path
    sockets: Path
    durable: bool

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    @property
    def valkey_data(self) -> Path:
        return self.folder / "valkey"

    @property
    def postgres_log(self) -> Path:
        return self.folder / "postgres.log"

    @property
    def valkey_log(self) -> Path:
        return self.folder / "valkey.log"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    def save(self) -> None:
        new = self.root / f"{STATE}.new"
        new.write_bytes(msgspec.json.encode(self, enc_hook=str))
        new.replace(self.root / STATE)

    def tidy(self) -> None:
        """Remove the files outside the root, once the servers have stopped."""
        if self.sockets.parent != self.folder:
            shutil.rmtree(self.sockets, ignore_errors=True)
        if not self.durable and self.folder != self.root:
            shutil.rmtree(self.folder, ignore_errors=True)


def _path(_: type, value: str) -> Path:
    return Path(value)


def load(root: Path) -> Place | None:
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        place = msgspec.json.decode((root / STATE).read_bytes(), type=Place, dec_hook=_path)
        if place.root == root:
            return place
        # A moved folder keeps its servers' data; a copied one must not share it.
        if not place.root.exists():
            folder = root if place.folder == place.root else place.folder
            return Place(root, folder, folder / "run", place.durable)
    return None


def prepare(root: Path, *, durable: bool) -> tuple[Place, Account | None]:
    """The place of this root, with its folders created and owned by the servers' account."""
    known = load(root)
    # Durable data is never demoted to disposable data.
    durable = durable or (known is not None and known.durable)
    reuse = known is not None and known.durable == durable and known.folder.is_dir()
    folder = known.folder if known and reuse else root
    account = account_for(root, folder / "postgres")
    check_owner(folder / "postgres", account)
    if folder == root and not can(account, "-x", root):
        folder = _elsewhere(account, durable=durable)
    sockets = _socket_folder(folder, known, account)
    place = Place(root, folder, sockets, durable)
    private_folder(place.valkey_data, account)
    # Saved before anything starts, so that a killed start leaves no unknown folder.
    place.save()
    return place, account


def _elsewhere(account: Account | None, *, durable: bool) -> Path:
    # Only root gets here. In /var/tmp, old files of a durable cluster would be deleted.
    base = Path("/var/lib/lsos") if durable else _temporary(account)
    if durable:
        base.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="lsos-", dir=base))
    folder.chmod(0o755)
    if not can(account, "-x", folder):
        folder.rmdir()
        raise EmbeddedError(
            f"The account of the servers (uid {account.uid if account else os.geteuid()}) can "
            f"reach neither this folder nor {base}. Run as an ordinary user, or set POSTGRES_DSN "
            "and REDIS_URL."
        )
    return folder


def _socket_folder(folder: Path, known: Place | None, account: Account | None) -> Path:
    inside = folder / "run"
    if _fits(inside):
        return private_folder(inside, account)
    uid = account.uid if account else os.geteuid()
    if known and known.sockets.is_dir() and _fits(known.sockets):
        owner = known.sockets.stat()
        if owner.st_uid == uid and not owner.st_mode & 0o077:
            return known.sockets
    return private_folder(Path(tempfile.mkdtemp(prefix="lsos-", dir=_temporary(account))), account)


def _fits(path: Path) -> bool:
    return len(str(path)) <= SOCKET_FOLDER_BYTES and PLAIN_PATH.fullmatch(str(path)) is not None


def _temporary(account: Account | None) -> Path:
    for base in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - mkdtemp inside
        if _fits(Path(base) / "lsos-12345678") and can(account, "-x", Path(base)):
            return Path(base)
    raise EmbeddedError(
        "No short temporary folder for sockets. Set TMPDIR to one of plain letters."
    )
