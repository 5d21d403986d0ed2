"""The staging flow, end to end, through the API and a real worker: it grows with the rooms."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from lsos.core import embedded
from lsos.core.db import Database
from lsos.demo import server as demo
from lsos.demo.texts import BUSINESS
from tests.conftest import Api, make_tenant, running_worker, serve_api
from tests.support.clients import Client, TenantClients
from tests.support.stack import settings_for

FLOW_S = 60


@asynccontextmanager
async def demo_site() -> AsyncIterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        runner, url = await demo.start(listener)
        try:
            yield url
        finally:
            await runner.cleanup()


@pytest.fixture
async def site() -> AsyncIterator[str]:
    async with demo_site() as url:
        yield url.rstrip("/")


@pytest.fixture
async def staging(
    stores: embedded.Stores, dsn: str, db: Database, site: str
) -> AsyncIterator[tuple[Api, TenantClients]]:
    """An API and a worker that may reach the demo site, and nothing else on loopback."""
    settings = settings_for(stores, dsn, outbound_allow_origins=site)
    async with serve_api(settings, db) as api, running_worker(settings):
        yield api, await make_tenant(api, "Staging agency")


async def until(client: Client, path: str, is_done: Any) -> dict[str, Any]:
    """Ask until the answer's data satisfy `is_done`."""
    async with asyncio.timeout(FLOW_S):
        while True:
            answer = await client.get(path)
            assert answer.status == 200, answer.text
            if is_done(answer.data):
                return dict(answer.data)
            await asyncio.sleep(0.1)


async def test_a_campaign_goes_from_draft_to_active_by_its_baseline(
    staging: tuple[Api, TenantClients], site: str
) -> None:
    _, tenant = staging
    client = tenant.analyst
    created = await client.post(
        "/campaigns",
        {"name": "Pine Cove", "site_url": f"{site}/", "business_name": BUSINESS.name},
    )
    assert created.status == 201, created.text
    path = f"/campaigns/{created.data['id']}"
    for place in BUSINESS.locations:
        answer = await client.post(
            f"{path}/locations",
            {"name": BUSINESS.name, "city": place.city, "street": place.street, "country": "US"},
        )
        assert answer.status == 201, answer.text

    for state in ("Configured", "BaselineRunning"):
        answer = await client.patch(f"{path}/setup-state", {"state": state})
        assert answer.status == 200, answer.text
    campaign = await until(client, path, lambda c: c["setup_state"] == "Active")
    assert {step["name"]: step["state"] for step in campaign["baseline"]} == {"crawl": "done"}

    dashboard = await client.get(f"/dashboard?campaign_id={created.data['id']}")
    assert dashboard.status == 200
    assert dashboard.body["success"] is True
    latest = dashboard.data["latest_crawl_status"]
    assert latest["state"] == "completed"
    assert latest["done"] == latest["admitted"] > 40
    assert 0 < dashboard.data["technical_score"] < 100
    for unmeasured in ("entity_score", "recommendation_summary", "report_status_summary"):
        assert dashboard.data[unmeasured] is None

    issues = await client.get(f"/crawl/issues?campaign_id={created.data['id']}&severity=high")
    assert "title_missing" in {issue["code"] for issue in issues.data}
    assert (await client.get("/health/readiness")).data["status"] == "ok"


async def test_a_site_that_is_gone_fails_the_step_and_says_so(
    stores: embedded.Stores, dsn: str, db: Database
) -> None:
    async with demo_site() as url:
        gone = url.rstrip("/")
    settings = settings_for(stores, dsn, outbound_allow_origins=gone)
    async with serve_api(settings, db) as api, running_worker(settings):
        client = (await make_tenant(api, "Unlucky agency")).analyst
        created = await client.post("/campaigns", {"name": "Gone", "site_url": f"{gone}/"})
        path = f"/campaigns/{created.data['id']}"
        await client.patch(f"{path}/setup-state", {"state": "Configured"})
        await client.patch(f"{path}/setup-state", {"state": "BaselineRunning"})
        campaign = await until(client, path, lambda c: c["setup_state"] == "Active")
    (step,) = campaign["baseline"]
    assert step["state"] == "failed"
    assert step["reason_code"] == "start_robots_unreachable"
