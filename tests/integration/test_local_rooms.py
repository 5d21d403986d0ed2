"""Local presence, reviews and authority from the request to the answer, over a real provider."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from lsos.core.clock import now
from lsos.domains.authority import queries as authority_queries
from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.local import queries as local_queries
from lsos.domains.reviews import queries as review_queries
from tests.support.measuring import PLACE, Measuring, ScriptedProvider, measuring
from tests.support.sites import site_pool
from tests.support.stack import StoreFactory
from tools.provider_server import make_app

KEY = "provider-key-for-tests"
PROFILE: dict[str, Any] = {
    "id": "p1",
    "name": "Alder Bay",
    "address": {**PLACE, "street": "18 Schooner Ln"},
    "phone": "(207) 555-0142",
    "website": "https://own.example/",
    "hours": ["Mo-Fr 08:00-17:00"],
    "description": "Dentists.",
    "attributes": [],
    "primary_category": "Dentist",
    "secondary_categories": [],
    "photos": 5,
    "posts": 0,
}


@pytest.fixture(scope="module")
async def script() -> ScriptedProvider:
    return ScriptedProvider()


@pytest.fixture(scope="module")
async def rooms(stores: StoreFactory, script: ScriptedProvider) -> AsyncIterator[Measuring]:
    async with site_pool(1) as sites:
        site = await sites.open()
        site.script("*", script.answer)
        provider = {
            f"{room}_provider_{part}": value
            for room in ("local", "authority")
            for part, value in (
                ("backend", "provider"),
                ("url", site.base_url),
                ("api_key", f"{KEY}-{site.port}"),
            )
        }
        async with measuring(stores, **provider) as stack:
            yield stack


def _profile(script: ScriptedProvider, listing: str, **changes: Any) -> None:
    told = {"status": "found", "profile": {**PROFILE, "name": listing, **changes}}
    script.answers["/v1/profile", listing] = told


def _review(number: int, days: float, **changes: Any) -> dict[str, Any]:
    at = now() - timedelta(days=days)
    return {"id": f"r{number}", "rating": 5, "published_at": at.isoformat(), **changes}


def _reviews(script: ScriptedProvider, name: str, *reviews: Any, **changes: Any) -> None:
    told = {"status": "found", "reviews": list(reviews), "total": len(reviews), **changes}
    script.answers["/v1/reviews", name] = told


# Both backends, end to end


@pytest.mark.parametrize("backend", ["synthetic", "provider"])
async def test_a_campaign_is_measured_and_says_by_whom(stores: StoreFactory, backend: str) -> None:
    async with site_pool(1) as sites:
        sock = sites.take()
        runner = web.AppRunner(make_app(KEY), access_log=None)
        await runner.setup()
        await web.SockSite(runner, sock).start()
        changes: dict[str, object] = {}
        for room in ("local", "authority"):
            changes[f"{room}_provider_backend"] = backend
            changes[f"{room}_provider_url"] = f"http://127.0.0.1:{sock.getsockname()[1]}"
            changes[f"{room}_provider_api_key"] = KEY
        async with measuring(stores, **changes) as stack:
            campaign = await stack.campaign(*(f"Location {n}" for n in range(6)))
            await _measured_by(stack, campaign, backend)
        await runner.cleanup()


async def _measured_by(stack: Measuring, campaign: str, source: str) -> None:
    rivals = f"/campaigns/{campaign}/competitors"
    await stack.tenant.analyst.post(rivals, {"domain": "rival.example"})
    job = await stack.post("/local/refresh", campaign)
    assert job["summary"]["source"] == source
    assert sum(job["summary"]["counts"].values()) == 6
    health = await stack.get("/local/health", campaign, "&limit=200")
    assert len(health) == 6
    assert {row["source"] for row in health} == {source}
    scored = [row for row in health if row["score"] is not None]
    assert len(scored) > 3
    assert all({part["name"] for part in row["parts"]} >= {"photos", "nap"} for row in scored)
    missing = [row for row in health if row["state"] == "not_found"]
    assert all(row["score"] is None and row["parts"] == [] for row in missing)

    velocity = await stack.get("/reviews/velocity", campaign, "&limit=200")
    assert {row["source"] for row in velocity} == {source}
    assert all(row["figures"]["velocity_per_month"] is not None for row in velocity)
    reviews = await stack.get("/reviews", campaign, "&limit=5")
    assert {row["source"] for row in reviews} == {source}

    await stack.post("/authority/refresh", campaign)
    summary = await stack.get("/authority/summary", campaign)
    assert summary["own"]["source"] == source
    assert 0 <= summary["score"] <= 100
    assert (summary["competitors_measured"], summary["competitors"]) == (1, 1)
    links = await stack.get("/authority/backlinks", campaign)
    assert {row["source"] for row in links} == {source}


@pytest.mark.parametrize("room", ["local", "reviews", "authority"])
async def test_a_refused_key_costs_one_call_and_the_tenant_is_told(
    stores: StoreFactory, room: str
) -> None:
    """F32: one call a key, though two campaigns ask for five locations each."""
    script = ScriptedProvider()
    async with site_pool(1) as sites:
        site = await sites.open()
        site.script("*", script.answer)
        names = [f"Location {n}" for n in range(5)]
        for path in ("/v1/profile", "/v1/reviews"):
            for name in names:
                script.answers[path, name] = (401, {"error": "revoked"})
        script.answers["/v1/backlinks", "own.example"] = (403, {"error": "revoked"})
        backend = "authority" if room == "authority" else "local"
        changes = {
            f"{backend}_provider_backend": "provider",
            f"{backend}_provider_url": site.base_url,
            f"{backend}_provider_api_key": f"revoked-{site.port}-{room}",
        }
        async with measuring(stores, **changes) as stack:
            for _ in range(2):
                campaign = await stack.campaign(*names)
                job = await stack.post(f"/{room}/refresh", campaign)
                assert len(script.asked) == 1
                assert await told(stack, room, campaign, job) == "provider_denied"


async def told(stack: Measuring, room: str, campaign: str, job: dict[str, Any]) -> Any:
    """Why there are no figures, as the room's own route says it."""
    if room == "authority":
        summary = await stack.get("/authority/summary", campaign)
        assert (summary["score"], summary["latest_refresh"]["state"]) == (None, "failed")
        return summary["latest_refresh"]["reason_code"]
    if room == "reviews":
        rows = await stack.get("/reviews/velocity", campaign)
        assert {row["state"] for row in rows} <= {"error", "unmeasured"}
        assert job["summary"]["ended_by"] == "provider_denied"
    else:
        assert job["summary"]["state"] == "failed"
        assert sum(job["summary"]["counts"].values()) == 5
        rows = await stack.get("/local/health", campaign, "&limit=200")
        assert all(row["score"] is None for row in rows)
    (code,) = {row["error_code"] for row in rows if row["error_code"]}
    return code


