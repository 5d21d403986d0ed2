"""Nginx with the shipped configuration: what passes, what is repeated, what it says itself."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
import trustme

from tests.conftest import Api
from tests.support import debian
from tests.support.clients import TenantClients
from tests.support.ports import own_port

pytestmark = pytest.mark.system

MIB = 1_048_576
Writer = asyncio.StreamWriter


class Upstream:
    """An HTTP/1.1 server whose answers a test writes byte by byte."""

    def __init__(self, answer: Callable[[str, Writer], Awaitable[None]]) -> None:
        self._answer = answer
        self.heads: list[str] = []
        self.bodies: list[bytes] = []

    @property
    def methods(self) -> list[str]:
        return [head.partition(" ")[0] for head in self.heads]

    def header(self, name: str) -> list[str]:
        """Values in the last request."""
        lines = [line.partition(": ") for line in self.heads[-1].split("\r\n")[1:]]
        return [value for key, _, value in lines if key.lower() == name.lower()]

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            length = next((int(v) for v in self.header("Content-Length")), 0)
            self.bodies.append(await reader.readexactly(length))
            await self._answer(head, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening(upstream: Upstream) -> AsyncIterator[int]:
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, limit=2 * MIB)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def die(_: str, writer: Writer) -> None:
    """A process that is killed with the request in hand."""


async def say(writer: Writer, status: str, body: bytes, *lines: str) -> None:
    head = "\r\n".join(
        [f"HTTP/1.1 {status}", "Content-Type: application/json", *lines, "Connection: close"]
    )
    writer.write(f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()


async def greet(_: str, writer: Writer) -> None:
    await say(writer, "200 OK", b'{"success": true, "data": 1, "meta": {}}')


@asynccontextmanager
async def through(*ports: int) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        debian.nginx(ports) as port,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20
        ) as client,
    ):
        yield client


def assert_envelope(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["success"] is False
    assert body["errors"][0]["code"] == code
    assert body["meta"]["request_id"]


async def test_the_api_answers_through_nginx_as_it_does_itself(
    api: Api, tenant_a: TenantClients
) -> None:
    token = {"Authorization": f"Bearer {tenant_a.analyst.token}"}
    paths = ("/health", "/campaigns", "/campaigns/none", "/no-such-route", "/auth/me")
    async with through(int(api.base_url.rpartition(":")[2])) as client:
        for path in paths:
            for headers in ({}, token):
                asked = {**headers, "X-Request-ID": "deploy-check.1"}
                direct = await api.http.get(f"/api/v1{path}", headers=asked)
                proxied = await client.get(f"/api/v1{path}", headers=asked)
                assert proxied.status_code == direct.status_code, path
                assert proxied.headers["x-request-id"] == "deploy-check.1"
                assert proxied.headers["content-type"] == direct.headers["content-type"]
                if path != "/health" and direct.status_code != 200:
                    assert proxied.content == direct.content, path
        created = await client.post(
            "/api/v1/campaigns", json={"name": "By proxy", "site_url": "https://example.org"},
            headers=token,
        )  # fmt: skip
        assert created.status_code == 201, created.text
        assert created.headers["location"].startswith("/api/v1/campaigns/")
        deleted = await client.delete(created.headers["location"], headers=token)
        assert deleted.status_code in (200, 204)
        malformed = await client.post(
            "/api/v1/campaigns", content=b"{", headers={**token, "Content-Type": "application/json"}
        )
        assert_envelope(malformed, 400, "malformed_json")


async def test_authorization_and_request_id_pass_and_a_forged_address_does_not() -> None:
    upstream = Upstream(greet)
    async with listening(upstream) as port, through(port) as client:
        await client.get(
            "/api/v1/auth/me",
            headers={
                "Authorization": "Bearer abc.def",
                "X-Request-ID": "from-the-client",
                "X-Forwarded-For": "198.51.100.7",
            },
        )
        assert upstream.header("Authorization") == ["Bearer abc.def"]
        assert upstream.header("X-Request-ID") == ["from-the-client"]
        assert upstream.header("X-Forwarded-For") == ["127.0.0.1"]
        for given in ({}, {"X-Request-ID": 'a"b{};'}):
            await client.get("/api/v1/auth/me", headers=given)
            (made,) = upstream.header("X-Request-ID")
            assert made.isalnum()
            assert upstream.header("Authorization") == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_read_that_meets_a_dying_process_is_asked_of_the_other(method: str) -> None:
    dead, alive = Upstream(die), Upstream(greet)
    async with listening(dead) as one, listening(alive) as two, through(one, two) as client:
        # Round robin: of two requests one meets the dead process first.
        for _ in range(2):
            assert (await client.request(method, "/api/v1/campaigns")).status_code == 200
    assert dead.methods == [method]
    assert alive.methods == [method] * 2


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_write_is_never_repeated(method: str) -> None:
    one, two = Upstream(die), Upstream(die)
    async with listening(one) as first, listening(two) as second, through(first, second) as client:
        answer = await client.request(method, "/api/v1/campaigns", content=b'{"name": "once"}')
        assert_envelope(answer, 502, "upstream_unavailable")
    assert one.methods + two.methods == [method]
    assert one.bodies + two.bodies == [b'{"name": "once"}']


@pytest.mark.parametrize("status", ["500 Internal Server Error", "502 Bad Gateway",
                                    "503 Service Unavailable", "404 Not Found"])  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_errors_of_the_api_reach_the_client_byte_for_byte(status: str, method: str) -> None:
    body = json.dumps({"success": False, "errors": [{"code": "own"}], "meta": {}}).encode()

    async def fail(_: str, writer: Writer) -> None:
        await say(writer, status, body, "Retry-After: 7")

    upstream = Upstream(fail)
    async with listening(upstream) as port, through(port) as client:
        answer = await client.request(method, "/api/v1/campaigns")
    assert f"{answer.status_code} " in status + " "
    assert answer.content == body
    assert answer.headers["retry-after"] == "7"
    assert upstream.methods == [method]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_without_an_api_nginx_speaks_in_the_envelope(method: str) -> None:
    async with through(own_port()) as client:
        answer = await client.request(
            method, "/api/v1/campaigns", headers={"X-Request-ID": "abc-1"}
        )
    assert_envelope(answer, 502, "upstream_unavailable")
    assert answer.json()["meta"]["request_id"] == "abc-1"
    assert answer.headers["retry-after"] == "5"


async def test_a_body_may_have_one_mebibyte_and_no_more() -> None:
    upstream = Upstream(greet)
    async with listening(upstream) as port, through(port) as client:
        assert (await client.post("/api/v1/campaigns", content=b"x" * MIB)).status_code == 200
        refused = await client.post("/api/v1/campaigns", content=b"x" * (MIB + 1))
        assert_envelope(refused, 413, "body_too_large")
    assert [len(body) for body in upstream.bodies] == [MIB]


async def test_an_event_arrives_while_the_stream_is_open() -> None:
    seen = asyncio.Event()

    async def stream(_: str, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        writer.write(b"event: progress\ndata: 1\n\n")
        await writer.drain()
        await seen.wait()
        writer.write(b"event: end\ndata: 2\n\n")
        await writer.drain()

    async with listening(Upstream(stream)) as port, through(port) as client:
        chunks = []
        async with client.stream("GET", "/api/v1/crawl/runs/1/events") as answer:
            async for chunk in answer.aiter_text():
                chunks.append(chunk)
                # The upstream ends only once its first event was seen: buffering would hang here.
                seen.set()
    assert "".join(chunks) == "event: progress\ndata: 1\n\nevent: end\ndata: 2\n\n"


@pytest.mark.parametrize("path", ["/metrics", "/", "/api/v2/x", "/.env"])
async def test_what_is_not_the_api_stays_inside(path: str) -> None:
    upstream = Upstream(greet)
    async with listening(upstream) as port, through(port) as client:
        assert_envelope(await client.get(path), 404, "not_found")
    assert upstream.heads == []


async def test_tls_ends_here() -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    upstream = Upstream(greet)
    with debian.folder() as certificates:
        issued.cert_chain_pems[0].write_to_path(certificates / "tls.crt")
        issued.private_key_pem.write_to_path(certificates / "tls.key")
        (certificates / "tls.key").chmod(0o644)  # a test's key; nginx here is nobody
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        async with (
            listening(upstream) as port,
            debian.nginx([port], tls=certificates) as https,
            httpx.AsyncClient(verify=trusting, trust_env=False) as client,
        ):
            answer = await client.get(f"https://localhost:{https}/api/v1/health")
    assert answer.status_code == 200
    assert "max-age" in answer.headers["strict-transport-security"]
    assert upstream.methods == ["GET"]
