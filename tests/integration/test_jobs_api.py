"""Jobs over HTTP: what failed and why, and another chance for what is dead."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update

from lsos.core.clock import now
from lsos.core.db.audit_log import AuditEntry
from lsos.core.queue.jobs import Job, enqueue

FAR_S = 86_400.0
"""Jobs of these tests are not due, so no worker of another test takes them."""


async def make(api: Any, tenant: Any, name: str = "test.job", **columns: Any) -> str:
    """A job in the state that the columns say."""
    async with api.db.tenant_session(tenant.id) as session:
        job_id = await enqueue(session, name, tenant_id=tenant.id, delay_s=FAR_S, page=7)
        if columns:
            await session.execute(update(Job).where(Job.id == job_id).values(**columns))
    return str(job_id)


async def make_dead(api: Any, tenant: Any, **columns: Any) -> str:
    return await make(
        api,
        tenant,
        state="dead",
        attempts=3,
        generation=4,
        finished_at=now(),
        first_started_at=now() - timedelta(minutes=1),
        error_type="Permanent",
        reason_code="gone",
        last_error="GET http://bob:pw123@proxy.example/ failed",
        **columns,
    )


async def row(api: Any, tenant: Any, job_id: str) -> Job:
    async with api.db.tenant_session(tenant.id) as session:
        job: Job = await session.get_one(Job, (tenant.id, UUID(job_id)))
        return job


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status, answer.body["errors"][0]["code"]


async def test_a_dead_job_says_why_without_credentials(api: Any, tenant_a: Any) -> None:
    job_id = await make_dead(api, tenant_a)
    answer = await tenant_a.analyst.get(f"/jobs/{job_id}")
    job = answer.body["data"]
    assert (job["name"], job["state"], job["attempts"]) == ("test.job", "dead", 3)
    assert job["error"]["reason_code"] == "gone"
    assert "pw123" not in job["error"]["message"]
    assert "args" not in job


async def test_lists_filter_and_page_newest_first(api: Any, tenant_b: Any) -> None:
    name, campaign_id = f"test.{uuid4().hex}", uuid4()
    made = [await make(api, tenant_b, name) for _ in range(3)]
    special = await make(api, tenant_b, name, state="cancelled", campaign_id=campaign_id)
    ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await tenant_b.analyst.get(f"/jobs?name={name}&limit=3{cursor}")
        ids += [job["id"] for job in page.body["data"]]
        following = page.body["meta"]["page"]["next_cursor"]
        cursor = f"&cursor={following}" if following else None
    assert ids == [special, *reversed(made)]
    for query in (f"name={name}&state=cancelled", f"campaign_id={campaign_id}"):
        found = (await tenant_b.analyst.get(f"/jobs?{query}")).body["data"]
        assert [job["id"] for job in found] == [special]
    assert (await tenant_b.analyst.get("/jobs?state=nonsense")).status == 422
    assert (await tenant_b.analyst.get("/jobs?campaign_id=nonsense")).status == 422


async def test_a_retried_job_starts_afresh(api: Any, tenant_a: Any) -> None:
    job_id = await make_dead(api, tenant_a)
    answer = await tenant_a.analyst.post(f"/jobs/{job_id}/retry")
    assert answer.status == 202, answer.body
    assert answer.headers["location"].endswith(f"/jobs/{job_id}")
    job = answer.body["data"]
    assert (job["attempts"], job["finished_at"], job["first_started_at"]) == (0, None, None)
    stored = await row(api, tenant_a, job_id)
    assert stored.generation >= 5
    assert stored.due_at <= now()
    async with api.db.tenant_session(tenant_a.id) as session:
        entries = await session.scalars(select(AuditEntry).where(AuditEntry.target == job_id))
        assert [entry.action for entry in entries] == ["job.retried"]


async def test_two_retries_at_once_are_one(api: Any, tenant_a: Any) -> None:
    job_id = await make_dead(api, tenant_a, name="test.unknown")
    path = f"/jobs/{job_id}/retry"
    answers = await asyncio.gather(*(tenant_a.analyst.post(path) for _ in range(3)))
    assert sorted(answer.status for answer in answers) == [202, 409, 409]


async def test_only_the_dead_are_retried(api: Any, tenant_a: Any) -> None:
    for state in ("queued", "done", "cancelled"):
        job_id = await make(api, tenant_a, state=state)
        refused = await tenant_a.analyst.post(f"/jobs/{job_id}/retry")
        assert code_of(refused) == (409, "illegal_transition")
        assert refused.body["errors"][0]["detail"]["from"] == state


async def test_a_retry_never_doubles_the_same_work(api: Any, tenant_a: Any) -> None:
    key = uuid4().hex
    job_id = await make_dead(api, tenant_a, dedupe_key=key)
    async with api.db.tenant_session(tenant_a.id) as session:
        await enqueue(session, "test.job", tenant_id=tenant_a.id, delay_s=FAR_S, dedupe_key=key)
    refused = await tenant_a.analyst.post(f"/jobs/{job_id}/retry")
    assert code_of(refused) == (409, "job_already_queued")
    assert (await row(api, tenant_a, job_id)).state == "dead"


async def test_another_tenants_job_is_not_there(api: Any, tenant_a: Any, tenant_b: Any) -> None:
    job_id = await make_dead(api, tenant_a)
    assert code_of(await tenant_b.admin.get(f"/jobs/{job_id}")) == (404, "job_not_found")
    assert code_of(await tenant_b.admin.post(f"/jobs/{job_id}/retry")) == (404, "job_not_found")
    listed = await tenant_b.admin.get("/jobs?state=dead&limit=200")
    assert job_id not in {job["id"] for job in listed.body["data"]}


async def test_a_viewer_sees_jobs_of_its_campaigns_only(api: Any, tenant_a: Any) -> None:
    job_id = await make_dead(api, tenant_a)
    assert (await tenant_a.viewer.get("/jobs")).body["data"] == []
    assert (await tenant_a.viewer.get(f"/jobs/{job_id}")).status == 404
    assert (await tenant_a.viewer.post(f"/jobs/{job_id}/retry")).status == 403
