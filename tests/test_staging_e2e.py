"""The staging flow, end to end, through the API and a real worker: it grows with the rooms."""

import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lsos.demo import server as demo
from lsos.demo.texts import BUSINESS
from lsos.domains.reports.schedules import tick
from lsos.rooms import JOINTS
from tests.conftest import Api, running_worker
from tests.support import waiting
from tests.support.apart import stack_apart
from tests.support.clients import Client, TenantClients
from tests.support.ports import closed_port
from tests.support.smtp import MailServer, mail_server
from tests.support.stack import StoreFactory

OWNER = "owner@pinecove.example"
PARTS = {
    "technical_score", "entity_score", "recommendation_summary", "latest_crawl_status",
    "report_status_summary", "slo_health_snapshot", "platform_state",
}  # fmt: skip
"""Of the dashboard: what the staging checklist names."""


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
async def mail() -> AsyncIterator[MailServer]:
    async with mail_server() as server:
        yield server


@pytest.fixture
async def staging(
    stores: StoreFactory, site: str, mail: MailServer, tmp_path: Path
) -> AsyncIterator[tuple[Api, TenantClients]]:
    """An API and a worker that may reach the demo site, and nothing else on loopback."""
    changes = {"outbound_allow_origins": site, "lsos_home": str(tmp_path), **mail.settings()}
    async with stack_apart(stores, **changes) as stack, running_worker(stack.settings):
        yield stack.api, stack.tenant


async def until(client: Client, path: str, is_done: Any) -> dict[str, Any]:
    """The answer's data once they satisfy `is_done`."""

    async def look() -> dict[str, Any] | None:
        answer = await client.get(path)
        assert answer.status == 200, answer.text
        return dict(answer.data) if is_done(answer.data) else None

    return await waiting.until(look, f"{path} to answer so")


async def baseline(client: Client, site: str) -> dict[str, Any]:
    """A campaign of the demo business, taken from Draft to Active."""
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
    answer = await client.post(
        "/rank/keywords",
        {
            "campaign_id": created.data["id"],
            "keywords": [{"text": "dentist near me", "country": "US", "location": "Pine Cove"}],
        },
    )
    assert answer.status == 201, answer.text
    for state in ("Configured", "BaselineRunning"):
        answer = await client.patch(f"{path}/setup-state", {"state": state})
        assert answer.status == 200, answer.text
    return await until(client, path, lambda c: c["setup_state"] == "Active")


async def set_schedule(client: Client, campaign_id: str) -> dict[str, Any]:
    answer = await client.put(
        f"/reports/schedule?campaign_id={campaign_id}",
        {
            "cadence": "daily",
            "local_time": "07:30",
            "timezone": "America/Los_Angeles",
            "recipients": [OWNER],
        },
    )
    assert answer.status == 200, answer.text
    return dict(answer.data)


async def process(api: Api, schedule: dict[str, Any]) -> None:
    """The worker's tick, at the moment at which the schedule is due."""
    due = datetime.fromisoformat(schedule["next_due_at"])
    await tick(api.db, sender=api.settings.smtp_from_email, at=due)


