"""Real worker processes of the tests: started, waited for, stopped or killed."""

import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from lsos.core.settings.environment import environment_name
from lsos.core.settings.settings import Settings
from tests.support.forked import ForkedProcess
from tests.support.waiting import until

STARTED = "worker_started"


class WorkerProcess:
    def __init__(self, process: ForkedProcess, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        return self._process.exit_code

    def kill(self) -> None:
        """kill -9: it can tell nobody."""
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()

    async def wait(self) -> int:
        """Its exit code."""
        return await self._process.wait()

    def log_lines(self) -> list[dict[str, Any]]:
        """Its JSON log lines so far."""
        lines = self.output().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def output(self) -> str:
        return self._log.read_text("utf-8") if self._log.exists() else ""

    async def is_up(self) -> bool:
        has_ended = self.exit_code is not None
        started = any(line.get("event") == STARTED for line in self.log_lines())
        assert started or not has_ended, self.output()
        return started


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
    process = ForkedProcess(
        module, ["--queue", queue, *arguments], log=log, environ=environment(settings)
    )
    worker = WorkerProcess(process, log)
    try:
        await until(worker.is_up, f"worker {log.name} to start")
        yield worker
    finally:
        await process.end()


def environment(settings: Settings) -> dict[str, str]:
    """The environment in which a process has these settings, and tells its life in its log."""
    values = {
        environment_name(field.name): str(getattr(settings, field.name))
        for field in msgspec.structs.fields(Settings)
    }
    return {**os.environ, **values, "LOG_LEVEL": "INFO"}