# Profiles


async def test_one_failing_location_stops_nothing(
    rooms: Measuring, script: ScriptedProvider
) -> None:
    names = ("Good one", "Broken one", "Absent one", "Good two")
    crowd = [f"Crowd {n}" for n in range(20)]  # more than one batch
    campaign = await rooms.campaign(*names, *crowd)
    for name in crowd:
        _profile(script, name)
    _profile(script, "Good one")
    _profile(script, "Good two")
    script.answers["/v1/profile", "Broken one"] = (400, {"error": "no"})
    job = await rooms.post("/local/refresh", campaign)
    assert job["summary"]["state"] == "completed_with_errors"
    assert job["summary"]["counts"] == {"found": 22, "not_found": 1, "error": 1}
    assert all(script.count("/v1/profile", name) == 1 for name in (*names, *crowd))
    rows = {row["location_name"]: row for row in await rooms.get("/local/health", campaign)}
    assert [rows[name]["state"] for name in names] == ["found", "error", "not_found", "found"]
    assert rows["Broken one"]["error_code"] == "provider_refused"
    assert rows["Good one"]["score"] == rows["Good two"]["score"]
    parts = {part["name"]: part for part in rows["Good one"]["parts"]}
    assert parts["reviews"]["points"] is None, "no reviews: not measured, not 0"
    assert parts["completeness"]["evidence"]["missing"] == ["attributes"]
    assert rows["Good one"]["measured"] == 80
    # 25 * 6/7 + 7.5 + 10 of 15 + 0 + 15 of 80.
    assert rows["Good one"]["score"] == pytest.approx(100 * (25 * 6 / 7 + 32.5) / 80, abs=0.01)


