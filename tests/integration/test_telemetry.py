"""One trace from a request to all that it causes, without keys; a collector harms nothing."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.apart import Stack, stack_apart
from tests.support.processes import api_process
from tests.support.sites import site_pool
from tests.support.stack import StoreFactory
from tests.support.waiting import PATIENCE_S, until
from tests.support.workers import worker_process

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
UNSAMPLED = f"00-{TRACE}-b7ad6b7169203331-00"


@pytest.fixture(scope="module")
async def stack(stores: StoreFactory) -> AsyncIterator[Stack]:
    async with stack_apart(stores) as running:
        yield running


@asynccontextmanager
async def collector() -> AsyncIterator[tuple[str, list[Any]]]:
    """An OTLP/HTTP receiver; its endpoint and the spans that it was sent."""
    spans: list[Any] = []

    async def take(request: web.Request) -> web.Response:
        message = ExportTraceServiceRequest.FromString(await request.read())
        for resource in message.resource_spans:
            for scope in resource.scope_spans:
                spans.extend(scope.spans)
        return web.Response(content_type="application/x-protobuf")

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", spans
    await runner.cleanup()


def texts(spans: list[Any]) -> str:
    """All that the spans tell but for the SQL of our own."""
    return " ".join(
        f"{span.name} {[a for a in span.attributes if a.key != 'db.query.text']} {span.events}"
        for span in spans
    )


async def test_one_trace_runs_from_the_request_to_the_pages_it_fetches(
    stack: Stack, tmp_path: Path
) -> None:
    async with site_pool(1) as sites, collector() as (endpoint, spans):
        site = await sites.open()
        site.page("/", "/?key=s3cret-word")
        settings = msgspec.structs.replace(
            stack.settings,
            otel_exporter_endpoint=endpoint,
            outbound_allow_origins=sites.origins,
        )
        token = stack.tenant.admin.token
        async with (
            api_process(settings, tmp_path / "a.log") as api,
            worker_process(settings, tmp_path / "w.log") as worker,
        ):
            caller = api.client(token)
            campaign = await caller.post(
                "/campaigns", {"name": "Traced", "site_url": site.base_url + "/"}
            )
            accepted = await caller.ask(
                "POST",
                "/crawl/schedule",
                json={"campaign_id": campaign.data["id"]},
                headers={"traceparent": PARENT},
            )
            assert accepted.status == 202, accepted.text

            async def has_ended() -> bool:
                run = await caller.get(f"/crawl/runs/{accepted.data['run_id']}")
                return run.data["state"] not in ("queued", "running")

            await until(has_ended, "the run to end")
            api.terminate()
            worker.terminate()
            assert await worker.wait() == 0, worker.output()
            await api.wait()
            lines = [line for line in worker.log_lines() if line["event"] == "job_done"]
    ours = [span for span in spans if span.trace_id.hex() == TRACE]
    names = {span.name for span in ours}
    assert {"POST /api/v1/crawl/schedule", "job crawl.begin", "http GET"} <= names
    assert any(name.startswith("sql insert") for name in names)
    by_id = {span.span_id for span in ours}
    parents = {span.parent_span_id for span in ours if span.parent_span_id not in by_id}
    assert parents == {bytes.fromhex("b7ad6b7169203331")}, "every span hangs on the caller's"
    assert "s3cret-word" not in texts(spans)
    assert any(line.get("trace_id") == TRACE for line in lines)


async def test_a_caller_who_does_not_sample_is_not_sampled(stack: Stack, tmp_path: Path) -> None:
    async with collector() as (endpoint, spans):
        settings = msgspec.structs.replace(stack.settings, otel_exporter_endpoint=endpoint)
        async with api_process(settings, tmp_path / "a.log") as api:
            headers = {"traceparent": UNSAMPLED}
            caller = api.client(stack.tenant.admin.token)
            await caller.ask("GET", "/campaigns", headers=headers)
            api.terminate()
            await api.wait()
    assert [span for span in spans if span.trace_id.hex() == TRACE] == []


async def test_no_share_of_the_traces_is_none_of_them(stack: Stack, tmp_path: Path) -> None:
    async with collector() as (endpoint, spans):
        settings = msgspec.structs.replace(
            stack.settings, otel_exporter_endpoint=endpoint, otel_sample_ratio=0.0
        )
        async with api_process(settings, tmp_path / "a.log") as api:
            await api.client(stack.tenant.admin.token).get("/campaigns")
            api.terminate()
            await api.wait()
    assert spans == []


async def test_a_collector_that_never_answers_holds_up_neither_requests_nor_the_end(
    stack: Stack, tmp_path: Path
) -> None:
    """F58: if a request waited for an export, the exporter's three seconds would add up."""
    with socket.create_server(("127.0.0.1", 0)) as hole:  # accepts, and never answers
        endpoint = f"http://127.0.0.1:{hole.getsockname()[1]}"
        settings = msgspec.structs.replace(stack.settings, otel_exporter_endpoint=endpoint)
        async with api_process(settings, tmp_path / "a.log") as api:
            caller = api.client(stack.tenant.admin.token)
            async with asyncio.timeout(PATIENCE_S):
                for _ in range(int(PATIENCE_S)):
                    assert (await caller.get("/campaigns")).status == 200
            api.terminate()
            await api.wait()
