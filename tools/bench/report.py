"""A report of ten pages with charts: PDF and HTML, each in a cold process."""

import sys

from tools.bench.measure import run, table, write

BARS_CPU_S = {"pdf": 0.4, "html": 0.3}
PROGRAM = """
import sys, time
from lsos.domains.reports.build import build
from lsos.domains.reports import render
from tests.support import reports
snapshot = reports.long()
started = time.process_time()
made = getattr(render, sys.argv[1])(build(snapshot))
spent = time.process_time() - started
print(len(made), spent)
"""


def main() -> None:
    """CPU of build and render; importing the program is the worker's start, shown beside it."""
    rows, figures = [], {}
    for name, bar in BARS_CPU_S.items():
        cost = run([sys.executable, "-c", PROGRAM, name])
        size, spent = cost.stdout.split()
        figures[name] = {
            "bytes": int(size),
            "cpu_s": round(float(spent), 3),
            "process_cpu_s": round(cost.cpu_s, 3),
            "peak_mb": cost.peak_mb,
            "bar_cpu_s": bar,
        }
        rows.append([name, *figures[name].values()])
    table(
        "a report of about ten pages, cold",
        ["format", "bytes", "CPU-s", "CPU-s with start", "peak MB", "bar CPU-s"],
        rows,
    )
    write("report", {"figures": figures}, "make bench T=report")
