"""A hostile page in a real worker: it costs its own run a moment, and nobody else anything."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from lsos.core.settings.settings import Settings
from tests.conftest import make_tenant
from tests.integration.conftest import crawling
from tests.support.crawls import Crawls
from tests.support.stack import StoreFactory
from tests.support.workers import WorkerProcess, worker_process

PAGE_CPU_S = 3.0
HOSTILE = gzip.compress(b"<!doctype html><title>Shop</title><select>" + b"<option>" * 150_000)


@pytest.fixture
async def worked(
    stores: StoreFactory, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Crawls, WorkerProcess]]:
    """Crawls by one worker process, of each test's own: one of them kills it."""
    workers: list[WorkerProcess] = []

    @asynccontextmanager
    async def working(settings: Settings) -> AsyncIterator[None]:
        log: Path = tmp_path_factory.mktemp("reader") / "worker.log"
        async with worker_process(settings, log) as worker:
            workers.append(worker)
            yield

    async with crawling(stores, working, reader_page_seconds=PAGE_CPU_S) as crawls:
        yield crawls, workers[0]


async def test_a_hostile_page_is_one_page_and_nobody_else_waits(
    worked: tuple[Crawls, WorkerProcess],
) -> None:
    crawls, worker = worked
    hostile, ours = await crawls.sites.open(), await crawls.sites.open()
    hostile.page("/", "/select", "/contact")
    hostile.reply("/select", HOSTILE, content_encoding="gzip")
    hostile.page("/contact")
    ours.page("/", *[f"/{number}" for number in range(5)])
    for number in range(5):
        ours.page(f"/{number}")
    others = await make_tenant(crawls.api, "Neighbours")
    campaign = await crawls.campaign(ours.base_url, others)
    attacked = await crawls.start(await crawls.campaign(hostile.base_url))
    await hostile.until_hit("/select")

    run_id = await crawls.start(campaign, others)
    untouched = await crawls.until_ended(run_id, others)
    outcome = await crawls.outcome(attacked)

    assert (untouched.state, untouched.pages) == ("completed", 6)
    assert outcome.errors() == {"/select": "parse_timeout"}
    assert outcome.pages["/select"].status == 200
    assert outcome.run.state == "completed_with_errors"
    assert outcome.run.unmeasured == 1
    assert hostile.count("/select") == 1
    assert untouched.finished_at is not None
    assert untouched.finished_at < outcome.pages["/select"].fetched_at
    assert [line for line in worker.log_lines() if line.get("event") == "reader_ended"] != []


async def test_the_reader_of_a_worker_holds_no_socket_and_no_secret(
    worked: tuple[Crawls, WorkerProcess],
) -> None:
    crawls, worker = worked
    site = await crawls.sites.open()
    site.page("/")
    await crawls.run(site)
    readers = psutil.Process(worker.pid).children()
    assert len(readers) == 1
    assert readers[0].cmdline()[1:3] == ["-m", "lsos.reader.child"]
    assert readers[0].net_connections("inet") == []
    settings = crawls.settings
    environ = readers[0].environ()
    held = " ".join([*environ.values(), *readers[0].cmdline()])
    assert set(environ) <= {"LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH"} | {
        "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME",
    }  # fmt: skip
    assert not [secret for secret in (*settings.secrets, settings.redis_url) if secret in held]


async def test_a_reader_ends_with_its_worker(worked: tuple[Crawls, WorkerProcess]) -> None:
    crawls, worker = worked
    site = await crawls.sites.open()
    site.page("/")
    await crawls.run(site)
    (reader,) = psutil.Process(worker.pid).children()
    worker.kill()
    await worker.wait()
    reader.wait(timeout=60)
    assert not reader.is_running()
