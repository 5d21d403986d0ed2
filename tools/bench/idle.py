"""Cost of an idle stack: memory and CPU of one API and one worker process, without stores."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from lsos import embedded
from lsos.cli.migrate import upgrade
from lsos.cli.processes import free_port
from lsos.cli.stores import as_environment
from lsos.core.settings.environment import load
from lsos.embedded.installation import complete
from tools.bench.measure import table, tree_cpu_s, write

SETTLE_S = 8.0
IDLE_S = 30.0
BAR_MB = 350.0
BAR_PERCENT = 1.0


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder)) as running:
        settings = complete(load({}), Path(folder), running.stores)
        upgrade(settings.postgres_dsn)
        environ = {**os.environ, **as_environment(settings), "LSOS_HOME": folder}
        port = str(free_port(8000, is_fixed=False))
        api = ["uvicorn", "--factory", "lsos.api:create_app", "--port", port, "--no-access-log"]
        commands = {"api": [*api, "--loop", "uvloop"], "worker": ["lsos.worker"]}
        processes = {
            name: subprocess.Popen(
                [sys.executable, "-m", *command],
                env=environ,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for name, command in commands.items()
        }
        try:
            time.sleep(SETTLE_S)
            figures = _measure(processes)
        finally:
            for process in processes.values():
                process.terminate()
            for process in processes.values():
                process.wait(timeout=15)
    total = {key: sum(f[key] for f in figures.values()) for key in ("rss_mb", "pss_mb", "percent")}
    figures["both"] = total
    table(
        f"idle for {IDLE_S:.0f} s; targets: {BAR_MB:.0f} MB, {BAR_PERCENT:.0f} % of a core",
        ["process", "resident MB", "of it own and shared by halves MB", "% of a core"],
        [[name, f["rss_mb"], f["pss_mb"], f["percent"]] for name, f in figures.items()],
    )
    bars = {"rss_mb": BAR_MB, "percent": BAR_PERCENT}
    write("idle", {"figures": figures, "bars": bars}, "make bench T=idle")


def _measure(processes: dict[str, "subprocess.Popen[bytes]"]) -> dict[str, dict[str, float]]:
    before = {name: tree_cpu_s(process.pid) for name, process in processes.items()}
    began = time.monotonic()
    time.sleep(IDLE_S)
    seconds = time.monotonic() - began
    figures = {}
    for name, process in processes.items():
        tree: Any = psutil.Process(process.pid)
        memory = [p.memory_full_info() for p in [tree, *tree.children(recursive=True)]]
        figures[name] = {
            "rss_mb": sum(m.rss for m in memory) / 1e6,
            "pss_mb": sum(getattr(m, "pss", m.rss) for m in memory) / 1e6,
            "percent": 100 * (tree_cpu_s(process.pid) - before[name]) / seconds,
        }
    return figures
