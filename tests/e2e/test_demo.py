"""`lsos up` shows its demo, and leaves the machine to its user."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import finish, home_in_use, lsos, start, until_printed
from tests.support.waiting import until


@pytest.fixture
def used_home() -> Iterator[Path]:
    with home_in_use() as folder:
        yield folder


async def test_up_runs_the_demo_and_leaves_its_figures(tmp_path: Path) -> None:
    home = tmp_path / "lsos"
    code, out, err = await lsos(home, "up", "--once")
    assert code == 0, err
    figures = json.loads((home / "demo.json").read_text())
    assert figures["crawl"]["state"] == "completed"
    assert figures["crawl"]["urls"] > 40
    assert 0 < figures["crawl"]["technical_score"] < 100
    for score in ("technical_score", "entity_score"):
        assert 0 < figures["dashboard"][score] < 100
    assert figures["email"] in out
    assert figures["password"] in out
    assert f"{figures['base_url']}/schema" in out
    assert not (home / "children.json").exists()


def command_of(pid: int) -> str:
    found = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout


async def test_crawling_yields_to_the_requests_of_an_operator(used_home: Path) -> None:
    process = await start(used_home, "up")
    await until_printed(process, b"API at")
    pids = json.loads((used_home / "children.json").read_text())
    of = {
        name: pid for pid in pids for name in ("worker", "api") if f"lsos.{name}" in command_of(pid)
    }
    own = os.getpriority(os.PRIO_PROCESS, 0)

    async def has_yielded() -> bool:
        return os.getpriority(os.PRIO_PROCESS, of["worker"]) == max(own, 10)

    try:
        await until(has_yielded, "the worker to lower its priority")
        assert os.getpriority(os.PRIO_PROCESS, of["api"]) == own
    finally:
        process.send_signal(signal.SIGINT)
        await finish(process)
