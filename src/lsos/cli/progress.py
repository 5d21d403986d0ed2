"""The progress bar of a crawl, and tables of its results."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from lsos.checks.base import SEVERITIES

STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}


def progress_bar(console: Console) -> Progress:
    """One line per run: pages done and found so far, rate, phase."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=36),
        TextColumn("{task.completed:>5.0f}/{task.total:.0f} URLs"),
        TextColumn("[dim]{task.fields[rate]}"),
        TimeElapsedColumn(),
        console=console,
        transient=not console.is_terminal,
    )


def show(progress: Progress, bar: Any, run: Mapping[str, Any]) -> None:
    """Update the bar to the state of the run (a RunView as data)."""
    counts = run["progress"]
    rate = counts["pages_per_s"]
    progress.update(
        bar,
        description=f"{run['state'] if run['state'] == 'queued' else run['phase']:<10}",
        completed=counts["done"],
        total=max(counts["admitted"], 1),
        rate=f"{rate:.0f}/s" if rate else "",
    )


def outcome(run: Mapping[str, Any]) -> Table:
    """The score and the number of issues by severity."""
    table = Table(show_header=True, header_style="bold", box=None, pad_edge=False)
    table.add_column("technical score", justify="right")
    for severity in SEVERITIES:
        table.add_column(severity, justify="right", style=STYLES[severity])
    score = run["technical_score"]
    counts = run["issue_counts"] or {}
    table.add_row(
        "not measured" if score is None else f"{score:.1f} / 100",
        *(str(counts.get(severity, 0)) for severity in SEVERITIES),
    )
    return table


def issues_by_code(rows: Sequence[Mapping[str, Any]], most: int = 12) -> Table:
    """The most severe issues: severity, count, title, an example."""
    table = Table(show_header=True, header_style="bold", box=None, pad_edge=False, expand=True)
    table.add_column("severity", no_wrap=True)
    table.add_column("found", justify="right", no_wrap=True)
    table.add_column("issue", overflow="ellipsis", no_wrap=True, ratio=3)
    table.add_column("example", overflow="ellipsis", no_wrap=True, ratio=2)
    for row in rows[:most]:
        style = STYLES[row["severity"]]
        severity = Text(row["severity"], style)
        table.add_row(severity, str(row["count"]), Text(row["title"]), Text(_path(row["example"])))
    if len(rows) > most:
        table.add_row("", "", Text(f"and {len(rows) - most} more kinds of issues", "dim"), "")
    return table


def _path(url: str) -> str:
    """The path of a page, since all rows have the same origin; hosts are unchanged."""
    parts = urlsplit(url)
    return (parts.path + (f"?{parts.query}" if parts.query else "")) if parts.scheme else url
