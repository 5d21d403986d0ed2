"""A report's inputs come from what the rooms measured last, and of one tenant alone."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from lsos.core.clock import new_id, now
from lsos.core.errors import NotFound
from lsos.domains.auth.models import Tenant
from lsos.domains.authority.models import AuthoritySnapshot
from lsos.domains.crawl.models import CrawlFinding, CrawlRun
from lsos.domains.intelligence.models import CampaignScore, Recommendation
from lsos.domains.local.models import NapMatch, ProfileSnapshot
from lsos.domains.rank.models import Keyword, RankSnapshot
from lsos.domains.reports import facts, render
from lsos.domains.reports.build import build
from lsos.domains.reports.models import Report
from lsos.domains.reports.rules import MAX_ADVICE
from lsos.domains.reports.snapshot import gather
from lsos.domains.reviews.models import Review, ReviewReading

AT = now()


async def make_campaign(tenant: Any) -> UUID:
    body = {
        "name": "Smith Dental",
        "business_name": "Smith <b>Dental</b>",
        "site_url": "https://smith.example/",
        "category": "Dentist",
    }
    answer = await tenant.analyst.post("/campaigns", json=body)
    return UUID(answer.body["data"]["id"])


async def add_run(
    api: Any, tenant: Any, campaign_id: UUID, days_ago: int, score: float, codes: dict[str, str]
) -> None:
    at = AT - timedelta(days=days_ago)
    owned = {"tenant_id": tenant.id, "campaign_id": campaign_id}
    run = CrawlRun(
        id=new_id(),
        **owned,
        created_at=at,
        finished_at=at,
        settings={},
        queue="default",
        state="completed",
        admitted=12,
        done=12,
        unmeasured=1,
        pages=10,
        technical_score=score,
        score={
            "formula": "lsos-tech-v2",
            "eligible_pages": 10,
            "share_of_clean_pages": 0.8,
            "checks_fired": [
                {"code": code, "severity": severity, "affected_pages": 2.0}
                for code, severity in codes.items()
            ],
        },
    )
    async with api.db.tenant_session(tenant.id) as session:
        session.add(run)
        await session.flush()
        session.add_all(
            CrawlFinding(
                tenant_id=tenant.id,
                run_id=run.id,
                code=code,
                subject=subject,
                severity=severity,
                scope="page",
                url=f"https://smith.example/{subject}",
                count=1,
                evidence=[],
            )
            for code, severity in codes.items()
            for subject in (1, 2)
        )


async def add_advice(api: Any, tenant: Any, campaign_id: UUID) -> None:
    owned = {"tenant_id": tenant.id, "campaign_id": campaign_id}
    async with api.db.tenant_session(tenant.id) as session:
        session.add_all(
            Recommendation(
                id=new_id(),
                **owned,
                code="title_missing",
                group_key=f"/{n}",
                room="crawl",
                title=f"Advice {n}",
                state="archived" if n == 0 else "validated",
                impact=0.1,
                effort=2,
                confidence=0.9,
                risk_tier=1,
                priority=1 - n / 100,
                affected={"count": 2, "of": 10, "unit": "eligible pages", "sample": ["a", "b"]},
                evidence=[],
                library_version="2026.11.0",
                first_seen_at=AT,
                last_seen_at=AT,
            )
            for n in range(20)
        )
        session.add_all(
            CampaignScore(
                **owned,
                day=(AT - timedelta(days=days)).date(),
                score=score,
                parts={"technical": {"value": score, "weight": 0.25}},
                library_version="2026.11.0",
                computed_at=AT,
            )
            for days, score in ((7, 60.0), (0, 70.5))
        )


async def test_a_campaign_without_measurements_has_no_figures(api: Any, tenant_a: Any) -> None:
    campaign_id = await make_campaign(tenant_a)
    async with api.db.tenant_session(tenant_a.id) as session:
        snapshot = await gather(session, campaign_id, ["summary", "technical"], AT)
    measured = ("score", "technical", "visibility", "local", "reviews", "authority", "entity")
    assert {getattr(snapshot, name) for name in (*measured, "recommendations")} == {None}
    assert [section.id for section in build(snapshot).sections] == ["summary"]


async def test_the_newest_measurements_are_gathered(api: Any, tenant_a: Any) -> None:
    campaign_id = await make_campaign(tenant_a)
    await add_run(api, tenant_a, campaign_id, 7, 60.0, {"title_missing": "high"})
    codes = {"http_5xx": "critical", "h1_missing": "low", "no_such_check": "info"}
    await add_run(api, tenant_a, campaign_id, 1, 71.25, codes)
    await add_advice(api, tenant_a, campaign_id)
    async with api.db.tenant_session(tenant_a.id) as session:
        tenant = await session.get_one(Tenant, tenant_a.id)
        tenant.branding = {"display_name": "Northlight", "primary_colour": "#aa0000"}
    async with api.db.tenant_session(tenant_a.id) as session:
        snapshot = await gather(session, campaign_id, [], AT)

    assert snapshot.brand.name == "Northlight"
    assert snapshot.brand.primary == "#aa0000"
    site = snapshot.technical
    assert site is not None
    assert (site.score, site.previous_score) == (71.25, 60.0)
    assert (site.measured, site.admitted, site.eligible) == (11, 12, 10)
    assert site.severities == {"critical": 2, "low": 2, "info": 2}
    assert [check.code for check in site.checks] == ["http_5xx", "h1_missing", "no_such_check"]
    assert [point.value for point in site.history] == [60.0, 71.25]
    assert [page.counts["critical"] for page in site.worst_pages] == [1, 1]
    assert len(site.appeared or ()) == 2, "notes are no news"
    assert len(site.gone or ()) == 1
    advice = snapshot.recommendations
    assert advice is not None
    assert advice.total == 19, "ended ones are not open"
    assert [one.title for one in advice.top] == [f"Advice {n}" for n in range(1, MAX_ADVICE + 1)]
    assert (advice.top[0].affected, advice.top[0].of) == (2, 10)
    assert snapshot.score is not None
    assert [point.value for point in snapshot.score.history] == [60.0, 70.5]
    html = render.html(build(snapshot)).decode()
    assert "Smith &lt;b&gt;Dental&lt;/b&gt;" in html
    assert "12 of 19 open recommendations" in html


async def test_ranks_are_compared_only_between_measured_days(api: Any, tenant_a: Any) -> None:
    campaign_id = await make_campaign(tenant_a)
    outcomes: dict[str, list[tuple[str, int | None]]] = {
        # A week ago, and today.
        "gained": [("found", 9), ("found", 2)],
        "entered": [("not_found", None), ("found", 7)],
        "left": [("found", 12), ("not_found", None)],
        "same": [("found", 1), ("found", 1)],
        "failed": [("found", 5), ("error", None)],
        "new": [("error", None), ("found", 15)],
    }
    await add_ranks(api, tenant_a, campaign_id, outcomes)
    async with api.db.tenant_session(tenant_a.id) as session:
        snapshot = await gather(session, campaign_id, ["visibility"], AT)
    rank = snapshot.visibility
    assert rank is not None
    assert [mover.keyword for mover in rank.up] == ["entered", "gained"]
    assert [(m.keyword, m.previous, m.position) for m in rank.down] == [("left", 12, None)]
    assert rank.states == {"found": 4, "not_found": 1, "error": 1}
    assert rank.buckets == {"1-3": 2, "4-10": 1, "11-20": 1, "not_found": 1}
    assert rank.denominator == 5, "an error is in no denominator"
    assert (rank.pack_present, rank.pack_measured) == (4, 5)
    assert rank.visibility is not None
    assert rank.visibility_day == (AT - timedelta(days=7)).date()
    assert [row.keyword for row in rank.keywords][:2] == ["same", "gained"]
    report = build(snapshot)
    assert report.notice, "its figures are made up"
    assert "1 of 6 keywords could not be measured" in render.html(report).decode()


async def add_ranks(
    api: Any,
    tenant: Any,
    campaign_id: UUID,
    outcomes: dict[str, list[tuple[str, int | None]]],
) -> None:
    """`outcomes`: state and position a week ago and today, by keyword."""
    owned = {"tenant_id": tenant.id, "campaign_id": campaign_id}
    keywords = {
        name: Keyword(
            id=new_id(),
            **owned,
            natural_key=name,
            text=name,
            language="en",
            country="US",
            location="Springfield",
            device="mobile",
            volume=100,
        )
        for name in outcomes
    }
    async with api.db.tenant_session(tenant.id) as session:
        session.add_all(keywords.values())
        await session.flush()
        session.add_all(
            RankSnapshot(
                **owned,
                keyword_id=keywords[name].id,
                day=(AT - timedelta(days=days_ago)).date(),
                run_id=new_id(),
                measured_at=AT - timedelta(days=days_ago),
                state=state,
                position=position,
                pack_state="error" if state == "error" else state,
                results=[],
                pack=[],
                features=[],
                source="synthetic",
            )
            for name, two in outcomes.items()
            for days_ago, (state, position) in zip((7, 0), two, strict=True)
        )


async def test_places_and_links_are_gathered_with_their_denominators(
    api: Any, tenant_a: Any
) -> None:
    campaign_id = await make_campaign(tenant_a)
    names = ("High", "Low", "Failed")
    path = f"/campaigns/{campaign_id}/locations"
    places = []
    for name in names:
        answer = await tenant_a.analyst.post(path, json={"name": name})
        places.append(UUID(answer.body["data"]["id"]))
    await add_places(api, tenant_a, campaign_id, places)
    path = f"/campaigns/{campaign_id}/competitors"
    for domain in ("big.example", "away.example"):
        await tenant_a.analyst.post(path, json={"domain": domain})
    await add_links(api, tenant_a, campaign_id)
    async with api.db.tenant_session(tenant_a.id) as session:
        snapshot = await gather(session, campaign_id, [], AT)

    local = snapshot.local
    assert local is not None
    assert [place.location for place in local.locations] == ["Low", "High", "Failed"]
    assert (local.scores, local.locations_total) == ([90.0, 40.0], 3)
    assert (local.nap_agree, local.nap_judged) == (1, 2), "what is to be looked at is not judged"
    assert [(row.location, row.name, row.address, row.phone) for row in local.nap] == [
        ("High", "exact", "review", None),
        ("Low", "wrong", None, None),
    ]
    reviews = snapshot.reviews
    assert reviews is not None
    assert (reviews.total, reviews.locations_total) == (3, 3)
    assert reviews.ratings == {"5": 2, "4": 0, "3": 0, "2": 0, "1": 1}
    assert [review.text for review in reviews.newest] == ["text 0", "text 1", "text 2"]
    links = snapshot.authority
    assert links is not None
    assert [domain.domain for domain in links.domains] == [
        "smith.example",
        "big.example",
        "away.example",
    ]
    assert (links.competitors_measured, links.domains_total) == (1, 3)
    assert links.score is not None
    assert 0 < links.score < 100
    report = build(snapshot)
    assert {s.id for s in report.sections if s.is_synthetic} >= {"local", "reviews", "authority"}
    said = render.html(report).decode()
    assert "65.0 of 100 on average; the lowest is Low with 40.0" in said
    assert "agree in 1 of 2 compared fields" in said


async def add_places(api: Any, tenant: Any, campaign_id: UUID, places: list[UUID]) -> None:
    """A good profile, a bad one, and one that could not be asked for; reviews of the first."""
    owned = {"tenant_id": tenant.id, "campaign_id": campaign_id}
    known = {"day": AT.date(), "measured_at": AT, "source": "synthetic"}
    scores = (90.0, 40.0, None)
    async with api.db.tenant_session(tenant.id) as session:
        session.add_all(
            ProfileSnapshot(
                id=new_id(),
                **owned,
                **known,
                location_id=place,
                state="error" if score is None else "found",
                health_score=score,
            )
            for place, score in zip(places, scores, strict=True)
        )
        session.add_all(
            NapMatch(
                id=new_id(),
                **owned,
                location_id=place,
                surface="profile",
                field=field,
                match=match,
                expected="",
                found="",
                where="",
                measured_at=AT,
            )
            for place, field, match in (
                (places[0], "name", "exact"),
                (places[0], "address", "review"),
                (places[1], "name", "wrong"),
            )
        )
        session.add(
            ReviewReading(
                id=new_id(),
                **owned,
                **known,
                location_id=places[0],
                state="found",
                is_complete=True,
                total=3,
            )
        )
        session.add_all(
            Review(
                id=new_id(),
                **owned,
                location_id=places[0],
                external_id=str(n),
                author="A",
                rating=rating,
                text=f"text {n}",
                published_at=AT - timedelta(days=n),
                source="synthetic",
                first_seen_at=AT,
                last_seen_at=AT,
            )
            for n, rating in enumerate((5.0, 1.0, 4.5))
        )


async def add_links(api: Any, tenant: Any, campaign_id: UUID) -> None:
    async with api.db.tenant_session(tenant.id) as session:
        session.add_all(
            AuthoritySnapshot(
                id=new_id(),
                tenant_id=tenant.id,
                campaign_id=campaign_id,
                domain=domain,
                is_own=domain == "smith.example",
                day=AT.date(),
                measured_at=AT,
                state="error" if count is None else "found",
                backlinks=count,
                referring_domains=count,
                followed_domains=count,
                source="synthetic",
            )
            for domain, count in (
                ("smith.example", 10),
                ("big.example", 90),
                ("away.example", None),
            )
        )


async def test_the_stored_snapshot_gives_the_same_bytes(api: Any, tenant_a: Any) -> None:
    campaign_id = await make_campaign(tenant_a)
    await add_run(
        api, tenant_a, campaign_id, 1, 71.0, {"http_5xx": "critical", "h1_missing": "low"}
    )
    await add_advice(api, tenant_a, campaign_id)
    report_id = new_id()
    async with api.db.tenant_session(tenant_a.id) as session:
        snapshot = await gather(session, campaign_id, [], AT)
        session.add(
            Report(
                id=report_id,
                tenant_id=tenant_a.id,
                campaign_id=campaign_id,
                state="building",
                sections=[],
                snapshot=facts.stored(snapshot),
            )
        )
    async with api.db.tenant_session(tenant_a.id) as session:
        row = await session.get_one(Report, (tenant_a.id, report_id))
    again = facts.read(row.snapshot)
    assert again.sha256 == snapshot.sha256
    assert render.html(build(again)) == render.html(build(snapshot))
    assert render.pdf(build(again)) == render.pdf(build(snapshot))


async def test_another_tenants_campaign_is_no_campaign(
    api: Any, tenant_a: Any, tenant_b: Any
) -> None:
    campaign_id = await make_campaign(tenant_a)
    async with api.db.tenant_session(tenant_b.id) as session:
        with pytest.raises(NotFound):
            await gather(session, campaign_id, [], AT)
        with pytest.raises(NotFound):
            await gather(session, uuid4(), [], AT)
