"""`lsos up` as a newcomer types it, ends it and finds it again."""

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.commands import (
    COMMAND_S,
    finish,
    home_in_use,
    lsos,
    start,
    until_printed,
    until_serving,
)
from tests.support.waiting import until


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with home_in_use() as folder:
        yield folder


async def test_a_killed_run_is_cleaned_up_and_its_user_still_works(home: Path) -> None:
    process = await start(home, "up")
    await until_printed(process, b"API at")

    async def has_begun_its_demo() -> bool:
        return "password" in (home / "demo.json").read_text()

    await until(has_begun_its_demo, "the demo to begin")
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


async def test_a_taken_port_is_named(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = await lsos(home, "up", "--once", "--port", str(port))
    assert code == 1
    assert f"port {port} is in use" in err
