"""Generates Docs/tasks.md from the manifests: every task, tick and loop, and what it does."""

import argparse
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsos.core.queue.arq_options import TICKS as QUEUE_TICKS
from lsos.core.queue.work import Task, Tick
from lsos.rooms import JOINTS

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "Docs" / "tasks.md"
HEAD = """\
# Background work

Everything that workers run. [architecture.md](architecture.md#a-job) describes the life of a job.
Generated from the rooms by `make docs`.

## Tasks

A task runs when a job with its name is due. Failures, timeouts and lost workers use up attempts;
returning to the queue does not.

| task | attempts | timeout (s) | does |
|---|---|---|---|
"""
TICKS = """
## Ticks

Short work at fixed times. A claim in PostgreSQL ensures that each effect happens once, however many
workers there are.

| tick | minutes of the hour | does |
|---|---|---|
"""
LOOPS = """
## Loops

Short work that every worker repeats, with or without Redis.

| loop | every (s) | does |
|---|---|---|
"""


def sentence(body: Callable[..., Any]) -> str:
    """The first paragraph of a function's docstring."""
    text = inspect.getdoc(body)
    if not text:
        raise SystemExit(f"say what {body.__module__}.{body.__qualname__} does in a docstring")
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")


def row(task: Task) -> str:
    does = sentence(task.body)
    return f"| `{task.name}` | {task.attempts} | {task.timeout_s:g} | {does} |\n"


def minutes(tick: Tick) -> str:
    return "all" if tick.minutes is None else ", ".join(map(str, sorted(tick.minutes)))


def build() -> str:
    tasks = sorted(JOINTS.tasks().tasks.values(), key=lambda task: task.name)
    return "".join(
        (
            HEAD,
            *map(row, tasks),
            TICKS,
            *(
                f"| `{tick.name}` | {minutes(tick)} | {sentence(tick.body)} |\n"
                for tick in (*QUEUE_TICKS, *JOINTS.ticks())
            ),
            LOOPS,
            *(
                f"| `{loop.name}` | {loop.every_s:g} | {sentence(loop.body)} |\n"
                for loop in JOINTS.loops()
            ),
        )
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the file is stale")
    arguments = parser.parse_args()
    text = build()
    if not arguments.check:
        TARGET.write_text(text)
    elif not TARGET.exists() or TARGET.read_text() != text:
        print(f"{TARGET.relative_to(ROOT)} is stale: make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
