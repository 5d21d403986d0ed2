"""With proxies, every public request goes out by one of them: checked first, and never around."""

import asyncio
import base64
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

from lsos.core.db.database import Database
from lsos.core.outbound.client import Outbound, OutboundError
from lsos.core.outbound.proxy import ProxiesUnavailable
from lsos.core.redis.client import client as redis_client
from lsos.core.resources import Resources
from lsos.core.settings.provider_config import Proxy
from lsos.domains.providers.outbounds import once_outbound, public_outbound
from lsos.domains.providers.proxies import ProxyPool
from lsos.embedded import Stores
from tests.conftest import make_tenant, serve_api
from tests.support.stack import settings_for

PUBLIC = "93.184.216.34"
BODY = b"through the proxy"


class Names(AbstractResolver):
    """One public address for all names but `inside`, and loopback for the proxies."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        address = {"inside.example": "10.0.0.7", "127.0.0.1": "127.0.0.1"}.get(host, PUBLIC)
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class FakeProxy:
    """An HTTP proxy that answers for every target itself."""

    port: int = 0
    status: int = 200
    """Of its answer to a plain request or CONNECT."""
    tls: ssl.SSLContext | None = None
    asked: list[str] = field(default_factory=list)
    """Request lines."""
    heads: list[dict[str, str]] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    """Server names of TLS behind CONNECT."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await self._head(reader)
            if line.startswith("CONNECT"):
                writer.write(f"HTTP/1.1 {self.status} X\r\n\r\n".encode())
                if self.status != 200:
                    return
                await writer.start_tls(self.tls)  # type: ignore[arg-type]  # set where it is used
                await self._head(reader)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n" + BODY)
            else:
                head = f"HTTP/1.1 {self.status} X\r\nContent-Length: 17\r\n\r\n"
                writer.write(head.encode() + BODY)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _head(self, reader: asyncio.StreamReader) -> str:
        raw = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = raw.strip().split("\r\n")
        self.asked.append(line)
        self.heads.append({k.lower(): v for k, _, v in (f.partition(": ") for f in fields)})
        return line


@asynccontextmanager
async def proxy_servers(count: int) -> AsyncIterator[list[FakeProxy]]:
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(count):
            proxy = FakeProxy()
            server = await asyncio.start_server(proxy.talk, "127.0.0.1", 0)
            stack.callback(server.close)
            proxy.port = server.sockets[0].getsockname()[1]
            found.append(proxy)
        yield found


@pytest.fixture
async def proxies() -> AsyncIterator[list[FakeProxy]]:
    async with proxy_servers(3) as found:
        yield found


@pytest.fixture
async def redis(shared_stores: Stores) -> AsyncIterator[Any]:
    connection = redis_client(shared_stores.redis_url)
    yield connection
    await connection.aclose()


def config(fake: FakeProxy, **more: Any) -> Proxy:
    # A user name of this test alone: health outlives a test in Redis.
    values = {"username": uuid4().hex, "password": "pr0xy-secret", **more}
    return Proxy(url=f"http://127.0.0.1:{fake.port}", **values)


@asynccontextmanager
async def going_out(pool: ProxyPool | None, **options: Any) -> AsyncIterator[Outbound]:
    async with Outbound(
        user_agent="LSOS-Test/1.0", proxies=pool, resolver=Names(), **options
    ) as outbound:
        yield outbound


async def test_the_proxy_is_asked_for_the_checked_address(
    proxies: list[FakeProxy], redis: Any
) -> None:
    fake = proxies[0]
    known = config(fake)
    async with going_out(ProxyPool(redis, [known])) as outbound:
        response = await outbound.get("http://Shop.example:8080/a%20b?c=d#e")
    assert response.body == BODY
    assert response.url == "http://shop.example:8080/a%20b?c=d"
    # No name that the proxy could resolve to something inside.
    assert fake.asked == [f"GET http://{PUBLIC}:8080/a%20b?c=d HTTP/1.1"]
    assert fake.heads[0]["host"] == "shop.example:8080"
    login = base64.b64encode(f"{known.username}:pr0xy-secret".encode()).decode()
    assert fake.heads[0]["proxy-authorization"] == f"Basic {login}"


