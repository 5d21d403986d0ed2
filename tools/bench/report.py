"""Renders a ten-page report with charts as PDF and HTML, each in a cold process."""

import io
import sys

import pikepdf

from lsos.domains.reports import render
from lsos.domains.reports.build import build
from lsos.domains.reports.document import Chart
from tests.support import reports
from tools.bench.measure import run, table, write

REPEATS = 3

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
    """CPU of a cold process, including interpreter start and imports, which are also shown
    separately."""
    rows, figures = [], {}
    for name, bar in BARS_CPU_S.items():
        costs = [run([sys.executable, "-c", PROGRAM, name]) for _ in range(REPEATS)]
        cost = min(costs, key=lambda c: c.cpu_s)
        size, spent = cost.stdout.split()
        figures[name] = {
            "bytes": int(size),
            "cpu_s": round(cost.cpu_s, 3),
            "render_cpu_s": round(float(spent), 3),
            "peak_mb": cost.peak_mb,
            "bar_cpu_s": bar,
        }
        rows.append([name, *figures[name].values()])
    # Rendered last, because a child forked from a large process counts as large.
    report = build(reports.long())
    with pikepdf.open(io.BytesIO(render.pdf(report))) as opened:
        pages = len(opened.pages)
    charts = sum(isinstance(block, Chart) for part in report.sections for block in part.blocks)
    table(
        f"a report of {pages} pages with {charts} charts, cold, best of {REPEATS}",
        ["format", "bytes", "CPU-s", "of them rendering", "peak MB", "bar CPU-s"],
        rows,
    )
    size_of = {"pages": pages, "charts": charts}
    write("report", {**size_of, "figures": figures}, "make bench T=report")
