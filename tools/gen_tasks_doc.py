"""Writes Docs/tasks.md from the manifests: every task, tick and loop, and what it does."""

import argparse
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsos.core.queue.work import Tick
from lsos.rooms import JOINTS

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "Docs" / "tasks.md"
HEAD = """\
# Background work

What workers run. How a job lives is in [architecture.md](architecture.md#a-job). Generated from the rooms; `make docs` writes it.

## Tasks

A task runs when a job of its name is due. Attempts beyond a time-out or a lost worker count; a job that waits its turn does not use one up.

| task | attempts | time-out (s) | does |
|---|---|---|---|
"""
TICKS = """
## Ticks

Short work at fixed times; a claim in PostgreSQL makes each effect happen once, however many workers there are.

| tick | minutes of the hour | does |
|---|---|---|
"""
LOOPS = """
## Loops

Short work that every worker repeats as long as it lives, with or without Redis.

| loop | every (s) | does |
|---|---|---|
"""


def sentence(body: Callable[..., Any]) -> str:
    """The first paragraph of what a body says of itself."""
    text = inspect.getdoc(body)
    if not text:
        raise SystemExit(f"say what {body.__module__}.{body.__qualname__} does in a docstring")
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")


def minutes(tick: Tick) -> str:
    return "all" if tick.minutes is None else ", ".join(map(str, sorted(tick.minutes)))


def build() -> str:
    tasks = sorted(JOINTS.tasks().tasks.values(), key=lambda task: task.name)
    return "".join(
        (
            HEAD,
            *(
                f"| `{task.name}` | {task.attempts} | {task.timeout_s:g} | {sentence(task.body)} |\n"
                for task in tasks
            ),
            TICKS,
            *(
                f"| `{tick.name}` | {minutes(tick)} | {sentence(tick.body)} |\n"
                for tick in JOINTS.ticks()
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
