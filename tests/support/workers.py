"""Real worker processes of the tests: started, waited for, stopped or killed."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from lsos.core.settings.environment import environment_name
from lsos.core.settings.settings import Settings
from tests.support.stack import ROOT
from tests.support.waiting import PATIENCE_S, until

STARTED = "worker_started"


class WorkerProcess:
    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    def kill(self) -> None:
        """kill -9: it can tell nobody."""
        self._process.kill()

    def terminate(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    async def wait(self) -> int:
        """Its exit code."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._process.wait()

    def log_lines(self) -> list[dict[str, Any]]:
        """Its JSON log lines so far."""
        lines = self._log.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def output(self) -> str:
        return self._log.read_text("utf-8")

    async def is_up(self) -> bool:
        assert self.exit_code is None, self.output()
        return any(line.get("event") == STARTED for line in self.log_lines())


@asynccontextmanager
async def worker_process(
    settings: Settings,
    log: Path,
    *,
    queue: str = "default",
    module: str = "lsos.worker",
    arguments: Sequence[str] = (),
) -> AsyncIterator[WorkerProcess]:
    """A worker that is up and listens; it is killed at the end unless it has ended."""
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, "--queue", queue, *arguments,
            stdout=out,
            stderr=out,
            cwd=ROOT,
            env=environment(settings),
        )  # fmt: skip
    worker = WorkerProcess(process, log)
    try:
        await until(worker.is_up, f"worker {log.name} to start")
        yield worker
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def environment(settings: Settings) -> dict[str, str]:
    """The environment in which a process has these settings, and tells its life in its log."""
    values = {
        environment_name(field.name): str(getattr(settings, field.name))
        for field in msgspec.structs.fields(Settings)
    }
    return {**os.environ, **values, "LOG_LEVEL": "INFO"}
