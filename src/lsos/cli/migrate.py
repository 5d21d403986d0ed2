"""`lsos migrate`. Run as a module, it migrates the database in POSTGRES_DSN."""

import os
from pathlib import Path

import click
from alembic import command
from alembic.config import Config

from lsos.cli.stores import settings_with_stores
from lsos.core.settings.environment import normalise_dsn

PROJECT = Path(__file__).parents[3]


@click.command()
def migrate() -> None:
    """Migrate the database to the latest schema."""
    with settings_with_stores() as settings:
        upgrade(settings.postgres_dsn)
    click.echo("the database has the latest schema")


def upgrade(dsn: str) -> None:
    """Run all pending migrations."""
    config = Config(toml_file=str(PROJECT / "pyproject.toml"))
    config.attributes["dsn"] = dsn
    command.upgrade(config, "head")


if __name__ == "__main__":
    upgrade(normalise_dsn(os.environ["POSTGRES_DSN"]))
