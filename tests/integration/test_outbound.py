"""The client may neither be led inside nor be stopped, flooded or misled by what it fetches."""

import asyncio
import gzip
import json
import socket
import ssl
import sys
import traceback
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import brotli
import pytest
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from lsos.core.outbound.client import Hop, Outbound
from lsos.core.outbound.errors import OutboundError, OutboundErrorKind
from lsos.core.outbound.resolver import AddressBlockedError, GuardedResolver, guarded_socket
from lsos.core.outbound.response import READ_BYTES, REDIRECTS
from tests.support.ports import closed_port

CASES: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "ssrf_urls.json").read_text(encoding="utf-8")
)
AGENT = "LSOS-Test/1.0"
OK = b"HTTP/1.1 200 OK\r\n"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ConnectSpy:
    """Sees every connect() of the process and lets none leave the machine."""

    def __init__(self) -> None:
        self.is_on = False
        self.addresses: list[tuple[Any, ...]] = []

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self.is_on and event == "socket.connect" and isinstance(args[1], tuple):
            self.addresses.append(args[1])
            if args[1][0] not in ("127.0.0.1", "::1"):
                raise ConnectionRefusedError("the tests stay on this machine")


SPY = ConnectSpy()
sys.addaudithook(SPY)


@pytest.fixture(autouse=True)
def connects() -> Iterator[list[tuple[Any, ...]]]:
    SPY.addresses = []
    SPY.is_on = True
    yield SPY.addresses
    SPY.is_on = False


class FakeResolver(AbstractResolver):
    """Gives each name's answers in turn, for ever; unlisted names get `default`."""

    def __init__(self, answers: dict[str, list[list[str]]], default: list[str]) -> None:
        self._default = default
        self._answers = {host: cycle(rows) for host, rows in answers.items()}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = next(self._answers[host]) if host in self._answers else self._default
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def raw_server(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A TCP server that reads one request and then does what it likes; yields its origin."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET"):
                await talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        server.close()
        await server.wait_closed()


def saying(*parts: bytes) -> Talk:
    """Answers with the parts and closes."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
        writer.close()

    return talk


def stalling(start: bytes) -> Talk:
    """Sends a start and then nothing, until the client hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await reader.read()

    return talk


def body_of(data: bytes, encoding: str = "") -> bytes:
    coding = f"Content-Encoding: {encoding}\r\n".encode() if encoding else b""
    return OK + coding + b"Content-Length: %d\r\n\r\n" % len(data) + data


def client(*origins: str, **options: Any) -> Outbound:
    return Outbound(user_agent=AGENT, allow_origins=frozenset(origins), **options)


async def failure(request: Awaitable[object]) -> OutboundError:
    with pytest.raises(OutboundError) as caught:
        await request
    return caught.value