async def test_tls_behind_a_proxy_is_verified_for_the_targets_name(
    proxies: list[FakeProxy], redis: Any
) -> None:
    authority = trustme.CA()
    fake = proxies[0]
    fake.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("shop.example").configure_cert(fake.tls)
    fake.tls.sni_callback = lambda _, name, __: fake.names.append(name)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with going_out(ProxyPool(redis, [config(fake)]), tls=trusting) as outbound:
        response = await outbound.get("https://shop.example/a")
        assert response.body == BODY
        assert fake.asked == [f"CONNECT {PUBLIC}:443 HTTP/1.1", "GET /a HTTP/1.1"]
        assert fake.heads[1]["host"] == "shop.example"
        assert "proxy-authorization" not in fake.heads[1], "the target sees no credential"
        assert fake.names == ["shop.example"]
        # The same address, another name: neither its certificate nor its connection will do.
        with pytest.raises(OutboundError) as raised:
            await outbound.get("https://other.example/")
        assert raised.value.kind == "tls"


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://10.1.2.3/", "http://inside.example/", "http://localhost/",
     "https://169.254.169.254/latest", "http://[::1]/"],
)  # fmt: skip
async def test_no_proxy_is_asked_for_what_lies_inside(
    proxies: list[FakeProxy], redis: Any, url: str
) -> None:
    async with going_out(ProxyPool(redis, [config(proxies[0])])) as outbound:
        with pytest.raises(OutboundError) as raised:
            await outbound.get(url)
    assert raised.value.kind == "address_blocked"
    assert proxies[0].asked == []


async def test_a_dead_proxy_is_passed_over_and_cools_down(
    proxies: list[FakeProxy], redis: Any
) -> None:
    refusing, well = proxies[0], proxies[1]
    refusing.status = 407
    gone = Proxy(url="http://127.0.0.1:1", username=uuid4().hex)
    known = [config(refusing, weight=1_000), gone, config(well, weight=0.001)]
    pool = ProxyPool(redis, known, pause_s=60)
    async with going_out(pool) as outbound:
        for _ in range(20):
            assert (await outbound.request("POST", "http://shop.example/")).body == BODY
    assert len(refusing.asked) == 1, "within its pause it is not asked again"
    assert len(well.asked) == 20
    health = {row.url: row for row in await pool.health()}
    first, second = health[known[0].url], health[known[2].url]
    assert (first.state, first.failures, first.last_fault) == ("cooling", 1, "HTTP 407")
    assert 50 < first.cooling_s <= 60
    assert (second.state, second.successes, second.failures) == ("healthy", 20, 0)
    # Another process knows it from Redis.
    other = ProxyPool(redis, known, pause_s=60)
    chosen = await other.choose(frozenset({gone.url}))
    assert chosen == known[2]


async def test_without_a_proxy_that_works_nothing_goes_out(
    proxies: list[FakeProxy], redis: Any
) -> None:
    gone = [Proxy(url=f"http://127.0.0.1:{port}", username=uuid4().hex) for port in (1, 2)]
    pool = ProxyPool(redis, gone)
    async with going_out(pool) as outbound:
        for _ in range(2):  # cooling ones are tried when there are no others
            with pytest.raises(ProxiesUnavailable):
                await outbound.get(f"http://127.0.0.1.example:{proxies[0].port}/")
    assert proxies[0].asked == []


async def test_a_target_that_no_proxy_reaches_is_the_targets_fault(
    proxies: list[FakeProxy], redis: Any
) -> None:
    pool = ProxyPool(redis, [config(fake) for fake in proxies])
    for fake in proxies:
        fake.status = 502
    async with going_out(pool) as outbound:
        with pytest.raises(OutboundError):
            await outbound.get("https://shop.example/")
    assert [len(fake.asked) for fake in proxies] == [1, 1, 1]
    assert {row.state for row in await pool.health()} == {"untested"}


