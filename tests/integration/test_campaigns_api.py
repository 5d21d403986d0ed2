"""Campaigns over HTTP: what an agency sets up, and what nobody else may see or break."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from lsos.core.db.audit_log import AuditEntry
from lsos.core.http.principal import Principal
from lsos.core.queue.jobs import Job
from lsos.domains.campaigns import service
from lsos.room import BaselineStep

SITE = "https://www.example.com/"
STEPS = (BaselineStep("crawl", "test.crawl"), BaselineStep("rank", "test.rank"))


async def make(client: Any, **fields: object) -> dict[str, Any]:
    answer = await client.post("/campaigns", json={"name": "Smith Dental", **fields})
    assert answer.status == 201, answer.body
    campaign: dict[str, Any] = answer.body["data"]
    return campaign


async def move(client: Any, campaign: dict[str, Any], state: str) -> Any:
    return await client.patch(f"/campaigns/{campaign['id']}/setup-state", json={"state": state})


def principal_of(tenant: Any) -> Principal:
    return Principal(tenant_id=tenant.id, user_id=uuid4(), role="analyst", scopes=frozenset())


async def start(api: Any, tenant: Any, steps: tuple[BaselineStep, ...]) -> UUID:
    """A campaign in a baseline of these steps."""
    campaign = await make(tenant.analyst, site_url=SITE)
    assert (await move(tenant.analyst, campaign, "Configured")).status == 200
    campaign_id = UUID(campaign["id"])
    async with api.db.tenant_session(tenant.id) as session:
        await service.change_state(
            session, principal_of(tenant), campaign_id, "BaselineRunning", steps
        )
    return campaign_id


async def finish(api: Any, tenant: Any, campaign_id: UUID, step: str, why: str | None) -> None:
    async with api.db.tenant_session(tenant.id) as session:
        await service.finish_step(session, tenant.id, campaign_id, step, why)


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status, answer.body["errors"][0]["code"]


async def test_a_new_campaign_is_a_draft_at_its_location(tenant_a: Any) -> None:
    answer = await tenant_a.analyst.post(
        "/campaigns",
        json={
            "name": "Smith Dental",
            "site_url": "HTTPS://www.Example.com",
            "category": "Dentist",
            "services": ["Implants"],
        },
    )
    made = answer.body["data"]
    assert made["setup_state"] == "Draft"
    assert made["site_url"] == SITE
    assert made["allowed_states"] == ["Configured"]
    assert made["baseline"] == []
    assert answer.headers["location"].endswith(f"/campaigns/{made['id']}")
    assert (await tenant_a.viewer.get(f"/campaigns/{made['id']}")).status == 404
    assert (await tenant_a.analyst.get(f"/campaigns/{made['id']}")).body["data"] == made


@pytest.mark.parametrize(
    "fields, code",
    [
        ({"site_url": "http://127.0.0.1/"}, "address_blocked"),
        ({"site_url": "http://localhost/"}, "address_blocked"),
        ({"site_url": "http://169.254.169.254/"}, "address_blocked"),
        ({"site_url": "http://intranet/"}, "address_blocked"),
        ({"site_url": "https://user:pw@example.com/"}, "url_invalid"),
        ({"site_url": "example.com"}, "url_invalid"),
        ({"site_url": "https://example.com/" + "a" * 2_048}, "validation_failed"),
        ({"name": ""}, "validation_failed"),
        ({"setup_state": "Active"}, "validation_failed"),
        ({"services": ["x"] * 101}, "validation_failed"),
    ],
)
async def test_an_unusable_campaign_is_refused(
    tenant_a: Any, fields: dict[str, object], code: str
) -> None:
    answer = await tenant_a.analyst.post("/campaigns", json={"name": "x", **fields})
    assert code_of(answer) == (422, code)
    assert answer.body["errors"][0]["field"] == next(iter(fields))


async def test_a_stale_change_is_refused_and_changes_nothing(tenant_a: Any) -> None:
    campaign = await make(tenant_a.analyst)
    path, seen = f"/campaigns/{campaign['id']}", {"If-Match": f'"{campaign["version"]}"'}
    first = await tenant_a.analyst.patch(path, json={"name": "One"}, headers=seen)
    assert first.body["data"]["version"] == campaign["version"] + 1
    second = await tenant_a.analyst.patch(path, json={"name": "Two"}, headers=seen)
    assert code_of(second) == (412, "precondition_failed")
    now = (await tenant_a.analyst.get(path)).body["data"]
    assert (now["name"], now["version"]) == ("One", campaign["version"] + 1)
    empty = await tenant_a.analyst.patch(path, json={})
    assert empty.body["data"] == now


async def test_only_one_of_two_changes_at_once_wins(tenant_a: Any) -> None:
    campaign = await make(tenant_a.analyst)
    seen = {"If-Match": f'"{campaign["version"]}"'}
    answers = await asyncio.gather(
        *(
            tenant_a.analyst.patch(
                f"/campaigns/{campaign['id']}", json={"name": f"n{i}"}, headers=seen
            )
            for i in range(4)
        )
    )
    assert sorted(answer.status for answer in answers) == [200, 412, 412, 412]


async def test_the_list_pages_and_filters_by_state(tenant_b: Any) -> None:
    made = [await make(tenant_b.analyst, site_url=SITE) for _ in range(3)]
    await move(tenant_b.analyst, made[1], "Configured")
    ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await tenant_b.analyst.get(f"/campaigns?limit=1&setup_state=Draft{cursor}")
        ids += [row["id"] for row in page.body["data"]]
        following = page.body["meta"]["page"]["next_cursor"]
        cursor = f"&cursor={following}" if following else None
    mine = [i for i in ids if i in {row["id"] for row in made}]
    assert mine == [made[0]["id"], made[2]["id"]]
    assert (await tenant_b.analyst.get("/campaigns?setup_state=Nope")).status == 422
    assert (await tenant_b.analyst.get("/campaigns?cursor=Nope")).status == 422


async def test_another_tenants_campaign_is_not_there(tenant_a: Any, tenant_b: Any) -> None:
    campaign = await make(tenant_a.analyst, site_url=SITE)
    path = f"/campaigns/{campaign['id']}"
    other = tenant_b.admin
    answers = [
        await other.get(path),
        await other.patch(path, json={"name": "x"}),
        await other.delete(path),
        await move(other, campaign, "Configured"),
        await other.get(f"{path}/locations"),
        await other.post(f"{path}/locations", json={"name": "x"}),
        await other.get(f"{path}/competitors"),
        await other.post(f"{path}/competitors", json={"domain": "rival.com"}),
    ]
    assert {code_of(answer) for answer in answers} == {(404, "campaign_not_found")}


async def test_a_viewer_reads_and_changes_nothing(tenant_a: Any, anonymous: Any) -> None:
    campaign = await make(tenant_a.analyst)
    path = f"/campaigns/{campaign['id']}"
    assert (await tenant_a.viewer.get("/campaigns")).status == 200
    assert (await tenant_a.viewer.post("/campaigns", json={"name": "x"})).status == 403
    assert (await tenant_a.viewer.patch(path, json={"name": "x"})).status == 403
    assert (await tenant_a.viewer.delete(path)).status == 403
    assert (await anonymous.get("/campaigns")).status == 401


async def test_a_site_is_needed_to_be_configured(tenant_a: Any) -> None:
    campaign = await make(tenant_a.analyst)
    assert code_of(await move(tenant_a.analyst, campaign, "Configured")) == (
        409,
        "site_url_missing",
    )
    path = f"/campaigns/{campaign['id']}"
    await tenant_a.analyst.patch(path, json={"site_url": SITE})
    assert (await move(tenant_a.analyst, campaign, "Configured")).status == 200
    emptied = await tenant_a.analyst.patch(path, json={"site_url": ""})
    assert code_of(emptied) == (422, "site_url_missing")
    assert (await move(tenant_a.analyst, campaign, "Draft")).status == 200


async def test_an_illegal_transition_says_what_is_allowed(tenant_a: Any) -> None:
    campaign = await make(tenant_a.analyst, site_url=SITE)
    refused = await move(tenant_a.analyst, campaign, "Active")
    assert code_of(refused) == (409, "illegal_transition")
    assert refused.body["errors"][0]["detail"] == {
        "from": "Draft",
        "to": "Active",
        "allowed": ["Configured"],
    }
    assert (await move(tenant_a.analyst, campaign, "Nonsense")).status == 422


async def test_the_baseline_ends_when_its_last_step_ended(api: Any, tenant_a: Any) -> None:
    campaign_id = await start(api, tenant_a, STEPS)
    path = f"/campaigns/{campaign_id}"
    async with api.db.tenant_session(tenant_a.id) as session:
        jobs = list(await session.scalars(select(Job).where(Job.campaign_id == campaign_id)))
    assert {(job.name, str(job.args["step"])) for job in jobs} == {
        ("test.crawl", "crawl"),
        ("test.rank", "rank"),
    }
    refused = await move(tenant_a.analyst, {"id": campaign_id}, "Active")
    assert code_of(refused) == (409, "illegal_transition")

    await finish(api, tenant_a, campaign_id, "crawl", None)
    await finish(api, tenant_a, campaign_id, "crawl", "late_failure")
    await finish(api, tenant_a, campaign_id, "unheard-of", None)
    running = (await tenant_a.analyst.get(path)).body["data"]
    assert running["setup_state"] == "BaselineRunning"
    states = {s["name"]: (s["state"], s["reason_code"]) for s in running["baseline"]}
    assert states == {"crawl": ("done", None), "rank": ("running", None)}

    await finish(api, tenant_a, campaign_id, "rank", "quota_spent")
    active = (await tenant_a.analyst.get(path)).body["data"]
    assert active["setup_state"] == "Active"
    assert active["baseline"][1]["reason_code"] == "quota_spent"
    await finish(api, tenant_a, campaign_id, "rank", None)
    assert (await tenant_a.analyst.get(path)).body["data"] == active


async def test_steps_that_end_at_once_still_end_the_baseline(api: Any, tenant_a: Any) -> None:
    steps = tuple(BaselineStep(f"s{i}", "test.step") for i in range(5))
    campaign_id = await start(api, tenant_a, steps)
    await asyncio.gather(*(finish(api, tenant_a, campaign_id, s.name, None) for s in steps))
    campaign = (await tenant_a.analyst.get(f"/campaigns/{campaign_id}")).body["data"]
    assert campaign["setup_state"] == "Active"


async def test_another_tenant_cannot_end_a_step(api: Any, tenant_a: Any, tenant_b: Any) -> None:
    campaign_id = await start(api, tenant_a, STEPS[:1])
    await finish(api, tenant_b, campaign_id, "crawl", None)
    campaign = (await tenant_a.analyst.get(f"/campaigns/{campaign_id}")).body["data"]
    assert campaign["setup_state"] == "BaselineRunning"


async def test_a_baseline_without_steps_is_over_at_once(api: Any, tenant_a: Any) -> None:
    campaign_id = await start(api, tenant_a, ())
    path = f"/campaigns/{campaign_id}"
    assert (await tenant_a.analyst.get(path)).body["data"]["setup_state"] == "Active"
    for state in ("Paused", "Active", "Paused", "Archived"):
        assert (await move(tenant_a.analyst, {"id": campaign_id}, state)).status == 200
    refused = await move(tenant_a.analyst, {"id": campaign_id}, "Active")
    assert refused.body["errors"][0]["detail"]["allowed"] == []
    async with api.db.tenant_session(tenant_a.id) as session:
        entries = await session.scalars(
            select(AuditEntry).where(AuditEntry.target == str(campaign_id))
        )
        actions = [entry.action for entry in entries]
    assert actions.count("campaign.state_changed") == 7


async def test_the_baseline_starts_over_http(tenant_a: Any) -> None:
    campaign = await make(tenant_a.analyst, site_url=SITE)
    await move(tenant_a.analyst, campaign, "Configured")
    answer = await move(tenant_a.analyst, campaign, "BaselineRunning")
    assert answer.status == 200
    assert answer.body["data"]["setup_state"] in ("BaselineRunning", "Active")


async def test_a_campaign_at_work_cannot_be_deleted(api: Any, tenant_a: Any) -> None:
    campaign_id = await start(api, tenant_a, ())
    path = f"/campaigns/{campaign_id}"
    refused = await tenant_a.analyst.delete(path)
    assert code_of(refused) == (409, "campaign_in_use")
    assert "Archived" in refused.body["errors"][0]["message"]
    await move(tenant_a.analyst, {"id": campaign_id}, "Paused")
    await move(tenant_a.analyst, {"id": campaign_id}, "Archived")
    await tenant_a.analyst.post(f"{path}/locations", json={"name": "Main"})
    assert (await tenant_a.analyst.delete(path)).status == 204
    assert (await tenant_a.analyst.get(path)).status == 404


async def test_locations(tenant_a: Any) -> None:
    campaign = await make(tenant_a.analyst)
    path = f"/campaigns/{campaign['id']}/locations"
    answer = await tenant_a.analyst.post(
        path,
        json={
            "name": "Main Street",
            "country": "us",
            "latitude": 40.5,
            "longitude": -74,
            "cid": "12345678901234567890",
            "landing_url": "https://www.example.com/main",
        },
    )
    assert answer.status == 201, answer.body
    made = answer.body["data"]
    assert (made["country"], made["longitude"]) == ("US", -74.0)
    one = f"{path}/{made['id']}"
    assert answer.headers["location"].endswith(one)
    assert code_of(await tenant_a.analyst.patch(one, json={"latitude": None})) == (
        422,
        "half_position",
    )
    moved = await tenant_a.analyst.patch(one, json={"latitude": None, "longitude": None})
    assert moved.body["data"] == made | {"latitude": None, "longitude": None}
    assert (await tenant_a.analyst.get(path)).body["data"] == [moved.body["data"]]
    elsewhere = await make(tenant_a.analyst)
    wrong = f"/campaigns/{elsewhere['id']}/locations/{made['id']}"
    assert (await tenant_a.analyst.patch(wrong, json={"name": "x"})).status == 404
    assert (await tenant_a.analyst.delete(wrong)).status == 404
    assert (await tenant_a.analyst.delete(one)).status == 204
    assert (await tenant_a.analyst.get(path)).body["data"] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"latitude": 1.0},
        {"longitude": 1.0},
        {"latitude": 90.1, "longitude": 0},
        {"latitude": 0, "longitude": -180.1},
        {"latitude": 1e308, "longitude": 0},
        {"country": "USA"},
        {"country": "u1"},
        {"cid": "abc"},
        {"landing_url": "http://10.0.0.1/"},
        {"name": ""},
        {"rating": 5},
    ],
)
async def test_an_unusable_location_is_refused(tenant_a: Any, fields: dict[str, object]) -> None:
    campaign = await make(tenant_a.analyst)
    path = f"/campaigns/{campaign['id']}/locations"
    assert (await tenant_a.analyst.post(path, json={"name": "x", **fields})).status == 422


async def test_competitors(tenant_a: Any) -> None:
    campaign = await make(tenant_a.analyst)
    path = f"/campaigns/{campaign['id']}/competitors"
    answer = await tenant_a.analyst.post(path, json={"domain": "https://www.Rival.com/x"})
    assert answer.status == 201, answer.body
    made = answer.body["data"]
    assert (made["domain"], made["name"]) == ("rival.com", "rival.com")
    again = await tenant_a.analyst.post(path, json={"domain": "rival.com"})
    assert code_of(again) == (409, "competitor_exists")
    second = (await tenant_a.analyst.post(path, json={"domain": "other.com"})).body["data"]
    taken = await tenant_a.analyst.patch(f"{path}/{second['id']}", json={"domain": "rival.com"})
    assert code_of(taken) == (409, "competitor_exists")
    renamed = await tenant_a.analyst.patch(f"{path}/{made['id']}", json={"name": "Rival Inc."})
    assert renamed.body["data"] == made | {"name": "Rival Inc."}
    assert code_of(await tenant_a.analyst.post(path, json={"domain": "10.0.0.1"})) == (
        422,
        "domain_invalid",
    )
    assert (await tenant_a.analyst.delete(f"{path}/{made['id']}")).status == 204
    assert [c["id"] for c in (await tenant_a.analyst.get(path)).body["data"]] == [second["id"]]


async def test_the_caps_hold(tenant_a: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsos.domains.campaigns.rules.MAX_LOCATIONS", 1)
    monkeypatch.setattr("lsos.domains.campaigns.rules.MAX_COMPETITORS", 1)
    campaign = await make(tenant_a.analyst)
    path = f"/campaigns/{campaign['id']}"
    locations = await asyncio.gather(
        *(tenant_a.analyst.post(f"{path}/locations", json={"name": "x"}) for _ in range(3))
    )
    assert sorted(answer.status for answer in locations) == [201, 422, 422]
    await tenant_a.analyst.post(f"{path}/competitors", json={"domain": "a.com"})
    refused = await tenant_a.analyst.post(f"{path}/competitors", json={"domain": "b.com"})
    assert code_of(refused) == (422, "too_many_competitors")
