"""`lsos audit` of a site: its files, and what it refuses."""

import csv
import json
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from lsos.demo import server as demo
from lsos.demo.faults import FAULTS
from tests.support.commands import home_in_use, lsos
from tests.support.ports import closed_port


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with home_in_use() as folder:
        yield folder


@pytest.fixture
async def site() -> AsyncIterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        runner, url = await demo.start(listener)
        yield url.rstrip("/") + "/"
        await runner.cleanup()


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
