"""Real API processes of the tests, as an operator runs them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from lsos.core.settings.settings import Settings
from tests.support.clients import Client
from tests.support.forked import ForkedProcess
from tests.support.ports import own_port
from tests.support.waiting import PATIENCE_S, until
from tests.support.workers import environment


class ApiProcess:
    def __init__(self, process: ForkedProcess, http: httpx.AsyncClient) -> None:
        self._process = process
        self.http = http

    def client(self, token: str | None) -> Client:
        return Client(self.http, "/api/v1", token)

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()

    async def wait(self) -> int:
        return await self._process.wait()


@asynccontextmanager
async def api_process(
    settings: Settings, log: Path, *, factory: str = "lsos.api:create_app"
) -> AsyncIterator[ApiProcess]:
    """An API that is ready; it is killed at the end unless it has ended."""
    port = own_port()
    process = ForkedProcess(
        "uvicorn",
        [
            *("--factory", factory, "--port", str(port), "--no-access-log"),
            *("--timeout-graceful-shutdown", "5"),
        ],
        log=log,
        environ=environment(settings),
    )
    try:
        base_url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(
            base_url=base_url, trust_env=False, timeout=PATIENCE_S
        ) as http:

            async def is_ready() -> Any:
                assert process.exit_code is None, f"see {log}"
                try:
                    answer = await http.get("/api/v1/health/readiness")
                except httpx.TransportError:
                    return False
                return answer.status_code == 200

            await until(is_ready, f"API {log.name} to be ready")
            yield ApiProcess(process, http)
    finally:
        await process.end()
