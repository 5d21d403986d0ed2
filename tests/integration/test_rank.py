"""Ranks as a user sees them: keywords in, outcomes out, and no figure that was not measured."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text, update

from lsos.core.clock import now
from lsos.core.queue.jobs import Job
from lsos.domains.rank import queries
from lsos.domains.rank.models import RankSnapshot
from lsos.domains.rank.providers.base import RankProvider
from lsos.domains.rank.providers.factory import rank_provider
from lsos.domains.rank.rules import (
    CTR_CURVES,
    DEFAULT_CURVE,
    Organic,
    RankResult,
    Unit,
    visibility,
)
from lsos.domains.rank.store import Outcome, store
from lsos.rooms import JOINTS
from tests.conftest import Api, make_tenant
from tests.support.clients import TenantClients
from tests.support.ranks import SITE, Provider, Ranks, http_config, provider_of, ranks_of, results


@pytest.fixture(scope="module")
async def tenant(api: Api) -> TenantClients:
    return await make_tenant(api, "Rankers")


@pytest.fixture
async def ranks(api: Api, tenant: TenantClients) -> AsyncIterator[Ranks]:
    """Synthetic."""
    async with ranks_of(api.settings, api.db, tenant) as made:
        yield made


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with provider_of() as made:
        yield made


@pytest.fixture
async def http(api: Api, tenant: TenantClients, provider: Provider) -> AsyncIterator[Ranks]:
    async with ranks_of(
        api.settings,
        api.db,
        tenant,
        rank_provider_backend="http",
        rank_http_provider_config_json=http_config(provider.site),
        outbound_allow_origins=provider.site.base_url,
    ) as made:
        yield made


# Keywords


async def test_keywords_come_in_bulk_and_duplicates_are_named(ranks: Ranks) -> None:
    campaign = await ranks.campaign()
    first = await ranks.add(campaign, {"text": "Plumber", "tags": ["a", "a"], "volume": 90})
    (plumber,) = first["created"]
    assert (plumber["text"], plumber["tags"], plumber["language"]) == ("Plumber", ["a"], "en")
    second = await ranks.add(
        campaign,
        {"text": " PLUMBER "},
        {"text": "drains"},
        {"text": "plumber", "device": "mobile"},
        {"text": "Drains"},
    )
    drains, mobile = second["created"]
    assert (drains["text"], mobile["device"]) == ("drains", "mobile")
    assert second["duplicates"] == [
        {"index": 0, "keyword_id": plumber["id"]},
        {"index": 3, "keyword_id": drains["id"]},
    ]
    listed = await ranks.tenant.viewer.get(f"/rank/keywords?campaign_id={campaign}")
    assert listed.status == 404, "a viewer sees chosen campaigns only"
    page = await ranks.tenant.analyst.get(f"/rank/keywords?campaign_id={campaign}&limit=2")
    rest = page.body["meta"]["page"]["next_cursor"]
    more = await ranks.tenant.analyst.get(f"/rank/keywords?campaign_id={campaign}&cursor={rest}")
    ids = {row["id"] for row in (*page.data, *more.data)}
    assert ids == {plumber["id"], drains["id"], mobile["id"]}
    tagged = await ranks.tenant.analyst.get(f"/rank/keywords?campaign_id={campaign}&tag=a")
    assert [row["id"] for row in tagged.data] == [plumber["id"]]


async def test_a_thousand_keywords_are_one_request(ranks: Ranks) -> None:
    campaign = await ranks.campaign()
    place = {"location": "Austin, Texas", "country": "us"}
    body = [{"text": f"plumber {i}", **place} for i in range(1_001)]
    made = await ranks.add(campaign, *body[:1_000])
    assert len(made["created"]) == 1_000
    too_many = {"campaign_id": campaign, "keywords": body}
    assert (await ranks.tenant.analyst.post("/rank/keywords", too_many)).status == 422


@pytest.mark.parametrize(
    ("keyword", "field", "code"),
    [
        ({"text": "a", "latitude": 30.0}, "keywords[1].longitude", "half_position"),
        ({"text": " \u00a0 "}, "keywords[1].text", "keyword_empty"),
        (
            {"text": "a", "latitude": 3.0, "longitude": 4.0, "location": "Austin"},
            "keywords[1].location",
            "place_twice",
        ),
        ({"text": "a", "latitude": 91, "longitude": 0}, None, "validation_failed"),
        ({"text": "a", "device": "tablet"}, None, "validation_failed"),
        ({"text": "a" * 201}, None, "validation_failed"),
        ({"text": "a", "volume": -1}, None, "validation_failed"),
        ({"text": "a\u0000"}, None, "nul_character"),
    ],
)
async def test_a_faulty_keyword_is_named_and_nothing_is_added(
    ranks: Ranks, keyword: dict[str, Any], field: str | None, code: str
) -> None:
    campaign = await ranks.campaign()
    body = {"campaign_id": campaign, "keywords": [{"text": "good"}, keyword]}
    answer = await ranks.tenant.analyst.post("/rank/keywords", body)
    assert (answer.status, answer.code) == (422, code)
    if field is not None:
        assert answer.body["errors"][0]["field"] == field
    listed = await ranks.tenant.analyst.get(f"/rank/keywords?campaign_id={campaign}")
    assert listed.data == []


async def test_a_keyword_is_changed_put_to_rest_and_removed(ranks: Ranks) -> None:
    campaign = await ranks.campaign("plumber", "drains")
    analyst = ranks.tenant.analyst
    listed = (await analyst.get(f"/rank/keywords?campaign_id={campaign}")).data
    first, second = (row["id"] for row in listed)
    changed = await analyst.patch(f"/rank/keywords/{first}", {"volume": 40, "tags": ["x"]})
    assert (changed.data["volume"], changed.data["tags"]) == (40, ["x"])
    assert (await analyst.patch(f"/rank/keywords/{first}", {"volume": None})).data["volume"] is None
    assert (await analyst.patch(f"/rank/keywords/{first}", {"text": "other"})).status == 422
    await analyst.patch(f"/rank/keywords/{second}", {"is_active": False})
    run = await ranks.measure(campaign)
    assert run["total"] == 1
    assert set(await ranks.snapshots(campaign)) == {"plumber"}
    assert (await analyst.delete(f"/rank/keywords/{first}")).status == 204
    assert await ranks.snapshots(campaign) == {}
    assert (await analyst.delete(f"/rank/keywords/{first}")).status == 404


async def test_hostile_keywords_stay_text(ranks: Ranks) -> None:
    texts = ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "'; drop table keywords; --", "💧𝕏"]
    campaign = await ranks.campaign(*texts)
    await ranks.measure(campaign)
    assert set(await ranks.snapshots(campaign)) == set(texts)


# A run


async def test_a_synthetic_run_measures_everything_and_says_that_it_is_made_up(
    ranks: Ranks,
) -> None:
    campaign = await ranks.campaign(cid="17")
    await ranks.add(
        campaign,
        *({"text": f"plumber {i}", "volume": None if i % 3 else 10 * i} for i in range(700)),
    )
    run = await ranks.measure(campaign)
    assert (run["state"], run["source"], run["total"], run["done"]) == (
        "completed", "synthetic", 700, 700,
    )  # fmt: skip
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        path = f"/rank/snapshots?rank_run_id={run['id']}&limit=200{cursor}"
        page = await ranks.tenant.analyst.get(path)
        rows += page.data
        following = page.body["meta"]["page"]["next_cursor"]
        if following is None:
            break
        cursor = f"&cursor={following}"
    assert len({row["keyword_id"] for row in rows}) == len(rows) == 700
    assert {row["source"] for row in rows} == {"synthetic"}
    assert Counter(row["state"] for row in rows) == run["counts"]
    assert {row["pack_state"] for row in rows} >= {"found", "not_found", "empty"}
    for row in rows:
        assert (row["position"] is not None) == (row["state"] == "found")
        assert len(row["results"]) == (0 if row["state"] == "empty" else 20)

    # Visibility by another way: from the answers themselves.
    listed = {}
    cursor = ""
    while cursor is not None:
        path = f"/rank/keywords?campaign_id={campaign}&limit=200{cursor}"
        page = await ranks.tenant.analyst.get(path)
        listed |= {row["id"]: row["volume"] for row in page.data}
        following = page.body["meta"]["page"]["next_cursor"]
        cursor = f"&cursor={following}" if following else None  # type: ignore[assignment]  # ends it
    units = [Unit(listed[row["keyword_id"]], row["position"]) for row in rows]
    expected = visibility(units, CTR_CURVES[DEFAULT_CURVE])
    shown = await ranks.tenant.analyst.get(f"/rank/visibility?campaign_id={campaign}")
    assert (shown.data["formula"], shown.data["ctr_curve"]) == ("lsos-visibility-v1", DEFAULT_CURVE)
    (day,) = shown.data["days"]
    assert day["value"] == pytest.approx(expected.value, abs=0.01)
    assert day["denominator"] == {"keywords": 700, "volume": expected.volume}
    assert (day["left_out"], day["source"]) == (0, "synthetic")


async def test_a_second_run_of_the_day_keeps_what_is_known(http: Ranks, provider: Provider) -> None:
    campaign = await http.campaign("a", "b", "c")
    await http.measure(campaign)
    assert sorted(provider.asked) == ["a", "b", "c"]
    await http.add(campaign, {"text": "d"})
    run = await http.measure(campaign)
    assert provider.asked[3:] == ["d"], "an answer of the day is not paid for twice"
    assert run["counts"] == {"kept": 3, "found": 1}
    assert (run["state"], run["total"], run["done"]) == ("completed", 4, 4)


async def test_own_site_and_pack_are_found(http: Ranks, provider: Provider) -> None:
    campaign = await http.campaign("mine", "theirs", "nothing", cid="17")
    provider.say("mine", results("https://b.example/", SITE + "drains", pack=[
        {"position": 1, "title": "Alder", "cid": 5},
        {"position": 2, "title": "Other name", "cid": 17},
    ]))  # fmt: skip
    provider.say("theirs", results("https://b.example/", pack=[{"title": "Alder", "cid": 5}]))
    provider.say("nothing", results())
    await http.measure(campaign)
    found = await http.snapshots(campaign)
    assert {
        text: (row["state"], row["position"], row["pack_state"], row["pack_position"])
        for text, row in found.items()
    } == {
        "mine": ("found", 2, "found", 2),
        "theirs": ("not_found", None, "not_found", None),
        "nothing": ("empty", None, "empty", None),
    }
    assert found["mine"]["url"] == SITE + "drains"
    assert found["mine"]["results"][0] == {
        "position": 1, "url": "https://b.example/", "title": "Result 1",
    }  # fmt: skip


async def test_one_failing_keyword_stops_nothing_and_is_repaired_later(
    http: Ranks, provider: Provider
) -> None:
    campaign = await http.campaign("good", "broken", "html", "other")
    provider.say("broken", {}, status=500)
    provider.say("html", "<html>down</html>")
    run = await http.measure(campaign)
    assert run["state"] == "completed_with_errors"
    assert run["counts"] == {"found": 2, "error": 2}
    found = await http.snapshots(campaign)
    assert found["broken"]["error_code"] == "provider_unavailable"
    assert found["html"]["error_code"] == "provider_bad_response"
    assert found["html"]["state"] == found["html"]["pack_state"] == "error"
    shown = await http.tenant.analyst.get(f"/rank/visibility?campaign_id={campaign}")
    (day,) = shown.data["days"]
    assert (day["denominator"]["keywords"], day["left_out"]) == (2, 2)
    assert provider.asked.count("html") == 1, "an answered question is not repeated"

    provider.answers.clear()
    provider.asked.clear()
    run = await http.measure(campaign)
    assert sorted(provider.asked) == ["broken", "html"]
    assert run["counts"] == {"kept": 2, "found": 2}
    assert run["state"] == "completed"
    assert (await http.snapshots(campaign))["broken"]["error_code"] is None


async def test_an_error_never_replaces_a_measured_value(http: Ranks, provider: Provider) -> None:
    campaign = await http.campaign("a")
    run_id = (await http.measure(campaign))["id"]
    row = (await http.snapshots(campaign))["a"]
    run = await http.open_run(run_id)
    failed = RankResult(state="error", pack_state="error", error_code="provider_timeout")
    other = RankResult(state="found", position=9, results=[Organic(9, SITE, "")])
    for result in (failed, other):
        async with http.db.tenant_session(http.tenant.id) as session:
            await store(session, run, [Outcome(UUID(row["keyword_id"]), now(), result)])
    assert (await http.snapshots(campaign))["a"] == row


async def test_a_keyword_deleted_meanwhile_costs_the_others_nothing(
    http: Ranks, provider: Provider
) -> None:
    campaign = await http.campaign("a", "b")
    run = await http.open_run((await http.measure(campaign))["id"])
    result = RankResult(state="found", position=9)
    async with http.db.tenant_session(http.tenant.id) as session:
        await store(session, run, [Outcome(uuid4(), now(), result)])
    assert set(await http.snapshots(campaign)) == {"a", "b"}


# What stops a run


async def test_a_revoked_key_costs_one_call_and_tells_the_tenant(
    http: Ranks, provider: Provider
) -> None:
    provider.say("*", {"error": "revoked"}, status=401)
    campaign = await http.campaign(*(f"k{i}" for i in range(30)))
    run = await http.measure(campaign)
    assert len(provider.asked) == 1
    assert (run["state"], run["reason_code"]) == ("failed", "provider_denied")
    assert run["counts"] == {"unmeasured": 30}
    # Nor does the next job ask, of this or another campaign.
    other = await http.campaign("x", "y")
    again = await http.measure(other)
    assert (again["state"], again["reason_code"]) == ("failed", "provider_denied")
    assert len(provider.asked) == 1
    async with http.db.tenant_session(http.tenant.id) as session:
        (signal,) = await queries.signals(session, UUID(campaign))
    assert (signal.code, signal.affected.count, signal.affected.of) == ("rank_errors", 30, 30)


async def test_a_spent_quota_leaves_the_rest_unmeasured(http: Ranks, provider: Provider) -> None:
    campaign = await http.campaign("a", "b")
    await http.measure(campaign)
    await http.add(campaign, *({"text": f"k{i}"} for i in range(40)))
    provider.say("*", {}, status=402)
    run = await http.measure(campaign)
    assert (run["state"], run["reason_code"]) == ("completed_with_errors", "provider_quota_spent")
    assert run["counts"] == {"kept": 2, "unmeasured": 40}
    assert len(provider.asked) <= 2 + 8, "calls under way when it was noticed"


async def test_a_pause_is_waited_out_by_the_job(http: Ranks, provider: Provider) -> None:
    campaign = await http.campaign(*(f"k{i}" for i in range(12)))
    provider.say("*", {}, status=429, Retry_After="120")
    run_id = await http.schedule(campaign)
    before = now()
    await http.work(campaign)
    after = now()
    run = await http.run(run_id)
    assert run["state"] == "running"
    assert await http.snapshots(campaign) == {}, "who was not asked has no outcome"
    (job,) = await http.jobs(campaign, "rank.measure", due=False)
    pause = timedelta(seconds=120)
    assert before + pause <= job.due_at <= after + pause + timedelta(seconds=1)
    assert len(provider.asked) == 1, "asked again within the pause"
    # A run that waits for ever ends.
    async with http.db.tenant_session(http.tenant.id) as session:
        await session.execute(
            text("update measurements set deadline_at = now() where id = :id"),
            {"id": run_id},
        )
        await session.execute(text("update jobs set due_at = now() where id = :id"), {"id": job.id})
    await http.work(campaign)
    run = await http.run(run_id)
    assert (run["state"], run["reason_code"]) == ("failed", "provider_rate_limited")
    assert run["counts"] == {"unmeasured": 12}


async def test_what_was_answered_is_stored_when_the_worker_stops(
    http: Ranks, provider: Provider
) -> None:
    keywords = [f"k{i:02}" for i in range(19)]
    campaign = await http.campaign(*keywords, "last")
    asked = provider.hang("last")
    run_id = await http.schedule(campaign)
    (job,) = await http.jobs(campaign, "rank.measure")
    working = asyncio.ensure_future(http.runner.run(http.tenant.id, job.id))
    await asked.wait()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    stored = set(await http.snapshots(campaign))
    # With 8 at a time, the 20th is asked when at least 12 are done.
    assert len(stored) >= 12
    provider.answers.clear()
    provider.asked.clear()
    await http.work(campaign)
    assert set(provider.asked) == {*keywords, "last"} - stored, "answers were paid for twice"
    assert (await http.run(run_id))["counts"] == {"found": 20}


async def test_a_fault_of_ours_ends_the_run_visibly(ranks: Ranks) -> None:
    campaign = await ranks.campaign("a", "b")
    run_id = await ranks.schedule(campaign)
    ranks.resources.put(rank_provider, cast(RankProvider, None))
    await ranks.work(campaign)
    run = await ranks.run(run_id)
    assert (run["state"], run["reason_code"]) == ("failed", "unexpected_error")
    assert run["counts"] == {"unmeasured": 2}


async def test_a_campaign_has_one_run_at_a_time(ranks: Ranks) -> None:
    campaign = await ranks.campaign("a")
    run_id = await ranks.schedule(campaign)
    again = await ranks.tenant.analyst.post("/rank/schedule", {"campaign_id": campaign})
    assert (again.status, again.code) == (409, "rank_run_open")
    assert again.body["errors"][0]["detail"] == {"run_id": run_id}
    await ranks.work(campaign)
    assert (await ranks.measure(campaign))["counts"] == {"kept": 1}
    empty = await ranks.campaign()
    answer = await ranks.tenant.analyst.post("/rank/schedule", {"campaign_id": empty})
    assert (answer.status, answer.code) == (409, "no_keywords")


async def test_rooms_that_follow_are_told(ranks: Ranks) -> None:
    campaign = await ranks.campaign("a")
    await ranks.measure(campaign)
    async with ranks.db.tenant_session(ranks.tenant.id) as session:
        names = await session.scalars(select(Job.name).where(Job.campaign_id == UUID(campaign)))
        assert Counter(names) == {
            "rank.measure": 1,
            **dict.fromkeys(JOINTS.follows_measurement, 1),
        }


# The baseline


@pytest.mark.parametrize("has_keywords", [True, False])
async def test_the_baseline_measures_ranks_or_says_that_there_are_none(
    ranks: Ranks, has_keywords: bool
) -> None:
    campaign = await ranks.campaign(*["a", "b"] * has_keywords)
    for state in ("Configured", "BaselineRunning"):
        path = f"/campaigns/{campaign}/setup-state"
        assert (await ranks.tenant.analyst.patch(path, {"state": state})).status == 200
    await ranks.work(campaign)
    detail = (await ranks.tenant.analyst.get(f"/campaigns/{campaign}")).data
    (step,) = [step for step in detail["baseline"] if step["name"] == "rank"]
    reason = None if has_keywords else "no_keywords"
    assert (step["state"], step["reason_code"]) == ("done", reason)
    assert len(await ranks.snapshots(campaign)) == 2 * has_keywords


# Trends and signals


async def test_trends_compare_measured_days_only(ranks: Ranks) -> None:
    campaign = await ranks.campaign("a", "b")
    listed = (await ranks.tenant.analyst.get(f"/rank/keywords?campaign_id={campaign}")).data
    first = next(row["id"] for row in listed if row["text"] == "a")
    today = now().date()
    series = [(5, "found", 8), (4, "error", None), (3, "found", 5), (2, "not_found", None)]
    for days_ago, state, position in series:
        day = today - timedelta(days=days_ago)
        await ranks.put(campaign, first, day, state=state, position=position)
    await ranks.put(campaign, first, today - timedelta(days=40), position=1)
    answer = await ranks.tenant.analyst.get(f"/rank/trends?campaign_id={campaign}&days=30")
    trend = next(row for row in answer.data if row["text"] == "a")
    assert [
        (point["state"], point["position"], point["delta"], point["change"])
        for point in trend["points"]
    ] == [
        ("found", 8, None, None),
        ("error", None, None, None),
        ("found", 5, 3, "up"),
        ("not_found", None, None, "lost"),
    ]
    assert trend["points"][2]["compared_with"] == str(today - timedelta(days=5))
    assert next(row for row in answer.data if row["text"] == "b")["points"] == []
    days = (await ranks.tenant.analyst.get(f"/rank/visibility?campaign_id={campaign}")).data["days"]
    assert [(day["value"], day["left_out"]) for day in days] == [
        (pytest.approx(100 * 3.2 / 28.5, abs=0.01), 0),
        (None, 1),
        (pytest.approx(100 * 7.2 / 28.5, abs=0.01), 0),
        (0.0, 0),
    ]
    async with ranks.db.tenant_session(ranks.tenant.id) as session:
        found = {s.code: s for s in await queries.signals(session, UUID(campaign))}
        assert await queries.find_visibility(session, UUID(campaign)) == 0.0
    assert set(found) == {"rank_dropped", "rank_not_found"}
    assert found["rank_dropped"].source == "http"


async def test_a_keyword_that_failed_today_proves_nothing_today(ranks: Ranks) -> None:
    campaign = await ranks.campaign("a", "b", "never answered")
    listed = (await ranks.tenant.analyst.get(f"/rank/keywords?campaign_id={campaign}")).data
    ids = {row["text"]: row["id"] for row in listed}
    today = now().date()
    yesterday = today - timedelta(days=1)

    async def measured_at() -> datetime | None:
        async with ranks.db.tenant_session(ranks.tenant.id) as session:
            return await queries.find_measured_at(session, UUID(campaign))

    assert await measured_at() is None
    at = now()
    for word, day, state in (
        ("a", yesterday, "found"),
        ("b", yesterday, "not_found"),
        ("a", today, "found"),
        ("b", today, "error"),
        ("never answered", today, "error"),
    ):
        await ranks.put(campaign, ids[word], day, state=state, measured_at=at)
    assert await measured_at() is None, "b was known, and may be missing still"
    async with ranks.db.tenant_session(ranks.tenant.id) as session:
        await session.execute(
            update(RankSnapshot)
            .where(RankSnapshot.keyword_id == UUID(ids["b"]), RankSnapshot.day == today)
            .values(state="found", measured_at=at - timedelta(minutes=5))
        )
    assert await measured_at() == at - timedelta(minutes=5)


async def test_what_was_never_measured_has_no_figure(ranks: Ranks) -> None:
    campaign = await ranks.campaign("a")
    path = f"/rank/visibility?campaign_id={campaign}"
    assert (await ranks.tenant.analyst.get(path)).data["days"] == []
    async with ranks.db.tenant_session(ranks.tenant.id) as session:
        assert await queries.signals(session, UUID(campaign)) == []
        assert await queries.find_visibility(session, UUID(campaign)) is None
        assert await queries.find_measured_at(session, UUID(campaign)) is None


async def test_snapshots_need_something_to_be_of(ranks: Ranks) -> None:
    answer = await ranks.tenant.analyst.get("/rank/snapshots?day=2026-03-01")
    assert (answer.status, answer.code) == (422, "validation_failed")
    for bad in ("day=yesterday", f"campaign_id={uuid4()}&cursor=zzz"):
        answer = await ranks.tenant.analyst.get(f"/rank/snapshots?{bad}&keyword_id={uuid4()}")
        assert answer.status == 422