async def test_a_failure_never_replaces_what_was_measured(
    rooms: Measuring, script: ScriptedProvider
) -> None:
    campaign = await rooms.campaign("Steady")
    _profile(script, "Steady")
    _reviews(script, "Steady", _review(1, 3), rating=5)
    await rooms.post("/local/refresh", campaign)
    before = await rooms.get("/local/health", campaign)
    velocity = await rooms.get("/reviews/velocity", campaign)
    script.answers["/v1/profile", "Steady"] = (400, {"error": "no"})
    script.answers["/v1/reviews", "Steady"] = (400, {"error": "no"})
    job = await rooms.post("/local/refresh", campaign)
    assert job["summary"]["state"] == "failed"
    assert await rooms.get("/local/health", campaign) == before
    assert await rooms.get("/reviews/velocity", campaign) == velocity
    # And the other way round: an answer replaces it.
    _profile(script, "Steady", photos=10)
    _reviews(script, "Steady", _review(1, 3), rating=5)
    await rooms.post("/local/refresh", campaign)
    (after,) = await rooms.get("/local/health", campaign)
    assert after["score"] > before[0]["score"]


async def test_one_refresh_at_a_time(rooms: Measuring, script: ScriptedProvider) -> None:
    campaign = await rooms.campaign("Busy")
    _profile(script, "Busy")
    body = {"campaign_id": campaign}
    for path in ("/local/refresh", "/reviews/refresh", "/authority/refresh"):
        answers = [await rooms.tenant.analyst.post(path, body) for _ in range(3)]
        codes = {answer.status for answer in answers}
        assert answers[0].status == 202
        assert codes <= {202, 409}
        for answer in answers:
            if answer.status == 202:
                await rooms.job(answer.data["job_id"])
            else:
                assert answer.code == "refresh_running"


async def test_without_locations_there_is_nothing_to_measure(rooms: Measuring) -> None:
    campaign = await rooms.campaign()
    job = await rooms.post("/local/refresh", campaign)
    assert job["summary"]["state"] == "completed"
    assert await rooms.get("/local/health", campaign) == []
    assert (await rooms.get("/local/map-pack", campaign))["presence_share"] is None
    assert (await rooms.get("/authority/summary", campaign))["score"] is None


async def test_an_archived_campaign_is_not_measured(rooms: Measuring) -> None:
    campaign = await rooms.campaign("Old")
    async with rooms.db.tenant_session(rooms.tenant.id) as session:
        found = await campaign_queries.get_campaign(session, rooms.tenant.id, UUID(campaign))
        found.setup_state = "Archived"
    for path in ("/local/refresh", "/reviews/refresh", "/authority/refresh"):
        answer = await rooms.tenant.analyst.post(path, {"campaign_id": campaign})
        assert (answer.status, answer.code) == (409, "campaign_archived")


# NAP


async def test_the_profile_is_held_against_the_campaign(
    rooms: Measuring, script: ScriptedProvider
) -> None:
    campaign = await rooms.campaign("Matched", "Mismatched")
    _profile(script, "Matched")
    _profile(script, "Mismatched", phone="(207) 555-0143", address=None, name="Harbor Plumbing")
    await rooms.post("/local/refresh", campaign)
    rows = {row["location_name"]: row for row in await rooms.get("/local/nap", campaign)}
    cells = rows["Matched"]["profile"]
    assert {field: cell["match"] for field, cell in cells.items()} == {
        "name": "exact",
        "address": "format_only",
        "phone": "format_only",
    }
    assert (rows["Matched"]["judged"], rows["Matched"]["errors"]) == (3, 0)
    assert rows["Matched"]["structured_data"] == {"name": None, "address": None, "phone": None}
    cells = rows["Mismatched"]["profile"]
    assert cells["address"] is None, "not told, so not judged"
    assert (cells["name"]["match"], cells["phone"]["match"]) == ("wrong", "wrong")
    assert cells["phone"]["found"] == "(207) 555-0143"
    assert (rows["Mismatched"]["judged"], rows["Mismatched"]["errors"]) == (2, 2)
    # A field that is told no longer leaves the matrix.
    _profile(script, "Mismatched", phone=None, address=None)
    await rooms.post("/local/refresh", campaign)
    rows = {row["location_name"]: row for row in await rooms.get("/local/nap", campaign)}
    assert rows["Mismatched"]["profile"]["phone"] is None

    async with rooms.db.tenant_session(rooms.tenant.id) as session:
        signals = await local_queries.signals(session, UUID(campaign))
    by_code = {signal.code: signal for signal in signals}
    assert "nap_wrong" not in by_code
    assert by_code["profile_incomplete"].affected.count == 2
    assert by_code["profile_incomplete"].source == "provider"


