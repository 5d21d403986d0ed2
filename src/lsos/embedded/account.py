"""The account of the servers: PostgreSQL refuses root, so root uses an unprivileged account."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsos.embedded.errors import EmbeddedError


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int


def account_for(root: Path, data: Path) -> Account | None:
    """None if we are not root: the servers then run as the current user.

    The account that owns the data comes first, so that a later choice never locks it out; then the
    owner of the checkout. initdb requires a named account, so a bare uid is not enough.
    """
    if os.geteuid() != 0:
        return None
    if data.exists():
        owner = _by_uid(data.stat().st_uid)
        if owner is None:
            raise EmbeddedError(
                f"{data} belongs to root, and PostgreSQL does not run as root. "
                f"Give it to the account that created it: chown -R ACCOUNT {data}"
            )
        return owner
    existing = next(path for path in (root, *root.parents) if path.exists())
    account = _by_uid(existing.stat().st_uid) or _by_name("postgres") or _by_name("nobody")
    if account is None:
        raise EmbeddedError(
            "PostgreSQL does not run as root, and this machine has no account"
            " `nobody` to run it as. "
            "Run as an ordinary user, or set POSTGRES_DSN and REDIS_URL."
        )
    return account


def check_owner(data: Path, account: Account | None) -> None:
    uid = account.uid if account else os.geteuid()
    if data.exists() and data.stat().st_uid != uid:
        raise EmbeddedError(
            f"{data} belongs to user {data.stat().st_uid}. Run as that user or as root, "
            f"or give it to yourself: sudo chown -R {uid} {data}"
        )


def lent(account: Account | None) -> dict[str, Any]:
    """Arguments for subprocess that run the child as the account."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": ()}


def can(account: Account | None, test: str, path: Path) -> bool:
    """Whether the account passes `test` (-x, -r, -w) on the path, including its parents."""
    if account is None:
        return True
    # Mode bits would miss ACLs and special mounts, so test as the account itself.
    answer = subprocess.run(  # noqa: S603 - fixed words and a path
        ["/bin/sh", "-c", 'test "$0" "$1"', test, str(path)], check=False, cwd="/", **lent(account)
    )
    return answer.returncode == 0


def private_folder(path: Path, account: Account | None) -> Path:
    """Give the folder to the account, and close it to all others."""
    path.mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o700)
    if account is not None:
        os.chown(path, account.uid, account.gid)
    return path


def _by_uid(uid: int) -> Account | None:
    if uid == 0:
        return None
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _by_name(name: str) -> Account | None:
    try:
        return _by_uid(pwd.getpwnam(name).pw_uid)
    except KeyError:
        return None
