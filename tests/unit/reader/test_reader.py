"""The reader with real child processes: what is hostile ends one of them, and nothing else."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from lsos.checks.engine import CheckSetting
from lsos.reader.protocol import OpenRun, PageRead
from lsos.reader.reader import Broken, Reader, ReaderUnavailable, RunPages
from lsos.web.facts import PageFacts
from tests.support import facts

BODY = b"<!doctype html><title>Pipes</title><p>We mend pipes.</p><a href='/contact'>Contact</a>"
HOSTILE = b"<!doctype html><title>Shop</title><select>" + b"<option>" * 150_000
HUGE = b"<!doctype html><title>Huge</title>" + b"<b>x</b>" * 2_500_000
BEAT_S = 0.005
MOST_BLOCKED_S = 0.05
ALLOWED = ("lsos.reader", "lsos.checks", "lsos.web")
FOREIGN = (
    "asyncio", "aiohttp", "asyncpg", "http.client", "litestar", "numpy", "redis", "requests",
    "sqlalchemy", "ssl",
)  # fmt: skip
IMPORTS = """
import sys
from lsos.reader import child, protocol
from lsos.web.facts import PageFacts
from lsos.checks.site import SiteContext
reader = child.Reader()
site = SiteContext(start_url="https://a.example/", host="a.example", domain="a.example",
                   is_private_host=False)