@pytest.fixture
async def canary() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A listener inside that nobody may reach: its port, and what it discovered."""
    discovered: list[bytes] = []

    async def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        discovered.append(b"connected")
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], discovered
    server.close()
    await server.wait_closed()


# The address rule


@pytest.mark.parametrize(
    "row", [r for r in CASES["urls"] if r["must_block"]], ids=lambda row: row["id"]
)
async def test_blocked_url_opens_no_connection(
    row: dict[str, Any], connects: list[tuple[Any, ...]]
) -> None:
    async with client(resolver=FakeResolver({}, ["127.0.0.1"])) as outbound:
        assert (await failure(outbound.get(row["url"]))).kind == "address_blocked"
        assert (await failure(outbound.get_following(row["url"]))).kind == "address_blocked"
        posted = outbound.request("POST", row["url"], json={})
        assert (await failure(posted)).kind == "address_blocked"
    assert connects == []


@pytest.mark.parametrize(
    "row", [r for r in CASES["urls"] if not r["must_block"]], ids=lambda row: row["id"]
)
async def test_public_url_is_asked_at_its_own_address(
    row: dict[str, Any], connects: list[tuple[Any, ...]]
) -> None:
    async with client(resolver=FakeResolver({}, ["93.184.216.34"])) as outbound:
        assert (await failure(outbound.get(row["url"]))).kind == "refused"
    host = row["whatwg_host"]
    literal = host if row.get("whatwg_ip_is_global") else "93.184.216.34"
    assert [address[0] for address in connects] == [literal]


@pytest.mark.parametrize("row", CASES["dns_scenarios"], ids=lambda row: row["id"])
async def test_name_with_a_private_answer_is_never_asked(
    row: dict[str, Any], connects: list[tuple[Any, ...]]
) -> None:
    resolver = FakeResolver({row["host"]: row["resolver_answers"]}, [])
    async with client(resolver=resolver) as outbound:
        kinds = {(await failure(outbound.get(row["url"]))).kind for _ in row["resolver_answers"]}
    flat = {address for answer in row["resolver_answers"] for address in answer}
    assert kinds <= ({"dns"} if not flat else {"address_blocked", "refused"})
    assert {address[0] for address in connects} <= {"93.184.216.34"}


@pytest.mark.parametrize("private", ["10.0.0.1", "::ffff:10.0.0.5", "fe80::1%eth0", "junk"])
async def test_one_private_answer_among_public_ones_condemns_the_name(
    private: str, connects: list[tuple[Any, ...]]
) -> None:
    answer = ["93.184.216.34", private, "2606:4700::1111"]
    async with client(resolver=FakeResolver({}, answer)) as outbound:
        assert (await failure(outbound.get("http://a.test/"))).kind == "address_blocked"
    assert connects == []


async def test_rebinding_never_reaches_the_inside(
    canary: tuple[int, list[bytes]], connects: list[tuple[Any, ...]]
) -> None:
    port, discovered = canary
    flips = [["93.184.216.34"], ["127.0.0.1"]]
    hosts = {f"r{i}.test": flips if i % 2 else flips[::-1] for i in range(100)}
    async with client(resolver=FakeResolver(hosts, [])) as outbound:
        for host in hosts:
            for _ in range(2):
                kind = (await failure(outbound.get(f"http://{host}:{port}/"))).kind
                assert kind in ("refused", "address_blocked")
    assert discovered == []
    assert {address[0] for address in connects} == {"93.184.216.34"}


async def test_resolver_passes_on_only_what_it_judged() -> None:
    resolver = GuardedResolver(FakeResolver({"a.test": [["8.8.8.8"], ["127.0.0.1"]]}, []))
    for _ in range(200):
        answers = await resolver.resolve("a.test", 80)
        assert [answer["host"] for answer in answers] == ["8.8.8.8"]
        with pytest.raises(AddressBlockedError):
            await resolver.resolve("a.test", 80)


@pytest.mark.parametrize(
    "family, sockaddr",
    [
        (socket.AF_INET, ("127.0.0.1", 80)),
        (socket.AF_INET6, ("::ffff:127.0.0.1", 80, 0, 0)),
        (socket.AF_INET6, ("2606:4700::1111", 80, 0, 3)),
    ],
)
def test_no_socket_is_made_for_a_private_address(
    family: socket.AddressFamily, sockaddr: tuple[Any, ...]
) -> None:
    with pytest.raises(AddressBlockedError):
        guarded_socket((family, socket.SOCK_STREAM, 0, "", sockaddr))


@pytest.mark.parametrize("row", CASES["redirect_scenarios"], ids=lambda row: row["id"])
async def test_redirects_lead_nowhere_inside(
    row: dict[str, Any], connects: list[tuple[Any, ...]]
) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/ok":
            return web.Response(text="ok")
        if row["location"] is None:
            return web.Response(headers={"Refresh": "0;url=http://127.0.0.1/"})
        return web.Response(status=row["status"], headers={"Location": row["location"]})

    async with (
        app_server(answer) as origin,
        client(origin, resolver=FakeResolver({}, ["127.0.0.1"])) as outbound,
    ):
        following = outbound.get_following(f"{origin}/start")
        if row["final_must_be_blocked"] and row["status"] in REDIRECTS:
            assert (await failure(following)).kind == "address_blocked"
        else:
            # What is not followed is an answer.
            response, hops = await following
            assert response.status == (row["status"] if row["final_must_be_blocked"] else 200)
            assert len(hops) == (0 if row["final_must_be_blocked"] else 1)
    assert {f"http://{host}:{port}" for host, port in connects} == {origin}


@asynccontextmanager
async def app_server(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_an_allowed_origin_opens_no_other_door(canary: tuple[int, list[bytes]]) -> None:
    port, discovered = canary
    async with raw_server(saying(body_of(b"x"))) as origin, client(origin) as outbound:
        assert (await outbound.get(origin)).body == b"x"
        other = f"http://127.0.0.1:{port}/"
        assert (await failure(outbound.get(other))).kind == "address_blocked"
        https = origin.replace("http:", "https:")
        assert (await failure(outbound.get(https))).kind == "address_blocked"
    assert discovered == []


async def test_allow_private_opens_names_and_addresses() -> None:
    async with (
        raw_server(saying(body_of(b"x"))) as origin,
        client(allow_private=True) as outbound,
    ):
        assert (await outbound.get(origin)).body == b"x"
        named = origin.replace("127.0.0.1", "localhost")
        assert (await outbound.get(named)).body == b"x"


# Redirects


async def test_redirects_are_followed_by_hand_and_told() -> None:
    async def answer(request: web.Request) -> web.Response:
        steps = {"/a": (301, "b?x=1"), "/b": (307, "/ü")}
        if request.path in steps:
            status, location = steps[request.path]
            return web.Response(status=status, headers={"Location": location})
        return web.Response(text=request.path)

    async with app_server(answer) as origin, client(origin) as outbound:
        response, hops = await outbound.get_following(f"{origin}/a#top")
        assert response.body.decode() == "/ü"
        assert response.url == f"{origin}/%C3%BC"
        assert hops == [Hop(f"{origin}/a", 301, "b?x=1"), Hop(f"{origin}/b?x=1", 307, "/ü")]
        single = await outbound.get(f"{origin}/a")
        assert (single.status, single.location) == (301, "b?x=1")


@pytest.mark.parametrize("target, asked", [("/{next}", 6), ("/0", 1), ("/1", 2)])
async def test_redirects_without_end_are_given_up(target: str, asked: int) -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.path)
        location = target.format(next=int(request.path[1:]) + 1)
        return web.Response(status=302, headers={"Location": location})

    async with app_server(answer) as origin, client(origin) as outbound:
        error = await failure(outbound.get_following(f"{origin}/0", max_hops=5))
    assert error.kind == "too_many_redirects"
    assert len(seen) == asked


async def test_credentials_stay_with_their_origin() -> None:
    discovered: list[dict[str, str]] = []

    async def second(request: web.Request) -> web.Response:
        discovered.append(dict(request.headers))
        return web.Response(text="done")

    async with app_server(second) as other:

        async def first(request: web.Request) -> web.Response:
            discovered.append(dict(request.headers))
            location = other.replace("//", "//user:hunter2@")
            return web.Response(status=302, headers={"Location": location})

        async with app_server(first) as origin, client(origin, other) as outbound:
            secret = {"Authorization": "Bearer hunter2", "X-Key": "hunter2", "Accept": "a/b"}
            await outbound.get_following(origin, headers=secret)
    assert discovered[0]["Authorization"] == "Bearer hunter2"
    assert "hunter2" not in str(discovered[1])
    assert (discovered[1]["Accept"], discovered[1]["User-Agent"]) == ("a/b", AGENT)


# Bodies


@pytest.mark.parametrize(
    "encoding, encode",
    [
        ("", bytes),
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("utf-8", bytes),
    ],
)
async def test_body_is_decoded_and_measured(
    encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    page = b"<p>page</p>" * 10_000
    sent = encode(page)
    async with raw_server(saying(body_of(sent, encoding))) as origin, client(origin) as outbound:
        response = await outbound.get(origin)
    assert response.body == page
    assert response.transfer_bytes == len(sent)
    assert response.content_encoding == encoding
    assert not response.is_truncated
    assert response.http_version == "1.1"
    assert 0 < response.ttfb_ms <= response.total_ms


@pytest.mark.parametrize("size", [0, 999, 1000])
async def test_body_up_to_the_cap_is_whole(size: int) -> None:
    page = b"x" * size
    for sent in (body_of(page), body_of(gzip.compress(page), "gzip")):
        async with raw_server(saying(sent)) as origin, client(origin) as outbound:
            response = await outbound.get(origin, max_bytes=1000, accept_truncated=False)
        assert response.body == page
        assert not response.is_truncated


async def test_endless_body_stops_at_the_cap() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with raw_server(talk) as origin, client(origin) as outbound:
        response = await outbound.get(origin, max_bytes=500_000)
        assert response.is_truncated
        assert response.body == b"x" * 500_000
        assert response.transfer_bytes <= 500_000 + READ_BYTES
        refused = outbound.get(origin, max_bytes=500_000, accept_truncated=False)
        assert (await failure(refused)).kind == "too_large"


def gzip_bomb() -> bytes:
    """100 MB of zeros."""
    packer = zlib.compressobj(level=1, wbits=31)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(100)) + packer.flush()


@pytest.mark.parametrize(
    "encoding, bomb",
    [("gzip", gzip_bomb), ("br", lambda: brotli.compress(bytes(100_000_000), quality=1))],
    ids=["gzip", "br"],
)
async def test_bomb_stops_at_the_cap_of_decoded_bytes(
    encoding: str, bomb: Callable[[], bytes]
) -> None:
    async with raw_server(saying(body_of(bomb(), encoding))) as origin, client(origin) as outbound:
        response = await outbound.get(origin, max_bytes=300_000)
    assert response.is_truncated
    assert response.body == bytes(300_000)


async def test_coded_stream_that_decodes_to_nothing_is_cut() -> None:
    # Empty stored blocks, RFC 1951 section 3.2.4.
    empty_blocks = b"\x00\x00\x00\xff\xff" * 20_000

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10])
        while not writer.is_closing():
            writer.write(empty_blocks)
            await writer.drain()

    async with raw_server(talk) as origin, client(origin) as outbound:
        response = await outbound.get(origin, max_bytes=100_000)
    assert response.is_truncated
    assert response.body == b""


@pytest.mark.parametrize(
    "data, encoding",
    [
        (gzip.compress(gzip.compress(b"page")), "gzip, gzip"),
        (brotli.compress(gzip.compress(b"page")), "gzip, br"),
        (b"(zstd)", "zstd"),
        (gzip.compress(b"") * 100_000, "gzip"),
        (gzip.compress(b"page" * 100)[:-9], "gzip"),
        (b"plain text", "gzip"),
        (b"plain text", "br"),
        (b"plain text", "deflate"),
    ],
    ids=["stacked", "stacked-br", "zstd", "members", "early", "no-gzip", "no-br", "no-deflate"],
)
async def test_undecodable_body_is_a_typed_error(data: bytes, encoding: str) -> None:
    async with raw_server(saying(body_of(data, encoding))) as origin, client(origin) as outbound:
        assert (await failure(outbound.get(origin))).kind == "bad_encoding"


async def test_answer_without_a_body_may_name_any_encoding() -> None:
    head = b"HTTP/1.1 304 Not Modified\r\nContent-Encoding: zstd\r\n\r\n"
    async with raw_server(saying(head)) as origin, client(origin) as outbound:
        assert (await outbound.get(origin)).status == 304


# Faults of the other side


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", OK + b"Content-Length: 9\r\n\r\nx", OK + b"\r\nx"],
    ids=["silence", "headers", "body", "body-until-close"],
)
async def test_stalled_server_ends_in_a_timeout(start: bytes) -> None:
    async with raw_server(stalling(start)) as origin, client(origin) as outbound:
        error = await failure(outbound.get(origin, timeout_s=0.1))
    assert error.kind == "timeout"


async def test_dripping_server_ends_in_a_timeout() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 1000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.wait([asyncio.ensure_future(reader.read(1))], timeout=0.01)

    async with raw_server(talk) as origin, client(origin) as outbound:
        error = await failure(outbound.get(origin, timeout_s=0.2))
    assert error.kind == "timeout"


async def test_redirects_share_one_deadline() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.wait([asyncio.ensure_future(reader.read(1))], timeout=0.05)
        count = next(counter)
        writer.write(b"HTTP/1.1 302 F\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n" % count)

    counter = iter(range(1000))
    async with raw_server(talk) as origin, client(origin) as outbound:
        error = await failure(outbound.get_following(origin, timeout_s=0.2, max_hops=1000))
    assert error.kind == "timeout"


@pytest.mark.parametrize(
    "answer, kind",
    [
        (b"", "reset"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "reset"),
        (OK + b"Content-Length: 10\r\n\r\nfive.", "reset"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nfive.\r\n", "reset"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nfive.\r\n", "protocol"),
        (OK + b"Content-Length: ten\r\n\r\n", "protocol"),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "protocol"),
        (OK + b"X: " + b"x" * 20_000 + b"\r\n\r\n", "protocol"),
        (OK + b"X: x\r\n" * 1000 + b"\r\n", "protocol"),
    ],
    ids=[
        "nothing",
        "half-headers",
        "half-body",
        "half-chunks",
        "bad-chunk",
        "bad-length",
        "no-http",
        "long-header",
        "many-headers",
    ],
)
async def test_broken_answer_is_a_typed_error(answer: bytes, kind: OutboundErrorKind) -> None:
    async with raw_server(saying(answer)) as origin, client(origin) as outbound:
        error = await failure(outbound.get(origin))
    assert error.kind == kind


async def test_reset_connection_is_a_typed_error() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with raw_server(talk) as origin, client(origin) as outbound:
        assert (await failure(outbound.get(origin))).kind == "reset"


async def test_closed_port_is_refused() -> None:
    with closed_port() as port:
        origin = f"http://127.0.0.1:{port}"
        async with client(origin) as outbound:
            assert (await failure(outbound.get(origin))).kind == "refused"


async def test_unknown_name_is_a_dns_error() -> None:
    long_label = "http://" + "a" * 70 + ".invalid/"
    async with client() as outbound:
        assert (await failure(outbound.get(long_label))).kind == "dns"


# TLS


async def test_certificate_is_checked() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with raw_server(saying(body_of(b"x")), tls=context) as origin:
        async with client(origin) as outbound:
            error = await failure(outbound.get(origin))
            assert error.kind == "tls"
            assert "certificate" in error.detail
        async with client(origin, tls=trusting) as outbound:
            assert (await outbound.get(origin)).body == b"x"


async def test_certificate_of_another_host_is_refused() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.test").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with (
        raw_server(saying(body_of(b"x")), tls=context) as origin,
        client(origin, tls=trusting) as outbound,
    ):
        assert (await failure(outbound.get(origin))).kind == "tls"


async def test_plain_server_on_https_is_a_tls_error() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    origin = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with client(origin) as outbound:
        assert (await failure(outbound.get(origin))).kind == "tls"
    server.close()
    await server.wait_closed()


# What goes out


async def test_connection_is_kept_for_the_next_request(connects: list[tuple[Any, ...]]) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="x")

    async with app_server(answer) as origin, client(origin) as outbound:
        for _ in range(5):
            await outbound.get(origin)
    assert len(connects) == 1


async def test_requests_carry_our_name_and_nothing_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, canary: tuple[int, list[bytes]]
) -> None:
    port, discovered = canary
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    asked: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append({"path": request.path_qs, **request.headers})
        return web.Response(headers={"Set-Cookie": "session=1"})

    async with app_server(answer) as origin, client(origin) as outbound:
        url = origin.replace("//", "//user:hunter2@") + "/a|b?c=%zz&d=%C3%BC#frag"
        first = await outbound.get(url)
        await outbound.get(url)
    assert discovered == []
    assert first.header("SET-COOKIE") == "session=1"
    assert asked[0]["path"] == "/a|b?c=%zz&d=%C3%BC"
    assert asked[0]["User-Agent"] == AGENT
    assert asked[0]["Accept-Encoding"] == "gzip, deflate, br"
    for headers in asked:
        assert not {"Cookie", "Authorization", "Proxy-Authorization"} & set(headers)


async def test_headers_are_read_as_latin_1_and_repeated_ones_kept() -> None:
    sent = OK + b"X-Name: caf\xe9\r\nLink: a\r\nlink: b\r\nContent-Length: 0\r\n\r\n"
    async with raw_server(saying(sent)) as origin, client(origin) as outbound:
        response = await outbound.get(origin)
    assert response.header("x-name") == "café"
    assert [value for name, value in response.headers if name == "link"] == ["a", "b"]
    assert response.header("absent") == ""


async def test_json_is_posted_and_a_redirect_of_it_is_an_answer() -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.content_type == "application/json"
        body = await request.json()
        return web.Response(status=307, headers={"Location": "/b"}, text=body["q"])

    async with app_server(answer) as origin, client(origin) as outbound:
        response = await outbound.request("POST", origin, json={"q": "plumber"})
    assert (response.status, response.body) == (307, b"plumber")


async def test_errors_hold_no_secret() -> None:
    async with (
        raw_server(saying(b"junk\r\n\r\n")) as origin,
        client(origin, resolver=FakeResolver({}, ["127.0.0.1"])) as outbound,
    ):
        for host in (origin, "http://127.0.0.1", "http://a.test"):
            url = host.replace("//", "//user:hunter2@") + "/path?key=hunter2"
            error = await failure(outbound.get(url))
            assert "/path" in error.detail
            assert "hunter2" not in "".join(traceback.format_exception(error))
