"""One contract for every adapter of every room: whatever a provider does, a typed outcome."""

import asyncio
import email.utils
import traceback
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import structlog
from structlog.testing import capture_logs

from lsos.core.clock import now
from lsos.core.redis.client import client as redis_client
from lsos.domains.providers.base import (
    PROVIDER_ERRORS,
    BadResponse,
    Busy,
    Denied,
    Permanent,
    QuotaSpent,
    Transient,
)
from lsos.embedded import Stores
from tests.integration.providers import cases_generic, cases_rank
from tests.integration.providers.contract import (
    QUICK,
    AdapterCase,
    Harness,
    echo_secrets,
    flood,
    half_body,
    harness,
    reply,
    reset,
    silence,
)

CASES: list[AdapterCase] = [
    *cases_rank.CASES,
    *cases_generic.CASES,
]


@pytest.fixture(params=CASES, ids=lambda case: case.name)
async def met(request: Any, shared_stores: Stores) -> AsyncIterator[Harness]:
    redis = redis_client(shared_stores.redis_url)
    async with harness(request.param, redis) as made:
        yield made
    await redis.aclose()


def good(met: Harness) -> Any:
    return reply(met.case.good)


async def test_an_answer_is_asked_for_once(met: Harness) -> None:
    assert await met.ask(good(met)) is not None
    assert met.script.calls == met.case.calls


async def test_a_long_retry_after_ends_the_call_and_stops_all_others(met: Harness) -> None:
    later = email.utils.format_datetime(now() + timedelta(seconds=300), usegmt=True)
    for header in ("120", later):
        met.provider = f"{met.case.name}-{uuid4().hex[:8]}"
        met.script.calls = 0
        with pytest.raises(Busy) as raised:
            await met.ask(reply(b"{}", 429, Retry_After=header), good(met))
        assert 100 < raised.value.wait_s <= 300
        other = met.another()
        for _ in range(3):
            with pytest.raises(Busy):
                await other(uuid4())
        assert met.script.calls == 1, "asked again within the pause"


async def test_a_short_retry_after_is_waited_out(met: Harness) -> None:
    assert await met.ask(reply(b"{}", 429, Retry_After="1"), good(met)) is not None
    assert met.script.calls == met.case.calls + 1


async def test_a_429_without_retry_after_is_repeated_a_few_times(met: Harness) -> None:
    with pytest.raises(Transient) as raised:
        await met.ask(reply(b"{}", 429))
    assert raised.value.code == "provider_rate_limited"
    assert met.script.calls == QUICK.attempts


@pytest.mark.parametrize("step", [reply(b"oops", 500), reply(b"{}", 502), half_body, reset])
async def test_what_may_pass_is_repeated_when_that_costs_nothing(met: Harness, step: Any) -> None:
    if met.case.repeats:
        assert await met.ask(step, good(met)) is not None
        assert met.script.calls == met.case.calls + 1
    met.script.calls = 0
    with pytest.raises(Transient):
        await met.ask(step)
    assert met.script.calls == (QUICK.attempts if met.case.repeats else 1)


async def test_a_provider_that_never_answers_is_given_up(met: Harness) -> None:
    limits = QUICK.__class__(timeout_s=0.5, attempts=2, backoff_s=0.01)
    with pytest.raises(Transient) as raised:
        await met.ask(silence, limits=limits)
    assert raised.value.code == "provider_timeout"
    assert met.script.calls == (2 if met.case.repeats else 1)


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html><title>Down for maintenance</title>",
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"17",
        b"true",
        b"NaN",
        b'{"results": NaN}',
        b'{"results": [1e400]}',
        b'{"results": [',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
async def test_what_is_no_answer_is_a_bad_response(met: Harness, body: bytes) -> None:
    with pytest.raises(BadResponse) as raised:
        await met.ask(reply(body))
    assert raised.value.code == "provider_bad_response"
    assert met.script.calls == 1, "an answered call may be billed: it is not repeated"


async def test_parts_of_wrong_types_are_a_bad_response(met: Harness) -> None:
    for body in met.case.broken:
        with pytest.raises(BadResponse):
            await met.ask(reply(body))


async def test_an_error_key_in_a_200_is_no_result(met: Harness) -> None:
    with pytest.raises(PROVIDER_ERRORS):
        await met.ask(reply(b'{"error": "something broke inside"}'))
    assert met.script.calls == 1


async def test_fifty_megabytes_are_not_read(met: Harness) -> None:
    with pytest.raises(BadResponse) as raised:
        await met.ask(flood(50))
    assert "too_large" in raised.value.message
    assert met.script.calls == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_a_revoked_key_costs_one_call_not_one_a_job(met: Harness, status: int) -> None:
    met.script.steps = [reply(b'{"error": "no"}', status)]
    ask = met.ask_of(met.gate, met.provider)
    outcomes = await asyncio.gather(*(ask(uuid4()) for _ in range(12)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {Denied}
    with pytest.raises(Denied):
        await met.another()(met.tenant_id)
    assert met.script.calls == 1
    # A new key is tried at once.
    met.script.steps = [good(met)]
    assert await met.another(credential="another-key")(met.tenant_id) is not None


async def test_a_spent_quota_ends_it(met: Harness) -> None:
    with pytest.raises(QuotaSpent):
        await met.ask(reply(b"{}", 402))
    with pytest.raises(QuotaSpent):
        await met.another()(met.tenant_id)
    assert met.script.calls == 1


async def test_other_refusals_are_permanent(met: Harness) -> None:
    for status in (400, 404, 410):
        with pytest.raises(Permanent):
            await met.ask(reply(b'{"error": "bad question"}', status))
    with pytest.raises(BadResponse):
        await met.ask(reply(b"{}", 302, Location="http://127.0.0.1:1/"))
    assert met.script.calls == 4


async def test_the_breaker_opens_for_one_provider_only(met: Harness) -> None:
    met.script.steps = [reply(b"{}", 500)]
    ask = met.ask_of(met.gate, met.provider)
    for _ in range(20):
        with pytest.raises(Transient):
            await ask(met.tenant_id)
    asked = met.script.calls
    assert asked <= 6 + QUICK.attempts
    for _ in range(50):
        with pytest.raises(Busy) as raised:
            await met.another()(met.tenant_id)
        assert raised.value.code == "provider_circuit_open"
    assert met.script.calls == asked, "an open circuit lets nothing through"
    met.script.steps = [good(met)]
    other = met.ask_of(met.gate, f"{met.provider}-other")
    assert await other(met.tenant_id) is not None


async def test_the_credential_is_nowhere_to_be_seen(met: Harness) -> None:
    structlog.contextvars.clear_contextvars()
    steps = [echo_secrets, reset, silence, reply(b"<html>"), reply(b"{}", 401)]
    limits = QUICK.__class__(timeout_s=0.5, attempts=1, backoff_s=0.01)
    shown = ""
    with capture_logs() as logs:
        for step in steps:
            try:
                await met.ask(step, limits=limits)
            except PROVIDER_ERRORS as error:
                shown += "".join(traceback.format_exception(error)) + repr(error)
    shown += str(logs)
    assert "provider_failed" in shown
    for part in (met.case.credential, "4f9d1c77"):
        assert part not in shown