reader.obey(protocol.OpenRun(1, b"secret", site, {}, [], [], False, frozenset(), None), b"")
page = PageFacts(url="https://a.example/", depth=0, status=200, content_type="text/html")
read = reader.obey(protocol.ReadPage(1, 60, page, 0), b"<title>A</title><p>Call 555 0100.")
assert read.row.title == "A", read
sitemap = reader.obey(protocol.ReadSitemap(60, "https://a.example/s.xml"), b"<urlset/>")
robots = reader.obey(protocol.ReadRobots(60), b"User-agent: *")
print(*sorted(sys.modules))
"""


def order(checks: dict[str, CheckSetting] | None = None) -> OpenRun:
    return OpenRun(
        run=0,
        secret=b"0123456789abcdef",
        site=facts.site_context(),
        checks=checks or {},
        include=[],
        exclude=[],
        subdomains=False,
        drop_params=frozenset(),
        max_depth=None,
    )


def page(path: str = "/") -> PageFacts:
    return PageFacts(url=facts.ORIGIN + path, depth=0, status=200, content_type="text/html")


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    async with Reader(page_cpu_s=1.5, memory_mb=700) as running:
        yield running


async def read(pages: RunPages, body: bytes = BODY, path: str = "/") -> PageRead:
    return await pages.read(page(path), body, 0)


async def test_a_page_is_parsed_judged_and_packed(reader: Reader) -> None:
    found = await read(reader.open(order()))
    assert (found.row.title, found.row.error, found.row.is_eligible) == ("Pipes", None, True)
    assert [new.url for new in found.discovered] == [facts.ORIGIN + "/contact"]
    assert "desc_missing" in {finding.code for finding in found.findings}


async def test_checks_are_as_the_run_has_set_them(reader: Reader) -> None:
    off = {"desc_missing": CheckSetting(is_enabled=False)}
    found = await read(reader.open(order(off)))
    assert "desc_missing" not in {finding.code for finding in found.findings}


async def test_a_hostile_page_is_given_up_and_holds_up_neither_others_nor_the_loop(
    reader: Reader,
) -> None:
    attacked, ours = reader.open(order()), reader.open(order())
    await read(ours)
    with blocked_times() as blocked:
        hostile = asyncio.ensure_future(read(attacked, HOSTILE, "/select"))
        behind = asyncio.ensure_future(read(attacked, path="/contact"))
        await asyncio.gather(*(read(ours, path=f"/{number}") for number in range(30)))
        assert not hostile.done()
        found = await hostile
        assert (found.row.error, found.row.status) == ("parse_timeout", 200)
        assert not found.row.is_measured
        assert (await behind).row.error is None
    blocked.sort()
    assert blocked[len(blocked) * 99 // 100] < MOST_BLOCKED_S
    assert (await read(ours)).row.error is None


async def test_a_page_that_takes_too_much_memory_is_given_up(reader: Reader) -> None:
    async with Reader(page_cpu_s=60, memory_mb=500) as small:
        pages = small.open(order())
        found = await read(pages, HUGE)
        assert found.row.error == "parse_failed"
        assert (await read(pages)).row.title == "Pipes"


async def test_what_a_reader_was_at_when_it_was_killed_is_read_again(reader: Reader) -> None:
    pages = reader.open(order())
    await read(pages)
    (pid,) = reader.pids
    reading = [asyncio.ensure_future(read(pages, path=f"/{number}")) for number in range(50)]
    await asyncio.sleep(0)
    os.kill(pid, 9)
    assert {(await one).row.title for one in reading} == {"Pipes"}
    assert reader.pids != [pid]


async def test_urls_are_reported_once_and_again_when_they_were_not_stored(reader: Reader) -> None:
    pages = reader.open(order())
    first = await read(pages)
    assert (await read(pages, path="/other")).discovered == []
    pages.forget([new.key for new in first.discovered])
    assert len((await read(pages)).discovered) == 1


async def test_robots_and_sitemaps_are_read_there_too(reader: Reader) -> None:
    robots = await reader.read_robots(b"User-agent: *\nDisallow: /x\nSitemap: https://a.example/s")
    assert (robots.groups[0].agents, robots.sitemaps) == (["*"], ["https://a.example/s"])
    sitemap = await reader.read_sitemap(
        "https://a.example/s", b"<urlset><url><loc>https://a.example/</loc></url></urlset>"
    )
    assert [entry.loc for entry in sitemap.entries] == ["https://a.example/"]


async def test_a_closed_reader_leaves_nobody_waiting() -> None:
    async with Reader(page_cpu_s=60, memory_mb=700) as running:
        pages = running.open(order())
        await read(pages)
        (pid,) = running.pids
        waiting = [asyncio.ensure_future(read(pages, HOSTILE)) for _ in range(20)]
        await asyncio.sleep(0.1)
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(error) for error in ended} == {ReaderUnavailable}
    assert not psutil.pid_exists(pid)
    with pytest.raises(ReaderUnavailable):
        await read(pages)


async def test_a_hostile_sitemap_breaks_its_own_reader_only() -> None:
    async with Reader(page_cpu_s=0.01, memory_mb=700) as running:
        rows = b"<url><loc>https://a.example/page</loc></url>" * 50_000
        with pytest.raises(Broken) as broken:
            await running.read_sitemap("https://a.example/s", b"<urlset>" + rows + b"</urlset>")
        assert broken.value.kind == "parse_timeout"


def test_a_reader_imports_only_what_reads_and_judges() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True
    )
    modules = done.stdout.split()
    ours = [name for name in modules if name.startswith("lsos.")]
    assert [name for name in ours if not name.startswith(ALLOWED)] == []
    assert [name for name in modules if name in FOREIGN] == []


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="Linux shows what a process holds")
async def test_a_reader_holds_one_channel_and_no_secret(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTGRES_DSN", "postgresql://lsos:s3cret@db.example/lsos")
    await read(reader.open(order()))
    (pid,) = reader.pids
    held = held_by(pid)
    assert set(held) == {0, 1, 2}
    assert [number for number, what in held.items() if what.startswith("socket:")] == [0]
    process = psutil.Process(pid)
    assert process.net_connections("inet") == []
    assert "s3cret" not in str(process.environ())


def held_by(pid: int) -> dict[int, str]:
    """Descriptors of a process, and what each is."""
    return {int(path.name): str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()}


@contextmanager
def blocked_times() -> Iterator[list[float]]:
    """CPU-seconds that this loop's thread took between two beats: a busy machine adds none."""
    taken: list[float] = []

    async def beat() -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(BEAT_S)
            taken.append((now := time.thread_time()) - before)
            before = now

    beating = asyncio.ensure_future(beat())
    try:
        yield taken
    finally:
        beating.cancel()
