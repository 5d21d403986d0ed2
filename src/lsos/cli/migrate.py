"""`lsos migrate`. As a module, it migrates what POSTGRES_DSN names."""

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
    """Bring the database to the newest schema."""
    with settings_with_stores() as settings:
        upgrade(settings.postgres_dsn)
    click.echo("the database is at the newest schema")


def upgrade(dsn: str) -> None:
    """Run the migrations that this database lacks."""
    config = Config(toml_file=str(PROJECT / "pyproject.toml"))
    config.attributes["dsn"] = dsn
    command.upgrade(config, "head")


if __name__ == "__main__":
    upgrade(normalise_dsn(os.environ["POSTGRES_DSN"]))