# Reviews


async def test_reviews_are_stored_once_and_edits_are_kept(
    rooms: Measuring, script: ScriptedProvider
) -> None:
    campaign = await rooms.campaign("Reviewed")
    _profile(script, "Reviewed")
    old = _review(1, 30, text="Fine.", rating=4)
    _reviews(script, "Reviewed", _review(2, 2, text="Great."), old)
    await rooms.post("/local/refresh", campaign)
    edited_at = (now() - timedelta(days=1)).isoformat()
    told = {"text": "Awful.", "rating": 1, "edited_at": edited_at, "answer": "Sorry."}
    _reviews(script, "Reviewed", _review(3, 0.5), _review(2, 2, text="Great."), {**old, **told})
    job = await rooms.post("/reviews/refresh", campaign)
    assert job["summary"]["new_reviews"] == 1
    rows = {row["external_id"]: row for row in await rooms.get("/reviews", campaign)}
    assert set(rows) == {"r1", "r2", "r3"}
    assert (rows["r1"]["text"], rows["r1"]["rating"]) == ("Awful.", 1)
    assert rows["r1"]["edited_at"] is not None
    assert rows["r1"]["answer"] == "Sorry."
    assert rows["r2"]["edited_at"] is None
    assert rows["r1"]["first_seen_at"] < rows["r1"]["last_seen_at"]
    # A copy from before the edit undoes nothing.
    stale = {**old, "edited_at": (now() - timedelta(days=20)).isoformat()}
    _reviews(script, "Reviewed", stale)
    await rooms.post("/reviews/refresh", campaign)
    rows = {row["external_id"]: row for row in await rooms.get("/reviews", campaign)}
    assert rows["r1"]["text"] == "Awful."


async def test_reviews_that_were_read_by_half_are_not_stored(
    rooms: Measuring, script: ScriptedProvider
) -> None:
    campaign = await rooms.campaign("Halved")
    first = {"status": "found", "reviews": [_review(1, 1)], "next_cursor": "1"}
    script.answers["/v1/reviews", "Halved"] = [first, (400, {"error": "gone"})]
    job = await rooms.post("/reviews/refresh", campaign)
    assert job["summary"]["states"] == {"error": 1}
    assert await rooms.get("/reviews", campaign) == []
    (row,) = await rooms.get("/reviews/velocity", campaign)
    assert (row["state"], row["error_code"]) == ("error", "provider_refused")
    assert row["figures"]["quality"] is None


async def test_pages_are_read_back_as_far_as_the_formulas_look(
    rooms: Measuring, script: ScriptedProvider
) -> None:
    campaign = await rooms.campaign("Paged")
    ages = [5, 100, 300, 480, 700]
    script.answers["/v1/reviews", "Paged"] = [
        {
            "status": "found",
            "total": 5,
            "rating": 4.5,
            "reviews": [_review(n, age, rating=4)],
            "next_cursor": str(n + 1) if n < 4 else None,
        }
        for n, age in enumerate(ages)
    ]
    await rooms.post("/reviews/refresh", campaign)
    assert script.count("/v1/reviews", "Paged") == 4
    (row,) = await rooms.get("/reviews/velocity", campaign)
    assert row["is_complete"] is False
    assert (row["profile_total"], row["profile_rating"]) == (5, 4.5)
    figures = row["figures"]
    assert figures["reviews"] == 4
    assert figures["rating_mean"] == 4.5, "not all were read: the profile's own"
    assert figures["velocity_per_month"] == 0.33
    assert (figures["responded"], figures["responded_of"]) == (0, 3)


