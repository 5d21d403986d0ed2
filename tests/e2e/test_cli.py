"""The two commands of a newcomer, as real processes in an empty folder."""

import asyncio
import csv
import json
import os
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from lsos.demo import server as demo
from lsos.demo.faults import FAULTS
from tests.support.ports import closed_port
from tests.support.waiting import until

COMMAND_S = 300


def environment(folder: Path) -> dict[str, str]:
    """Ours without the stores that it may name: the command starts its own."""
    kept = {k: v for k, v in os.environ.items() if k not in ("POSTGRES_DSN", "REDIS_URL")}
    return {**kept, "LSOS_HOME": str(folder), "COLUMNS": "120"}


async def start(folder: Path, *words: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "lsos.cli", *words, stdout=PIPE, stderr=PIPE, env=environment(folder)
    )


async def finish(process: Process) -> tuple[int, str, str]:
    async with asyncio.timeout(COMMAND_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def lsos(folder: Path, *words: str) -> tuple[int, str, str]:
    return await finish(await start(folder, *words))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home") / "lsos"


@pytest.fixture
async def site() -> AsyncIterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        runner, url = await demo.start(listener)
        yield url.rstrip("/") + "/"
        await runner.cleanup()


async def until_printed(process: Process, words: bytes) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(COMMAND_S):
        while words not in (line := await process.stdout.readline()):
            assert line, "the command ended before it served"


async def until_serving(process: Process) -> None:
    await until_printed(process, b"running until")


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


async def test_a_killed_run_is_cleaned_up_and_its_user_still_works(home: Path) -> None:
    process = await start(home, "up")
    await until_serving(process)
    children = json.loads((home / "children.json").read_text())
    process.send_signal(signal.SIGKILL)
    await process.wait()

    again = await start(home, "up")
    await until_printed(again, b"password in demo.json")
    await until_serving(again)
    assert not set(children) & set(json.loads((home / "children.json").read_text()))
    demo_user = json.loads((home / "demo.json").read_text())
    async with httpx.AsyncClient(trust_env=False) as http:
        credentials = {k: demo_user[k] for k in ("email", "password")}
        answer = await http.post(
            f"{demo_user['base_url']}/api/v1/auth/login", json=credentials, timeout=COMMAND_S
        )
        assert answer.status_code == 200, answer.text

    other = await lsos(home, "up", "--once")
    assert other[0] == 1
    assert "already runs" in other[2]
    assert "Traceback" not in other[2]

    again.send_signal(signal.SIGINT)
    code, out, _ = await finish(again)
    assert code == 0
    assert demo_user["password"] not in out, "the password is shown once"


def command_of(pid: int) -> str:
    found = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout


async def test_crawling_yields_to_the_requests_of_an_operator(tmp_path: Path) -> None:
    process = await start(tmp_path, "up")
    await until_printed(process, b"API at")
    pids = json.loads((tmp_path / "children.json").read_text())
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


async def test_audit_writes_its_four_files(home: Path, site: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, stdout, err = await lsos(
        home, "audit", site, "--allow-private", "--json", "--out", str(out), "--workers", "2"
    )
    assert code == 0, err
    summary = json.loads(stdout)
    assert summary == json.loads((out / "summary.json").read_text())
    assert summary["state"] == "completed"
    assert summary["cpu_s"] > 0
    assert summary["peak_mb"] > 0
    with (out / "pages.csv").open(newline="") as file:
        pages = list(csv.DictReader(file))
    declined = [page for page in pages if page["error"] == "robots_disallowed"]
    assert len(pages) - len(declined) == summary["urls"]
    assert declined
    with (out / "issues.csv").open(newline="") as file:
        codes = {row["code"] for row in csv.DictReader(file)}
    assert codes == {row["code"] for row in summary["issues"]}
    assert len(codes & set(FAULTS)) >= 60
    with (out / "links.csv").open(newline="") as file:
        sources = {row["source"] for row in csv.DictReader(file)}
    assert site in sources


async def test_audit_refuses_what_it_must_not_ask_for(home: Path, tmp_path: Path) -> None:
    for url in ("file:///etc/passwd", "http://127.0.0.1:1/", "http://169.254.169.254/"):
        code, out, err = await lsos(home, "audit", url, "--out", str(tmp_path / "out"))
        assert code == 2, err
        assert out == ""
        assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


async def test_audit_of_a_dead_site_fails_with_its_reason(home: Path, tmp_path: Path) -> None:
    with closed_port() as port:
        url = f"http://127.0.0.1:{port}/"
        code, out, err = await lsos(
            home, "audit", url, "--allow-private", "--json", "--out", str(tmp_path)
        )
    assert code == 1, err
    summary = json.loads(out)
    assert summary["state"] == "failed"
    assert summary["technical_score"] is None
    assert summary["reason"] == "start_robots_unreachable"


async def test_a_taken_port_is_named(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = await lsos(home, "up", "--once", "--port", str(port))
    assert code == 1
    assert f"port {port} is in use" in err
