"""Latency of the dashboard: 5 concurrent clients, 50 campaigns of 2,000 pages, one API process."""

import asyncio
import itertools
import tempfile
import time
from pathlib import Path

import httpx

from lsos import embedded
from lsos.cli.migrate import upgrade
from lsos.core.settings.environment import load
from lsos.core.settings.settings import Settings
from lsos.embedded.installation import complete
from tools.bench.measure import median, table, tree_cpu_s, write
from tools.bench.served import CAMPAIGNS, PAGES, seed, serve, sign_in

CLIENTS = 5
REQUESTS = 1_000
WARM_UP = 100
BAR_P95_MS = 40.0


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder)) as running:
        settings = complete(load({}), Path(folder), running.stores)
        upgrade(settings.postgres_dsn)
        figures = asyncio.run(_measure(settings))
    table(
        f"GET /dashboard, {CLIENTS} concurrent clients, {CAMPAIGNS} campaigns of {PAGES:,} pages",
        ["", "p50 ms", "p95 ms", "p99 ms", "requests/s", "API CPU ms", "bar p95 ms"],
        [
            [
                "dashboard",
                figures["p50_ms"],
                figures["p95_ms"],
                figures["p99_ms"],
                figures["requests_per_s"],
                figures["api_cpu_ms"],
                BAR_P95_MS,
            ]
        ],
    )
    write(
        "dashboard",
        {"requests": REQUESTS, "clients": CLIENTS, "figures": figures, "bar_p95_ms": BAR_P95_MS},
        "make bench T=dashboard",
    )


async def _measure(settings: Settings) -> dict[str, float]:
    campaigns = await seed(settings)
    async with (
        serve(settings, environ={"LOG_LEVEL": "WARNING"}) as (url, pid),
        httpx.AsyncClient(
            base_url=url + settings.api_v1_prefix, trust_env=False, timeout=30
        ) as client,
    ):
        await sign_in(client)
        return await _ask(client, campaigns, pid)


async def _ask(
    client: httpx.AsyncClient, campaigns: list[str], server_pid: int
) -> dict[str, float]:
    turns = itertools.cycle(campaigns)
    times: list[float] = []
    left = itertools.count()

    async def work(limit: int) -> None:
        while next(left) < limit:
            started = time.perf_counter()
            answer = await client.get("/dashboard", params={"campaign_id": next(turns)})
            times.append(1_000 * (time.perf_counter() - started))
            answer.raise_for_status()
            data = answer.json()["data"]
            if data["technical_score"] is None or data["entity_score"] is None:
                raise RuntimeError(f"the dashboard shows no score: {data}")

    await asyncio.gather(*(work(WARM_UP) for _ in range(CLIENTS)))
    times.clear()
    left = itertools.count()
    cpu_s = tree_cpu_s(server_pid)
    started = time.perf_counter()
    await asyncio.gather(*(work(REQUESTS) for _ in range(CLIENTS)))
    seconds = time.perf_counter() - started
    times.sort()
    return {
        "p50_ms": median(times),
        "p95_ms": times[int(len(times) * 0.95)],
        "p99_ms": times[int(len(times) * 0.99)],
        "requests_per_s": len(times) / seconds,
        "api_cpu_ms": 1_000 * (tree_cpu_s(server_pid) - cpu_s) / len(times),
    }
