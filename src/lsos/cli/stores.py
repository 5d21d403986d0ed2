"""Settings of a command that can start the embedded stores itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lsos import embedded
from lsos.cli.processes import CommandFailed
from lsos.core.settings.environment import load
from lsos.core.settings.settings import Settings
from lsos.embedded.installation import FOLDER, complete


def home() -> Path:
    """The folder of a local installation."""
    return Path(os.environ.get("LSOS_HOME") or FOLDER).absolute()


@contextmanager
def settings_with_stores() -> Iterator[Settings]:
    """Complete settings; starts or joins the embedded stores if no others are configured."""
    settings = load()
    folder = home()
    if settings.is_strict or (settings.postgres_dsn and settings.redis_url):
        yield complete(settings, folder, None)
        return
    try:
        running = embedded.start(folder)
    except embedded.EmbeddedError as error:
        raise CommandFailed(str(error)) from error
    try:
        yield complete(settings, folder, running.stores)
    finally:
        running.stop()


def as_environment(settings: Settings) -> dict[str, str]:
    """The environment variables that give a child process the same settings."""
    named = {
        "APP_ENV": settings.app_env,
        "JWT_SECRET": settings.jwt_secret,
        "POSTGRES_DSN": settings.postgres_dsn,
        "REDIS_URL": settings.redis_url,
        "ARQ_REDIS_URL": settings.arq_redis_url,
    }
    return {**os.environ, **named}
