"""The contract of all provider adapters, and the scripted provider that they meet.

A room joins with a module `cases_<room>.py` beside this one that holds `CASES`, and its line in
test_contract.py. Nothing of an adapter is replaced: it asks a real server over real sockets.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web

from lsos.core.outbound.client import Outbound
from lsos.domains.providers.breaker import BreakerLimits
from lsos.domains.providers.client import Limits, ProviderClient
from lsos.domains.providers.limits import SharedLimits
from tests.support.sites import site_pool

QUICK = Limits(
    timeout_s=30.0,
    attempts=3,
    backoff_s=0.01,
    unsaid_pause_s=0.05,
    longest_wait_s=1.5,
    max_bytes=2_000_000,
)
BREAKER = BreakerLimits(window_s=600, least_calls=6, failure_rate=0.5, pause_s=600)

Ask = Callable[[UUID], Awaitable[object]]
"""One question of a tenant; it returns what the adapter makes of the answer, or raises."""


@dataclass(frozen=True)
class AdapterCase:
    """What the contract must know of an adapter."""

    name: str
    build: Callable[[ProviderClient, str], Ask]
    """From a client and the provider's base URL."""
    good: bytes
    """A body with results, enough for one question."""
    credential: str = "sk-4f9d1c77-secret/key+1"
    """What the adapter sends with each call, and must never show."""
    repeats: bool = True
    """Whether an unknown outcome is asked for again."""
    calls: int = 1
    """Requests of one question that is answered with `good` each time."""
    broken: tuple[bytes, ...] = ()
    """More bodies that it must refuse as provider_bad_response."""


@dataclass
class Script:
    """Answers in turn; the last one is repeated. Counts what was asked."""

    steps: list[Callable[[web.Request], Awaitable[web.StreamResponse]]] = field(
        default_factory=list
    )
    calls: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.calls += 1
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        return await step(request)


Step = Callable[[web.Request], Awaitable[web.StreamResponse]]


def reply(body: bytes, status: int = 200, **headers: str) -> Step:
    async def step(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("Content-Type", "application/json")
        return web.Response(body=body, status=status, headers=named)

    return step


async def silence(_: web.Request) -> web.StreamResponse:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError


async def half_body(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"results": [')
    _cut(request)
    return response


async def reset(request: web.Request) -> web.StreamResponse:
    _cut(request)
    return web.Response()


def _cut(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.abort()


def flood(megabytes: int) -> Step:
    async def step(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"results": "')
        for _ in range(megabytes):
            await response.write(b"x" * 1_000_000)
        await response.write(b'"}')
        return response

    return step


async def echo_secrets(request: web.Request) -> web.StreamResponse:
    """A careless provider: its error quotes the whole request."""
    quoted = f"bad request: {request.raw_path} {dict(request.headers)} {await request.text()}"
    return web.json_response({"error": quoted}, status=400)


class Harness:
    """A provider on loopback and a client for it, over real sockets and a real Redis."""

    def __init__(self, case: AdapterCase, outbound: Outbound, redis: Any, base_url: str) -> None:
        self.script = Script()
        self.base_url = base_url
        self.outbound = outbound
        self.case = case
        self.tenant_id = uuid4()
        self.gate = SharedLimits(redis, BREAKER)
        # Of this test alone: breakers and holds outlive a test in Redis.
        self.provider = f"{case.name}-{uuid4().hex[:8]}"
        self._redis = redis

    def another(self, limits: Limits = QUICK, credential: str | None = None) -> Ask:
        """The adapter in another process, which shares nothing but Redis."""
        return self.ask_of(SharedLimits(self._redis, BREAKER), self.provider, limits, credential)

    def ask_of(
        self,
        gate: SharedLimits,
        provider: str,
        limits: Limits = QUICK,
        credential: str | None = None,
    ) -> Ask:
        used = self.case.credential if credential is None else credential
        client = ProviderClient(provider, self.outbound, gate, credential=used, limits=limits)
        return self.case.build(client, self.base_url)

    async def ask(self, *steps: Step, limits: Limits = QUICK) -> object:
        self.script.steps = list(steps)
        return await self.ask_of(self.gate, self.provider, limits)(self.tenant_id)


@asynccontextmanager
async def harness(case: AdapterCase, redis: Any) -> AsyncIterator[Harness]:
    async with site_pool(1) as sites:
        site = await sites.open()
        origins = frozenset({site.base_url})
        async with Outbound(
            user_agent="LSOS-Test/1.0", allow_origins=origins, is_sent_once=True
        ) as outbound:
            made = Harness(case, outbound, redis, site.base_url)
            site.script("*", made.script.answer)
            yield made
