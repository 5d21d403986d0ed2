"""The settings of this process, using the embedded stores of `.lsos/` by default."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec

from lsos import embedded
from lsos.core.errors import SettingsError
from lsos.core.settings.environment import load
from lsos.core.settings.settings import Settings

FOLDER = Path(".lsos")


def resolve_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings for a plain command (`uvicorn`, `arq`, `alembic`), which joins running stores.

    If there are none, raises SettingsError with the command to run.
    """
    environ = os.environ if environ is None else environ
    settings = load(environ)
    folder = Path(environ.get("LSOS_HOME") or FOLDER)
    return complete(settings, folder, embedded.find(folder) if _needs_stores(settings) else None)


def complete(settings: Settings, folder: Path, stores: embedded.Stores | None) -> Settings:
    """Fill in unset values with the stores and the secret of a local installation."""
    changes: dict[str, object] = {}
    faults = []
    if not settings.postgres_dsn:
        if stores is None:
            faults.append(f"POSTGRES_DSN: unset, and no PostgreSQL runs in {folder}/; {HINT}")
        else:
            changes["postgres_dsn"] = stores.postgres_dsn
    if not settings.redis_url:
        if stores is None:
            faults.append(f"REDIS_URL: unset, and no Valkey runs in {folder}/; {HINT}")
        else:
            changes["redis_url"] = stores.redis_url
            changes["arq_redis_url"] = settings.arq_redis_url or stores.redis_url
    if not settings.jwt_secret and not settings.is_strict:
        changes["jwt_secret"] = local_secret(folder)
    if faults:
        raise SettingsError(faults)
    return msgspec.structs.replace(settings, **changes)


HINT = "type `make run` in another terminal, or set it"


def _needs_stores(settings: Settings) -> bool:
    return not settings.is_strict and not (settings.postgres_dsn and settings.redis_url)


def local_secret(root: Path) -> str:
    """The JWT secret of a local installation: generated once, stored in `root`, owner-only."""
    path = root / "jwt_secret"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        root.mkdir(parents=True, exist_ok=True)
        secret = secrets.token_urlsafe(48)
        path.touch(mode=0o600)
        path.write_text(secret)
        return secret
