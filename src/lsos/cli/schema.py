"""Migrates a database to the latest schema; loads Alembic only if there is something to do."""

import asyncio
import os
import subprocess
import sys

import asyncpg

from lsos.cli.processes import CommandFailed
from lsos.core.db.schema_version import is_satisfied


def ensure_schema(dsn: str) -> None:
    """Does nothing if it is up to date; raises CommandFailed with the migration's output."""
    if asyncio.run(_is_there(dsn.replace("postgresql+asyncpg://", "postgresql://"))):
        return
    done = subprocess.run(
        [sys.executable, "-m", "lsos.cli.migrate"],
        env={**os.environ, "POSTGRES_DSN": dsn},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stdout.strip().splitlines()[-1:] or ["no output"]
        raise CommandFailed(f"the database could not be migrated: {last[0]}")


async def _is_there(dsn: str) -> bool:
    connection = await asyncpg.connect(dsn)
    try:
        found = await connection.fetchval("select version_num from alembic_version")
    except asyncpg.UndefinedTableError:
        return False
    finally:
        await connection.close()
    return found is not None and is_satisfied(found)
