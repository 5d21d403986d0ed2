"""The demo server over real sockets: what a crawler and a browser rely on."""

import asyncio
import gzip
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest

from lsos.demo.server import start
from lsos.demo.site import build

GZIP = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture(scope="module")
async def site() -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        runner, url = await start(sock)
        yield url
        await runner.cleanup()


@pytest.fixture
async def client(site) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(base_url=site, auto_decompress=False) as session:
        yield session


@pytest.mark.parametrize(
    "path, status",
    [
        ("/", 200),
        ("/blog/Gum_Disease_Signs/", 200),
        ("/downloads/new%20patient%20form/", 200),
        ("/search/?q=whitening", 200),
        ("/new-patients/?utm_source=home", 200),
        ("/robots.txt", 200),
        ("/sitemap.xml", 200),
        ("/img/share.png", 200),
        ("/fees/", 301),
        ("/special-offers/", 302),
        ("/nothing/here", 404),
        ("/blog", 404),
        ("/appointments/status/", 500),
    ],
)
async def test_status(client, path, status):
    async with client.get(path, allow_redirects=False) as response:
        assert response.status == status
        assert response.headers["Content-Length"] == str(len(await response.read()))


async def test_page_names_the_address_that_it_is_served_under(client, site):
    async with client.get("/", headers=PLAIN) as response:
        assert f'<link rel="canonical" href="{site}/">' in await response.text()


async def test_unchanged_page_is_not_sent_again(client):
    async with client.get("/") as first:
        tag, changed = first.headers["ETag"], first.headers["Last-Modified"]
    for headers in ({"If-None-Match": tag}, {"If-Modified-Since": changed}):
        async with client.get("/", headers=headers) as response:
            assert response.status == 304
            assert await response.read() == b""
            assert response.headers["ETag"] == tag


async def test_stale_tag_beats_a_fresh_date(client):
    headers = {"If-None-Match": '"other"', "If-Modified-Since": "Fri, 01 Jan 2027 00:00:00 GMT"}
    async with client.get("/", headers=headers) as response:
        assert response.status == 200


async def test_errors_are_never_conditional(client):
    async with client.get("/nothing", headers={"If-None-Match": "*"}) as response:
        assert response.status == 404


async def test_gzip_only_when_asked_for(client, site):
    body = build(site)["/"].body
    async with client.get("/", headers=GZIP) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.headers["Vary"] == "Accept-Encoding"
        assert gzip.decompress(await response.read()) == body
    for accept in ("identity", "gzip;q=0", "br"):
        async with client.get("/", headers={"Accept-Encoding": accept}) as response:
            assert "Content-Encoding" not in response.headers
            assert await response.read() == body


async def test_headers_of_planted_pages_are_sent(client, site):
    async with client.get("/welcome-offer/") as response:
        assert response.headers["X-Robots-Tag"] == "noindex"
    async with client.get("/services/dental-crowns/") as response:
        assert response.headers["Link"] == f'<{site}/services/>; rel="canonical"'
    async with client.get("/services/root-canal/") as response:
        assert response.headers["Content-Type"] == "text/html"


async def test_head_has_the_headers_of_get(client):
    async with client.get("/", headers=PLAIN) as got, client.head("/", headers=PLAIN) as head:
        assert head.headers["Content-Length"] == got.headers["Content-Length"]
        assert await head.read() == b""


async def test_contact_form_can_be_sent_and_nothing_else(client):
    async with client.post("/contact/send/", data={"name": "Ruth"}) as response:
        assert response.status == 200
        assert response.url.path == "/thank-you/"
    async with client.post("/", data={"name": "Ruth"}) as response:
        assert response.status == 405


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX ones")
async def test_command_prints_its_port_logs_requests_and_stops_cleanly(tmp_path):
    log = tmp_path / "access.log"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "lsos.demo.server", "--port", "0", "--access-log", str(log),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )  # fmt: skip
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    async with (
        aiohttp.ClientSession(headers={"User-Agent": "probe/1"}) as session,
        session.get(f"http://127.0.0.1:{port}/prices/") as response,
    ):
        assert response.status == 200
        await response.read()
    process.send_signal(signal.SIGTERM)
    _, errors = await process.communicate()
    assert process.returncode == 0
    assert errors == b""
    (line,) = log.read_text().splitlines()
    assert '"GET /prices/ HTTP/1.1" 200 ' in line
    assert line.endswith('"probe/1"')