async def test_a_campaign_goes_from_draft_to_a_report_in_the_mailbox(
    staging: tuple[Api, TenantClients], site: str, mail: MailServer
) -> None:
    api, tenant = staging
    client = tenant.analyst
    campaign = await baseline(client, site)
    steps = {step["name"]: step["state"] for step in campaign["baseline"]}
    assert set(steps) == {step.name for step in JOINTS.baseline}
    assert set(steps.values()) == {"done"}

    query = f"campaign_id={campaign['id']}"
    dashboard = await client.get(f"/dashboard?{query}")
    assert dashboard.status == 200
    assert dashboard.body["success"] is True
    assert set(dashboard.data) >= PARTS
    latest = dashboard.data["latest_crawl_status"]
    assert latest["state"] == "completed"
    assert latest["done"] == latest["admitted"] > 40
    assert 0 < dashboard.data["technical_score"] < 100
    assert 0 < dashboard.data["entity_score"] <= 100
    assert dashboard.data["report_status_summary"] is None

    issues = await client.get(f"/crawl/issues?{query}&severity=high")
    assert "title_missing" in {issue["code"] for issue in issues.data}
    assert (await client.get("/health/readiness")).data["status"] == "ok"

    assert (await client.get(f"/reports/schedule?{query}")).data is None
    schedule = await set_schedule(client, campaign["id"])
    await process(api, schedule)
    found = await until(
        client,
        f"/reports/schedule?{query}",
        lambda s: s["last_status"] is not None,
    )
    assert found["last_status"] == "delivered"
    assert found["retry_count"] == 0
    assert found["last_due_at"] == schedule["next_due_at"] < found["next_due_at"]

    # The first refresh of recommendations follows the baseline's measurements.
    dashboard_data = await until(
        client, f"/dashboard?{query}", lambda d: d["recommendation_summary"] is not None
    )
    assert dashboard_data["recommendation_summary"]["total_count"] > 0
    status = dashboard_data["report_status_summary"]
    assert status["counts_by_state"] == {"stored": 1}
    assert status["latest"]["deliveries_by_state"] == {"sent": 1}
    assert status["schedule"]["last_status"] == "delivered"

    (listed,) = (await client.get(f"/reports?{query}")).data
    report = (await client.get(f"/reports/{listed['id']}")).data
    assert report["state"] == "stored"
    (delivery,) = report["deliveries"]
    assert (delivery["recipient"], delivery["state"]) == (OWNER, "sent")
    ((recipient, message),) = mail.messages
    assert recipient == OWNER
    (attached,) = message.iter_attachments()
    for artifact in report["artifacts"]:
        answer = await api.http.get(
            f"/api/v1/reports/{report['id']}/artifact?format={artifact['format']}",
            headers={"Authorization": f"Bearer {client.token}"},
        )
        assert hashlib.sha256(answer.content).hexdigest() == artifact["sha256"]
        if artifact["format"] == "pdf":
            assert attached.get_content() == answer.content
    assert {artifact["format"] for artifact in report["artifacts"]} == {"html", "pdf"}


async def test_a_schedule_whose_mail_never_leaves_is_switched_off_after_its_retries(
    staging: tuple[Api, TenantClients], site: str, mail: MailServer
) -> None:
    api, tenant = staging
    client = tenant.analyst
    created = await client.post("/campaigns", {"name": "Unheard", "site_url": f"{site}/"})
    query = f"campaign_id={created.data['id']}"
    schedule = await set_schedule(client, created.data["id"])
    mail.always = ("connect", "421")
    await process(api, schedule)
    ended = await until(
        client, f"/reports/schedule?{query}", lambda s: s["last_status"] == "max_retries_exceeded"
    )
    assert ended["retry_count"] == 3
    assert ended["is_enabled"] is False
    assert ended["next_due_at"] is None
    shown = (await client.get(f"/dashboard?{query}")).data["report_status_summary"]["schedule"]
    assert (shown["last_status"], shown["is_enabled"]) == ("max_retries_exceeded", False)
    assert mail.messages == []
    assert mail.connections == 4, "the first try and three retries"
    (listed,) = (await client.get(f"/reports?{query}")).data
    (delivery,) = (await client.get(f"/reports/{listed['id']}")).data["deliveries"]
    assert delivery["state"] == "failed"
    # The report itself is whole, and can be fetched and sent by hand.
    assert listed["state"] == "stored"

    # A switched-off schedule stays off until it is set again.
    await process(api, schedule)
    assert len((await client.get(f"/reports?{query}")).data) == 1
    mail.always = ("", "")
    anew = await set_schedule(client, created.data["id"])
    assert (anew["is_enabled"], anew["retry_count"], anew["last_status"]) == (True, 0, None)


async def test_a_site_that_is_gone_fails_the_step_and_says_so(
    stores: StoreFactory,
) -> None:
    with closed_port() as port:
        gone = f"http://127.0.0.1:{port}"
        async with (
            stack_apart(stores, outbound_allow_origins=gone) as stack,
            running_worker(stack.settings),
        ):
            client = stack.tenant.analyst
            created = await client.post("/campaigns", {"name": "Gone", "site_url": f"{gone}/"})
            path = f"/campaigns/{created.data['id']}"
            await client.patch(f"{path}/setup-state", {"state": "Configured"})
            await client.patch(f"{path}/setup-state", {"state": "BaselineRunning"})
            campaign = await until(client, path, lambda c: c["setup_state"] == "Active")
    step = next(step for step in campaign["baseline"] if step["name"] == "crawl")
    assert step["state"] == "failed"
    assert step["reason_code"] == "start_robots_unreachable"
