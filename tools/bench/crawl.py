"""Crawls a local site without delay: LSOS with checks and storage, Scrapy, and a bare loop."""

import asyncio
import compileall
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from lsos import embedded
from tools.bench.measure import Cost, console, median, run, server, table, tree_cpu_s, write

PAGES = 2_000
KB = 40
ROUNDS = 3
COMMAND = "make bench T=crawl"


def main() -> None:
    # Like installed packages: no contender compiles its sources during the measurement.
    compileall.compile_dir("src", quiet=1)
    compileall.compile_dir("tools", quiet=1)
    costs: dict[str, list[dict[str, float]]] = {"bare": [], "scrapy": [], "lsos": []}
    starts: dict[str, list[float]] = {name: [] for name in costs}
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded.start(Path(folder) / "stores") as running,
        server("tools.bench.site", "--pages", str(PAGES), "--kb", str(KB), "--port", "0") as port,
    ):
        url = f"http://127.0.0.1:{port}/"
        database = asyncio.run(postmaster(running.stores.postgres_dsn))
        out = Path(folder)
        for round_ in range(ROUNDS):
            console.print(f"[dim]round {round_ + 1} of {ROUNDS}[/]")
            costs["bare"].append(_peer("tools.bench.bare", url))
            costs["lsos"].append(_lsos(url, out, database, PAGES))
            costs["scrapy"].append(_peer("tools.bench.scrapy_peer", url))
            # As noisy as the rest and subtracted from it, so measured as often.
            starts["bare"].append(_start("tools.bench.bare", url))
            starts["lsos"].append(_lsos(url, out, database, 1)["cpu_s"])
            starts["scrapy"].append(_start("tools.bench.scrapy_peer", url))
    _report(costs, starts)


def _peer(module: str, url: str) -> dict[str, float]:
    cost = run([sys.executable, "-m", module, url, "--pages", str(PAGES)])
    pages = int(cost.stdout)
    if pages != PAGES:
        raise RuntimeError(f"{module} fetched {pages} pages")
    return _figures(cost, cost.cpu_s, cost.peak_mb, cost.seconds, 0.0)


def _start(module: str, url: str) -> float:
    """CPU-seconds of a one-page crawl: the cost of starting the process."""
    return run([sys.executable, "-m", module, url, "--pages", "1"]).cpu_s


def _lsos(url: str, folder: Path, database: int, pages: int) -> dict[str, float]:
    """CPU and memory of the worker from its rusage, and CPU of PostgreSQL."""
    before = tree_cpu_s(database)
    command = [sys.executable, "-m", "lsos.cli", "audit", url, "--allow-private", "--json"]
    command += ["--max-pages", str(pages), "--out", str(folder / "out"), "--no-sitemaps"]
    environ = {**os.environ, "LSOS_HOME": str(folder / "stores")}
    cost = run(command, environ)
    summary: dict[str, Any] = json.loads(cost.stdout)
    if summary["pages"] != pages:
        raise RuntimeError(f"LSOS measured {summary['pages']} pages: {summary['state']}")
    database_s = tree_cpu_s(database) - before
    return _figures(cost, summary["cpu_s"], summary["peak_mb"], summary["seconds"], database_s)


async def postmaster(dsn: str) -> int:
    """The server process: the parent of one of its backends."""
    connection = await asyncpg.connect(dsn.replace("+asyncpg", ""))
    try:
        backend = await connection.fetchval("select pg_backend_pid()")
        return int(psutil.Process(backend).ppid())
    finally:
        await connection.close()


def _figures(
    cost: Cost, cpu_s: float, peak: float, seconds: float, database_s: float
) -> dict[str, float]:
    return {
        "cpu_s": cpu_s,
        "pages_per_cpu_s": PAGES / cpu_s,
        "cpu_ms_per_page": 1_000 * cpu_s / PAGES,
        "database_cpu_ms_per_page": 1_000 * database_s / PAGES,
        "pages_per_s": PAGES / seconds,
        "peak_mb": peak,
        "wall_s": cost.seconds,
    }


def _report(costs: dict[str, list[dict[str, float]]], starts: dict[str, list[float]]) -> None:
    medians = {
        name: {key: median([c[key] for c in rounds]) for key in rounds[0]}
        for name, rounds in costs.items()
    }
    for name, figures in medians.items():
        figures["start_cpu_s"] = median(starts[name])
        figures["net_pages_per_cpu_s"] = PAGES / (figures["cpu_s"] - figures["start_cpu_s"])
    ratio = medians["lsos"]["pages_per_cpu_s"] / medians["scrapy"]["pages_per_cpu_s"]
    bare = medians["lsos"]["pages_per_cpu_s"] / medians["bare"]["pages_per_cpu_s"]
    net = medians["lsos"]["net_pages_per_cpu_s"] / medians["scrapy"]["net_pages_per_cpu_s"]
    table(
        f"{PAGES:,} pages of {KB} KB, medians of {ROUNDS}",
        ["", *medians],
        [[key, *[medians[name][key] for name in medians]] for key in medians["lsos"]],
    )
    console.print(
        f"LSOS / Scrapy, pages per CPU-second: [bold]{net:.2f}[/] crawling (target: 3),"
        f" {ratio:.2f} including process start"
    )
    console.print(f"LSOS / bare loop: {bare:.2f}   worker memory target: 250 MB")
    write(
        "crawl",
        {
            "pages": PAGES,
            "kb": KB,
            "medians": medians,
            "rounds": costs,
            "starts": starts,
            "lsos_over_scrapy": net,
            "lsos_over_scrapy_with_start": ratio,
            "lsos_over_bare": bare,
        },
        COMMAND,
    )
