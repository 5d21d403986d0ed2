"""The dashboard over HTTP: a figure that nobody measured must not look like a measurement."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from lsos.core.clock import now
from lsos.domains.crawl.models import CrawlRun
from lsos.domains.dashboard.queries import Board
from lsos.domains.entity import queries as entity_queries
from lsos.domains.entity.models import EntityReport
from lsos.domains.health.queries import LastJudged
from lsos.domains.intelligence import queries as intelligence_queries
from lsos.domains.intelligence.models import Recommendation
from lsos.domains.reports.models import Report, ReportDelivery, ReportSchedule
from lsos.rooms import JOINTS

UNMEASURED = ("entity_score", "visibility", "recommendation_summary", "report_status_summary")


async def make_campaign(tenant: Any) -> str:
    answer = await tenant.analyst.post(
        "/campaigns", json={"name": "Smith Dental", "site_url": "https://www.example.com/"}
    )
    return str(answer.body["data"]["id"])


async def add_run(api: Any, tenant: Any, campaign_id: str, **columns: Any) -> UUID:
    run = CrawlRun(
        tenant_id=tenant.id,
        campaign_id=UUID(campaign_id),
        id=uuid4(),
        settings={},
        queue="default",
        **columns,
    )
    async with api.db.tenant_session(tenant.id) as session:
        session.add(run)
    return run.id


async def read(client: Any, campaign_id: str) -> dict[str, Any]:
    answer = await client.get(f"/dashboard?campaign_id={campaign_id}")
    assert answer.status == 200, answer.body
    data: dict[str, Any] = answer.body["data"]
    return data


async def test_what_was_never_measured_is_null(tenant_a: Any) -> None:
    campaign_id = await make_campaign(tenant_a)
    shown = await read(tenant_a.analyst, campaign_id)
    assert shown["campaign_id"] == campaign_id
    assert shown["generated_at"]
    assert {shown[name] for name in (*UNMEASURED, "technical_score", "latest_crawl_status")} == {
        None
    }


async def test_the_score_outlives_a_newer_run_without_one(api: Any, tenant_a: Any) -> None:
    campaign_id = await make_campaign(tenant_a)
    await add_run(
        api,
        tenant_a,
        campaign_id,
        state="completed",
        phase="ended",
        technical_score=87.5,
        created_at=now() - timedelta(hours=1),
    )
    newest = await add_run(
        api, tenant_a, campaign_id, state="running", phase="crawling", admitted=9, done=4
    )
    shown = await read(tenant_a.analyst, campaign_id)
    assert shown["technical_score"] == 87.5
    status = shown["latest_crawl_status"]
    assert status["run_id"] == str(newest)
    assert (status["state"], status["phase"]) == ("running", "crawling")
    assert (status["admitted"], status["done"], status["finished_at"]) == (9, 4, None)


async def test_a_failed_run_alone_gives_no_score(api: Any, tenant_a: Any) -> None:
    campaign_id = await make_campaign(tenant_a)
    await add_run(api, tenant_a, campaign_id, state="failed", phase="ended")
    shown = await read(tenant_a.analyst, campaign_id)
    assert shown["technical_score"] is None
    assert shown["latest_crawl_status"]["state"] == "failed"


async def test_it_costs_few_statements(api: Any, tenant_a: Any) -> None:
    campaign_id = await make_campaign(tenant_a)
    await add_run(api, tenant_a, campaign_id, state="running", phase="crawling")
    judged = LastJudged()
    statements: list[str] = []
    async with api.db.tenant_session(tenant_a.id) as session:
        await judged.read(session)  # once a second for all requests of a process
        with session.driver.query_logger(lambda asked: statements.append(asked.query)):
            await Board(JOINTS.dashboard).show(session, UUID(campaign_id), judged)
    assert len([each for each in statements if "crawl_runs" in each]) == 1
    assert len(statements) <= 2, statements  # asyncpg may look a type up first


async def test_it_says_what_the_rooms_say(api: Any, tenant_a: Any) -> None:
    """The one statement must not drift from the rooms' own queries."""
    campaign_id = UUID(await make_campaign(tenant_a))
    owned = {"tenant_id": tenant_a.id, "campaign_id": campaign_id}
    report_id = uuid4()
    async with api.db.tenant_session(tenant_a.id) as session:
        session.add_all(
            EntityReport(id=uuid4(), **owned, state=state, score=score, created_at=at)
            for state, score, at in (
                ("done", 55.0, now() - timedelta(hours=2)),
                ("done", 66.5, now() - timedelta(hours=1)),
                ("failed", None, now()),
            )
        )
        session.add_all(
            Recommendation(
                id=uuid4(),
                **owned,
                code=f"code_{number}",
                group_key="",
                room="crawl",
                title="Mend it",
                state=state,
                impact=1.0,
                effort=1,
                confidence=0.5 + number / 10,
                risk_tier=number % 2,
                priority=float(number),
                affected={},
                evidence=[],
                library_version="v",
                first_seen_at=now(),
                last_seen_at=now(),
            )
            for number, state in enumerate(("generated", "validated", "archived", "generated"))
        )
        session.add(Report(id=report_id, **owned, state="stored", sections=[]))
        await session.flush()
        session.add(
            ReportDelivery(
                id=uuid4(),
                **owned,
                report_id=report_id,
                recipient="a@example.com",
                message_id="<1@example.com>",
                state="failed",
            )
        )
        session.add(
            ReportSchedule(
                id=uuid4(),
                **owned,
                cadence="daily",
                local_time="08:00",
                timezone="UTC",
                recipients=[],
                sections=[],
                updated_at=now(),
            )
        )
    shown = await read(tenant_a.analyst, str(campaign_id))
    async with api.db.tenant_session(tenant_a.id) as session:
        counts = await intelligence_queries.count_recommendations(session, campaign_id)
        assert shown["entity_score"] == await entity_queries.find_score(session, campaign_id)
    advice = shown["recommendation_summary"]
    assert (advice["total_count"], advice["open_count"]) == (counts.total, 3)
    assert advice["counts_by_state"] == counts.by_state
    assert advice["counts_by_risk_tier"] == {str(k): n for k, n in counts.by_risk_tier.items()}
    assert advice["average_confidence_score"] == counts.average_confidence
    assert [item["code"] for item in advice["top_items"]] == ["code_3", "code_1", "code_0"]
    reports = shown["report_status_summary"]
    assert (reports["total_count"], reports["counts_by_state"]) == (1, {"stored": 1})
    assert reports["latest"]["id"] == str(report_id)
    assert reports["latest"]["deliveries_by_state"] == {"failed": 1}
    assert reports["schedule"]["cadence"] == "daily"


async def test_a_campaign_that_one_may_not_see_is_not_there(
    api: Any, tenant_a: Any, tenant_b: Any, anonymous: Any
) -> None:
    campaign_id = await make_campaign(tenant_a)
    path = f"/dashboard?campaign_id={campaign_id}"
    for answer in (
        await tenant_b.admin.get(path),
        await tenant_a.viewer.get(path),
        await tenant_a.analyst.get(f"/dashboard?campaign_id={uuid4()}"),
    ):
        assert (answer.status, answer.body["errors"][0]["code"]) == (404, "campaign_not_found")
    assert (await tenant_a.analyst.get("/dashboard")).status == 422
    assert (await tenant_a.analyst.get("/dashboard?campaign_id=x")).status == 422
    assert (await anonymous.get(path)).status == 401