async def test_a_cursor_that_goes_in_circles_is_an_error(
    rooms: Measuring, script: ScriptedProvider
) -> None:
    campaign = await rooms.campaign("Circling")
    page = {"status": "found", "reviews": [_review(1, 1)], "next_cursor": "0"}
    script.answers["/v1/reviews", "Circling"] = [page]
    job = await rooms.post("/reviews/refresh", campaign)
    assert job["summary"]["states"] == {"error": 1}
    assert script.count("/v1/reviews", "Circling") == 2


async def test_reviews_are_filtered_and_paged(rooms: Measuring, script: ScriptedProvider) -> None:
    campaign = await rooms.campaign("Filtered", "Other")
    reviews = [
        _review(n, n, rating=1 + n % 5, answer="Thanks" if n % 2 else None) for n in range(9)
    ]
    _reviews(script, "Filtered", *reviews)
    _reviews(script, "Other", _review(99, 4))
    await rooms.post("/reviews/refresh", campaign)

    async def ids(query: str) -> list[str]:
        return [row["external_id"] for row in await rooms.get("/reviews", campaign, query)]

    assert len(await ids("")) == 10
    assert await ids("&min_rating=5") == ["r4", "r99"] or await ids("&min_rating=5") == [
        "r99",
        "r4",
    ]
    assert await ids("&max_rating=1") == ["r0", "r5"]
    assert len(await ids("&is_answered=true")) == 4
    locations = (await rooms.tenant.analyst.get(f"/campaigns/{campaign}/locations")).data
    other = next(row["id"] for row in locations if row["name"] == "Other")
    assert await ids(f"&location_id={other}") == ["r99"]
    since = (now() - timedelta(days=2.5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert await ids(f"&since={since}") == ["r0", "r1", "r2"]
    assert await ids(f"&until={since}&is_answered=false&max_rating=2") == ["r6"]
    # Pages by keyset: nothing twice, nothing left out.
    seen: list[str] = []
    cursor = ""
    while True:
        path = f"/reviews?campaign_id={campaign}&limit=3{cursor}"
        answer = await rooms.tenant.analyst.get(path)
        seen += [row["external_id"] for row in answer.data]
        following = answer.body["meta"]["page"]["next_cursor"]
        if following is None:
            break
        cursor = f"&cursor={following}"
    assert seen == await ids("")
    for query in ("&min_rating=0", "&since=yesterday", "&cursor=x", "&location_id=1"):
        path = f"/reviews?campaign_id={campaign}{query}"
        assert (await rooms.tenant.analyst.get(path)).status == 422, query


async def test_signals_of_reviews(rooms: Measuring, script: ScriptedProvider) -> None:
    campaign = await rooms.campaign("Stale", "Bursting", "Unread")
    _reviews(script, "Stale", _review(1, 200, rating=2), _review(2, 300, rating=3))
    _reviews(script, "Bursting", *(_review(n, n / 4, answer="Thanks") for n in range(6)))
    script.answers["/v1/reviews", "Unread"] = (400, {"error": "no"})
    await rooms.post("/reviews/refresh", campaign)
    async with rooms.db.tenant_session(rooms.tenant.id) as session:
        signals = await review_queries.signals(session, UUID(campaign))
    found = {s.code: (s.affected.count, s.affected.of, s.affected.sample) for s in signals}
    assert found == {
        "reviews_stale": (1, 2, ["Stale"]),
        "review_rating_low": (1, 2, ["Stale"]),
        "reviews_unanswered": (1, 2, ["Stale"]),
        "review_burst": (1, 2, ["Bursting"]),
    }
    assert {s.measured_share for s in signals} == {2 / 3}


# Authority


def _link(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "source_url": f"https://site{number}.example/page",
        "target_url": "https://own.example/",
        "anchor": f"Link {number}",
        "is_followed": True,
        **changes,
    }


def _links(
    script: ScriptedProvider, domain: str, *links: Any, followed: int, **changes: Any
) -> None:
    script.answers["/v1/backlinks", domain] = {
        "status": "found",
        "backlinks_total": len(links),
        "referring_domains": len(links),
        "followed_domains": followed,
        "backlinks": list(links),
        **changes,
    }


async def test_links_are_lost_only_after_a_complete_reading(
    rooms: Measuring, script: ScriptedProvider
) -> None:
    campaign = await rooms.campaign(site_url="https://www.own.example/start")
    _links(script, "own.example", *(_link(n) for n in range(4)), followed=9)
    await rooms.post("/authority/refresh", campaign)

    async def lives() -> dict[str, str]:
        rows = await rooms.get("/authority/backlinks", campaign)
        return {row["anchor"]: "lost" if row["lost_at"] else "live" for row in rows}

    assert set((await lives()).values()) == {"live"}
    # A list that ends early, or names another page that fails, proves nothing.
    _links(script, "own.example", _link(0), followed=9, backlinks_total=4)
    await rooms.post("/authority/refresh", campaign)
    page = {**script.answers["/v1/backlinks", "own.example"], "next_cursor": "1"}
    script.answers["/v1/backlinks", "own.example"] = [page, (400, {"error": "no"})]
    await rooms.post("/authority/refresh", campaign)
    assert set((await lives()).values()) == {"live"}

    _links(script, "own.example", _link(0, is_followed=False), _link(1), followed=1)
    await rooms.post("/authority/refresh", campaign)
    assert await lives() == {"Link 0": "live", "Link 1": "live", "Link 2": "lost", "Link 3": "lost"}
    assert len(await rooms.get("/authority/backlinks", campaign, "&life=lost")) == 2
    assert len(await rooms.get("/authority/backlinks", campaign, "&is_followed=false")) == 1
    summary = await rooms.get("/authority/summary", campaign)
    assert summary["links"] == {
        "live": 2, "followed": 1, "new": 2, "lost": 2, "window_days": 30,
    }  # fmt: skip
    async with rooms.db.tenant_session(rooms.tenant.id) as session:
        (signal,) = await authority_queries.signals(session, UUID(campaign))
    assert signal.code == "backlinks_lost"
    assert (signal.affected.count, signal.affected.of) == (2, 4)
    assert signal.affected.sample == ["site2.example", "site3.example"]

    # What comes back lives again, with its first sighting.
    _links(script, "own.example", *(_link(n) for n in range(4)), followed=4)
    await rooms.post("/authority/refresh", campaign)
    assert set((await lives()).values()) == {"live"}


async def test_the_score_needs_a_measured_competitor(
    rooms: Measuring, script: ScriptedProvider
) -> None:
    campaign = await rooms.campaign(site_url="https://scored.example/")
    _links(script, "scored.example", _link(1), followed=9)
    await rooms.post("/authority/refresh", campaign)
    summary = await rooms.get("/authority/summary", campaign)
    assert summary["score"] is None
    assert summary["own"]["followed_domains"] == 9
    for domain in ("strong.example", "weak.example", "failing.example"):
        path = f"/campaigns/{campaign}/competitors"
        await rooms.tenant.analyst.post(path, {"domain": domain})
    _links(script, "strong.example", followed=99)
    _links(script, "weak.example", followed=3)
    script.answers["/v1/backlinks", "failing.example"] = (400, {"error": "no"})
    job = await rooms.post("/authority/refresh", campaign)
    assert job["summary"]["state"] == "completed_with_errors"
    assert job["summary"]["counts"] == {"found": 3, "error": 1}
    summary = await rooms.get("/authority/summary", campaign)
    assert (summary["score"], summary["score_of"]) == (50.0, 99)
    assert (summary["competitors_measured"], summary["competitors"]) == (2, 3)
    states = {row["domain"]: row["state"] for row in summary["others"]}
    assert states["failing.example"] == "error"
    assert summary["latest_refresh"]["state"] == "completed_with_errors"


async def test_a_link_is_first_seen_when_the_provider_saw_it(
    rooms: Measuring, script: ScriptedProvider
) -> None:
    campaign = await rooms.campaign(site_url="https://dated.example/")
    seen_at = datetime(2025, 3, 1, tzinfo=UTC)
    future = (now() + timedelta(days=9)).isoformat()
    links = [_link(1, first_seen_at=seen_at.isoformat()), _link(2, first_seen_at=future), _link(3)]
    _links(script, "dated.example", *links, followed=3)
    await rooms.post("/authority/refresh", campaign)
    rows = await rooms.get("/authority/backlinks", campaign)
    seen = {row["anchor"]: datetime.fromisoformat(row["first_seen_at"]) for row in rows}
    assert seen["Link 1"] == seen_at
    assert max(seen.values()) <= now()