async def test_load_follows_the_weights(proxies: list[FakeProxy], redis: Any) -> None:
    heavy, light = config(proxies[0], weight=9), config(proxies[1], weight=1)
    pool = ProxyPool(redis, [heavy, light])
    drawn = [await pool.choose(frozenset()) for _ in range(600)]
    assert 480 < drawn.count(heavy) < 590


async def test_pauses_double_and_end_with_a_success(proxies: list[FakeProxy], redis: Any) -> None:
    known = config(proxies[0])
    pool = ProxyPool(redis, [known], pause_s=20)
    for expected in (20, 40, 80, 160, 300, 300):
        await pool.report(known, "refused")
        (row,) = await pool.health()
        assert expected - 5 < row.cooling_s <= expected
    await pool.report(known, None)
    (row,) = await pool.health()
    assert (row.state, row.failures_in_a_row, row.failures) == ("healthy", 0, 6)


async def test_without_redis_a_process_knows_its_own_failures() -> None:
    away = redis_client("redis://127.0.0.1:1/0")
    first, second = (Proxy(url=f"http://127.0.0.1:{port}") for port in (3, 4))
    pool = ProxyPool(away, [first, second])
    await pool.report(first, "refused")
    assert await pool.choose(frozenset()) == second
    await pool.report(first, None)
    assert {await pool.choose(frozenset()) for _ in range(50)} == {first, second}
    await away.aclose()


async def test_exempt_origins_are_reached_directly(proxies: list[FakeProxy], redis: Any) -> None:
    """They are addresses of this machine: no proxy could reach them."""
    direct = f"http://127.0.0.1:{proxies[1].port}"
    pool = ProxyPool(redis, [config(proxies[0])])
    async with going_out(pool, allow_origins=frozenset({direct})) as outbound:
        assert (await outbound.get(direct + "/x")).body == BODY
    assert proxies[0].asked == []
    assert proxies[1].asked == ["GET /x HTTP/1.1"]


@pytest.fixture
def with_proxies(shared_stores: Stores, proxies: list[FakeProxy]) -> Callable[[], Any]:
    def made() -> Any:
        raw = [
            {"url": f"http://user:pr0xy-secret@127.0.0.1:{proxies[0].port}", "country": "lv"},
            {"url": "http://127.0.0.1:9", "weight": 0.5},
        ]
        return settings_for(shared_stores, proxy_provider_config_json=json.dumps(raw))

    return made


async def test_crawler_and_providers_of_a_worker_go_out_by_proxy(
    proxies: list[FakeProxy], with_proxies: Callable[[], Any], redis: Any
) -> None:
    settings = with_proxies()
    async with Resources(settings, redis, Database.of(settings, application_name="t")) as shared:
        for make in (public_outbound, once_outbound):
            response = await shared.get(make).get(f"http://{PUBLIC}/{make.__name__}")
            assert response.body == BODY
    assert [line.split("/")[3] for line in proxies[0].asked] == [
        "public_outbound HTTP",
        "once_outbound HTTP",
    ]


async def test_admins_see_how_proxies_fare_without_their_credentials(
    with_proxies: Callable[[], Any], db: Any
) -> None:
    async with serve_api(with_proxies(), db) as api:
        tenant = await make_tenant(api, "Proxied")
        answer = await tenant.admin.get("/providers/proxies")
        assert answer.status == 200
        assert [row["url"].split(":")[0] for row in answer.data] == ["http", "http"]
        assert answer.data[0]["country"] == "LV"
        assert "pr0xy-secret" not in answer.text
        assert "user" not in answer.text
        assert (await tenant.analyst.get("/providers/proxies")).status == 403
        assert (await tenant.viewer.get("/providers/proxies")).status == 403
