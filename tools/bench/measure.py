"""Measures child processes, and reports the results."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from lsos.cli.processes import peak_mb

OUT = Path("bench-out")
console = Console()


@dataclass(frozen=True)
class Cost:
    """The cost of one process, including its start."""

    seconds: float
    cpu_s: float
    peak_mb: float
    stdout: str


def run(command: Sequence[str], environ: Mapping[str, str] | None = None) -> Cost:
    """Run a command to completion; raises RuntimeError if it fails."""
    started = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        out = process.stdout.read()
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed: {errors[-2000:]}")
    return Cost(
        seconds=time.perf_counter() - started,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=peak_mb(usage.ru_maxrss),
        stdout=out,
    )


@contextmanager
def server(*args: str) -> Iterator[str]:
    """Run a server of the project that prints its port first; yields the port."""
    with subprocess.Popen(
        [sys.executable, "-m", *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait()


def tree_cpu_s(pid: int) -> float:
    """CPU-seconds of a process, its live children and the children it has reaped."""
    total = 0.0
    root = psutil.Process(pid)
    for process in [root, *root.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
        if process.pid == pid:
            total += times.children_user + times.children_system
    return total


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_before": round(os.getloadavg()[0], 2),
    }


def write(topic: str, figures: Mapping[str, Any], command: str) -> None:
    """Write bench-out/<topic>.json: the figures, the machine and the command."""
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{topic}.json"
    body = {"topic": topic, "command": command, "machine": machine(), **figures}
    path.write_text(json.dumps(body, indent=2, default=asdict) + "\n")
    console.print(f"[dim]written to {path}[/]")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    drawn = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for index, column in enumerate(columns):
        drawn.add_column(column, justify="left" if index == 0 else "right")
    for row in rows:
        drawn.add_row(*[_shown(value) for value in row])
    console.print(drawn)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
    return str(value)
