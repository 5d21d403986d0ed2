"""Requests per second of the hot routes compared with a bare handler, and each layer's share.

With BENCH_BEFORE=<src folder of another checkout>, that API is measured in turn as well.
"""

import asyncio
import os
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import msgspec

from lsos import embedded
from lsos.cli.migrate import upgrade
from lsos.core.settings.environment import load
from lsos.core.settings.settings import Settings
from lsos.embedded.installation import complete
from tools.bench.load import Answered, drive, generator
from tools.bench.measure import console, median, table, write
from tools.bench.profiled_api import LAYERS, read_shares
from tools.bench.served import seed, serve, sign_in

TURNS = int(os.environ.get("BENCH_TURNS", "7"))
SECONDS = 3
CONNECTIONS = 16
MANY = 50
"""Connections at which the latency spread is evaluated."""
PROFILE_S = 6
BARE = "bare handler"
BARS = {"dashboard": 0.15}
LIST_BAR = 0.25
SPREAD_BAR = 8.0

Routes = Mapping[str, str]
Figures = dict[str, list[Answered]]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder)) as running:
        settings = complete(load({}), Path(folder), running.stores)
        upgrade(settings.postgres_dsn)
        asyncio.run(_measure(settings, Path(folder)))


async def _measure(settings: Settings, folder: Path) -> None:
    campaigns = await seed(settings)
    async with AsyncExitStack() as stack:
        bare, _ = await stack.enter_async_context(
            serve(settings, "tools.bench.bare_api:create_app")
        )
        url, _ = await stack.enter_async_context(serve(settings))
        token, routes = await _routes(settings, url, campaigns[0])
        targets = {BARE: f"{bare}/rows", **{name: url + path for name, path in routes.items()}}
        if source := os.environ.get("BENCH_BEFORE"):
            former, _ = await stack.enter_async_context(
                serve(settings, environ={"PYTHONPATH": source})
            )
            await _routes(settings, former, campaigns[0])  # until it is ready
            for name, path in routes.items():
                try:
                    await drive(former + path, token, connections=1, seconds=1)
                except RuntimeError:
                    console.print(f"[dim]{name}: the former API knows another schema[/]")
                else:
                    targets[f"{name}, before"] = former + path
        few = await _turns(targets, token, CONNECTIONS)
        many = await _turns(targets, token, MANY)
    rows = _show(few, many)
    shares = await _profile(settings, folder / "shares.json", token, routes)
    table(
        "Share of the API's CPU, %",
        ["", *shares],
        [[layer, *[f"{of[layer]:.0f}" for of in shares.values()]] for layer in LAYERS],
    )
    figures = {"connections": CONNECTIONS, "turns": few, "turns_at_50": many, "shares": shares}
    kept = msgspec.to_builtins({"generator": generator(), "rows": rows, **figures})
    write("api", kept, "make bench T=api")


async def _routes(settings: Settings, url: str, campaign: str) -> tuple[str, Routes]:
    """A token, and the hot routes of a campaign, by name."""
    async with httpx.AsyncClient(
        base_url=url + settings.api_v1_prefix, trust_env=False, timeout=30
    ) as client:
        await sign_in(client)
        answer = await client.get("/crawl/runs", params={"campaign_id": campaign, "limit": 1})
        run = answer.raise_for_status().json()["data"][0]["id"]
        token = client.headers["Authorization"].removeprefix("Bearer ")
    prefix = settings.api_v1_prefix
    return token, {
        "campaigns": f"{prefix}/campaigns?limit=20",
        "crawl runs": f"{prefix}/crawl/runs?limit=20",
        "crawl pages": f"{prefix}/crawl/runs/{run}/pages?limit=20",
        "recommendations": (
            f"{prefix}/intelligence/recommendations?campaign_id={campaign}&limit=20"
        ),
        "jobs": f"{prefix}/jobs?limit=20",
        "dashboard": f"{prefix}/dashboard?campaign_id={campaign}",
    }


async def _turns(targets: Mapping[str, str], token: str, connections: int) -> Figures:
    """Measure the targets in turn, repeatedly, so that other load affects all of them."""
    found: Figures = defaultdict(list)
    for turn in range(TURNS + 1):
        for name, url in targets.items():
            answered = await drive(
                url, token, connections=connections, seconds=SECONDS if turn else 1
            )
            if turn:  # the first one warms up
                found[name].append(answered)
    return found


async def _profile(
    settings: Settings, out: Path, token: str, routes: Routes
) -> dict[str, dict[str, float]]:
    """Each layer's share of the API's CPU, by route."""
    shares = {}
    for name, path in routes.items():
        async with serve(
            settings,
            "tools.bench.profiled_api:create_app",
            {"BENCH_SHARES": str(out)},
        ) as (url, _):
            async with httpx.AsyncClient(
                base_url=url + settings.api_v1_prefix, trust_env=False, timeout=30
            ) as client:
                await sign_in(client)
            await drive(url + path, token, connections=CONNECTIONS, seconds=PROFILE_S)
        shares[name] = read_shares(out)
    return shares


def _show(few: Figures, many: Figures) -> list[list[object]]:
    """Print the figures, and return the printed rows."""
    bare = [turn.requests_per_s for turn in few[BARE]]
    rows: list[list[object]] = []
    for name, turns in few.items():
        # Relative to the bare handler of the same turn, so that noise cancels out.
        ratio = median([t.requests_per_s / b for t, b in zip(turns, bare, strict=True)])
        p50 = median([turn.p50_ms for turn in many[name]])
        p99 = median([turn.p99_ms for turn in many[name]])
        rate = median([turn.requests_per_s for turn in turns])
        bar = "" if name == BARE else BARS.get(name.partition(",")[0], LIST_BAR)
        rows.append([name, rate, f"{ratio:.2f}", bar, p50, p99, p99 / p50])
    table(
        f"{generator()}, {CONNECTIONS} connections, medians of {TURNS} turns of {SECONDS} s",
        ["", "requests/s", "of bare", "bar", f"p50 ms at {MANY}", f"p99 ms at {MANY}", "p99/p50"],
        rows,
    )
    console.print(f"[dim]the bar of p99/p50 is {SPREAD_BAR:g}[/]")
    return rows
