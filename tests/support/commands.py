"""The commands of a newcomer, as real processes in a folder of their own."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.seeds import reachable_folder, sow

COMMAND_S = 300


def environment(folder: Path) -> dict[str, str]:
    """Ours without the stores that it may name: the command starts its own."""
    kept = {k: v for k, v in os.environ.items() if k not in ("POSTGRES_DSN", "REDIS_URL")}
    return {**kept, "LSOS_HOME": str(folder), "COLUMNS": "120"}


async def start(folder: Path, *words: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "lsos.cli", *words, stdout=PIPE, stderr=PIPE, env=environment(folder)
    )


async def finish(process: Process) -> tuple[int, str, str]:
    async with asyncio.timeout(COMMAND_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def lsos(folder: Path, *words: str) -> tuple[int, str, str]:
    return await finish(await start(folder, *words))


async def until_printed(process: Process, words: bytes) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(COMMAND_S):
        while words not in (line := await process.stdout.readline()):
            assert line, "the command ended before it served"


async def until_serving(process: Process) -> None:
    await until_printed(process, b"running until")


@contextmanager
def home_in_use() -> Iterator[Path]:
    """Whose stores have been started before, as most are."""
    with reachable_folder() as folder:
        sow(folder / "lsos")
        yield folder / "lsos"
