"""Processes of our code, forked from one that has imported it already.

The tests start over a hundred workers and APIs, and imports would be most of what each costs. Each
is a process with its own environment, output and end, which kill -9 reaches like any other.
"""

import atexit
import multiprocessing
import os
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.waiting import until

PRELOADED = ("lsos.api", "lsos.rooms", "lsos.core.queue.arq_worker", "uvicorn", "uvloop")
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(list(PRELOADED))


class ForkedProcess:
    """`python -m module arguments`, with its output in `log`.

    The last process of this kind ends with the tests' own.
    """

    def __init__(
        self, module: str, arguments: Sequence[str], *, log: Path, environ: dict[str, str]
    ) -> None:
        self._process = _context.Process(
            target=_run, args=(module, list(arguments), str(log), environ), daemon=True
        )
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """As in `subprocess`: None while it runs, negative after a signal."""
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()

    async def wait(self) -> int:
        async def ended() -> bool:
            return self.exit_code is not None

        await until(ended, f"process {self.pid} to end")
        assert self.exit_code is not None
        return self.exit_code

    async def end(self) -> None:
        """Kill it unless it has ended."""
        if self.exit_code is None:
            self.kill()
            await self.wait()


def _run(module: str, arguments: list[str], log: str, environ: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environ)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()
