"""What the demo shows of each room, in the order in which a campaign uses them."""

from collections.abc import Awaitable, Callable, Iterator
from importlib import import_module
from typing import Any

from rich.console import Console

from lsos.cli.demo.session import Session

Room = Callable[[Session, dict[str, Any], Console], Awaitable[dict[str, object]]]
"""Drives the public API for the campaign, prints one line, and returns figures for demo.json."""

ORDER = ("rank", "local", "reviews", "authority", "entity", "intelligence", "reports", "health")


def rooms() -> Iterator[tuple[str, Room]]:
    """Name and `run` of each room that has a part in the demo."""
    for name in ORDER:
        yield name, import_module(f"{__name__}.{name}").run
