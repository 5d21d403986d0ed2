"""Crawls a local site with this checkout and another, alternating on the same stores.

`python -m tools.bench.versus ../other/src` prints the ratio of each figure. CPU time and memory
include workers and their readers.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from lsos import embedded
from tools.bench.crawl import postmaster
from tools.bench.measure import console, median, server, table, tree_cpu_s, write

SAMPLE_S = 0.1
SHOWN = ("cpu_s", "database_cpu_s", "pages_per_s", "seconds", "peak_mb", "wall_s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, help="src folder of the other checkout")
    parser.add_argument("--pages", type=int, default=2_000)
    parser.add_argument("--kb", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    sources = {"this": Path("src").resolve(), "other": options.other.resolve()}
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in sources}
    site = ["--pages", str(options.pages), "--kb", str(options.kb), "--port", "0"]
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded.start(Path(folder) / "this") as ours,
        embedded.start(Path(folder) / "other") as theirs,
        server("tools.bench.site", *site) as port,
    ):
        databases = {
            name: asyncio.run(postmaster(running.stores.postgres_dsn))
            for name, running in zip(sources, (ours, theirs), strict=True)
        }
        for number in range(options.rounds + 1):
            for name, source in sources.items():
                url, home = f"http://127.0.0.1:{port}/", Path(folder) / name
                figures = _audit(source, url, home, databases[name], options.pages)
                if number:  # the first round compiles and warms caches
                    rounds[name].append(figures)
                console.print(f"[dim]{name} {figures}[/]")
    _report(rounds)


def _audit(source: Path, url: str, home: Path, database: int, pages: int) -> dict[str, float]:
    environ = {**os.environ, "PYTHONPATH": str(source), "LSOS_HOME": str(home)}
    command = [sys.executable, "-m", "lsos.cli", "audit", url, "--allow-private", "--json"]
    command += ["--max-pages", str(pages), "--out", str(home / "out"), "--no-sitemaps"]
    before, began = tree_cpu_s(database), time.perf_counter()
    with subprocess.Popen(
        command, env=environ, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        peak = _Peak(process.pid)
        peak.start()
        out, errors = process.communicate()
        peak.is_over.set()
        peak.join()
    if process.returncode:
        raise RuntimeError(errors.decode(errors="replace")[-2000:])
    summary: dict[str, Any] = json.loads(out)
    if summary["pages"] != pages:
        raise RuntimeError(f"{summary['pages']} pages measured: {summary['state']}")
    return {
        "cpu_s": summary["cpu_s"],
        "database_cpu_s": tree_cpu_s(database) - before,
        "pages_per_s": summary["pages_per_s"],
        "seconds": summary["seconds"],
        "peak_mb": peak.mb,
        "wall_s": time.perf_counter() - began,
    }


class _Peak(threading.Thread):
    """Peak of the total memory of a process's children."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.mb = 0.0
        self.is_over = threading.Event()
        self._root = psutil.Process(pid)

    def run(self) -> None:
        while not self.is_over.wait(SAMPLE_S):
            total = 0
            try:
                for child in self._root.children(recursive=True):
                    total += child.memory_info().rss
            except psutil.Error:
                continue
            self.mb = max(self.mb, total / 1e6)


def _report(rounds: dict[str, list[dict[str, float]]]) -> None:
    medians = {
        name: {key: median([figures[key] for figures in taken]) for key in SHOWN}
        for name, taken in rounds.items()
    }
    ratios = {
        key: median([mine[key] / other[key] for mine, other in zip(*rounds.values(), strict=True)])
        for key in SHOWN
    }
    table(
        "medians, and the median of the ratios per round",
        ["", *medians, "ratio"],
        [[key, *[medians[name][key] for name in medians], ratios[key]] for key in SHOWN],
    )
    write("versus", {"medians": medians, "ratios": ratios, "rounds": rounds}, "tools.bench.versus")


if __name__ == "__main__":
    main()
