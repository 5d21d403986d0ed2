"""Entity reports over HTTP and a real worker: what a crawled site says of its business."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from lsos.core.clock import new_id, now
from lsos.domains.crawl.models import CrawlRun
from lsos.domains.entity import queries, rules
from lsos.domains.rank.models import Keyword
from tests.support.crawls import Crawls
from tests.support.sites import Site
from tests.support.waiting import until

ADDRESS = {
    "@type": "PostalAddress",
    "streetAddress": "12 Main Street",
    "addressLocality": "Alder Bay",
    "postalCode": "04872",
    "addressCountry": "US",
}


def script(*nodes: dict[str, Any]) -> str:
    graph = msgspec.json.encode({"@context": "https://schema.org", "@graph": nodes}).decode()
    return f'<script type="application/ld+json">{graph}</script>'


def plumber(site: Site, **overrides: Any) -> dict[str, Any]:
    return {
        "@type": "Plumber",
        "@id": f"{site.base_url}/#plumber",
        "name": "Alder Bay Plumbing",
        "url": f"{site.base_url}/",
        "telephone": "+1-207-555-0142",
        "image": f"{site.base_url}/van.png",
        "address": ADDRESS,
        "sameAs": ["https://www.facebook.com/alderbayplumbing"],
    } | overrides


def build(site: Site, **overrides: Any) -> None:
    shown = "<p>12 Main Street, Alder Bay, ME 04872, (207) 555-0142</p>"
    site.page("/", "/services/boilers", head=script(plumber(site, **overrides)), body=shown)
    site.page("/services/boilers", "/", title="Boiler repair")


@pytest.fixture
async def campaign_id(crawls: Crawls, site: Site) -> str:
    build(site)
    campaign = await crawls.campaign(site.base_url)
    place = {
        "name": "Alder Bay Plumbing",
        "street": "12 Main St",
        "city": "Alder Bay",
        "region": "ME",
        "postcode": "04872",
        "country": "US",
        "phone": "+12075550142",
        "landing_url": f"{site.base_url}/",
    }
    made = await crawls.tenant.analyst.post(f"/campaigns/{campaign}/locations", place)
    assert made.status == 201, made.text
    return campaign


async def analyse(crawls: Crawls, campaign_id: str) -> dict[str, Any]:
    client = crawls.tenant.analyst
    answer = await client.post("/entity/analyze", {"campaign_id": campaign_id})
    assert answer.status == 202, answer.text
    assert answer.headers["location"].endswith(f"/jobs/{answer.data['job_id']}")

    async def look() -> dict[str, Any] | None:
        job = (await client.get(f"/jobs/{answer.data['job_id']}")).data
        return job if job["state"] in ("done", "dead") else None

    job = await until(look, "the analysis to end")
    assert job["state"] == "done", job
    report = (await client.get(f"/entity/report?campaign_id={campaign_id}")).data
    assert report["id"] == answer.data["report_id"]
    assert report["crawl_run_id"] == answer.data["crawl_run_id"]
    found: dict[str, Any] = report
    return found


async def test_a_report_shows_each_part_with_its_evidence(crawls: Crawls, campaign_id: str) -> None:
    await crawls.again(campaign_id)
    report = await analyse(crawls, campaign_id)
    points = {name: part["points"] for name, part in report["parts"].items()}
    assert points == {
        "identity": 30.0,
        "agreement": 20.0,
        "same_as": 5.0,
        "coverage": 7.5,
        "topics": None,
    }
    assert report["measured_points"] == 80
    assert report["score"] == pytest.approx(100 * 62.5 / 80, abs=0.01)
    assert (report["source"], report["formula"]) == ("crawl", "lsos-entity-v1")
    assert report["parts"]["coverage"]["evidence"]["missing"][0].endswith("/services/boilers")
    assert report["graph"]["pages"] == 2
    dashboard = await crawls.tenant.analyst.get(f"/dashboard?campaign_id={campaign_id}")
    assert dashboard.data["entity_score"] == report["score"]


async def test_the_campaigns_keywords_are_its_topics(crawls: Crawls, campaign_id: str) -> None:
    async with crawls.db.tenant_session(crawls.tenant.id) as session:
        session.add_all(
            Keyword(
                id=new_id(),
                tenant_id=crawls.tenant.id,
                campaign_id=UUID(campaign_id),
                natural_key=text,
                text=text,
                language="en",
                country="US",
                location="",
                device="desktop",
            )
            for text in ("boiler repairs", "solar panels")
        )
    await crawls.again(campaign_id)
    topics = (await analyse(crawls, campaign_id))["parts"]["topics"]
    assert (topics["points"], topics["evidence"]["missing"]) == (10.0, ["solar panels"])


async def test_signals_come_from_the_newest_report(
    crawls: Crawls, campaign_id: str, site: Site
) -> None:
    async with crawls.db.tenant_session(crawls.tenant.id) as session:
        assert await queries.signals(session, UUID(campaign_id)) == []
    site.forget("/")
    build(site, telephone="+1-207-555-0999")
    run = (await crawls.again(campaign_id)).run
    await analyse(crawls, campaign_id)
    async with crawls.db.tenant_session(crawls.tenant.id) as session:
        found = await queries.signals(session, UUID(campaign_id))
        measured = await queries.measured_at(session, UUID(campaign_id))
    assert [signal.code for signal in found] == [
        "entity_disagrees",
        "entity_same_as_few",
        "entity_coverage_low",
    ]
    assert found[0].affected.sample == ["Alder Bay Plumbing"]
    # The analysis is as old as the crawl that it reads.
    assert measured == run.started_at
    assert {signal.measured_at for signal in found} == {run.started_at}


async def test_without_a_finished_crawl_there_is_nothing_to_judge(crawls: Crawls) -> None:
    campaign = await crawls.campaign("https://www.example.com/")
    client = crawls.tenant.analyst
    report = await client.get(f"/entity/report?campaign_id={campaign}")
    assert (report.status, report.data) == (200, None)
    refused = await client.post("/entity/analyze", {"campaign_id": campaign})
    assert (refused.status, refused.body["errors"][0]["code"]) == (409, "no_crawl")
    for path in (f"/entity/report?campaign_id={new_id()}", "/entity/report?campaign_id=x"):
        assert (await client.get(path)).status in (404, 422)
    assert (await client.post("/entity/analyze", {"campaign_id": str(new_id())})).status == 404
    assert (await client.post("/entity/analyze", {})).status == 422


async def test_a_run_of_no_pages_is_unmeasured_and_not_bad(crawls: Crawls) -> None:
    """All pages noindexed or gone: no score, rather than a zero."""
    campaign = await crawls.campaign("https://www.example.com/")
    async with crawls.db.tenant_session(crawls.tenant.id) as session:
        session.add(
            CrawlRun(
                id=new_id(),
                tenant_id=crawls.tenant.id,
                campaign_id=UUID(campaign),
                state="completed",
                phase="ended",
                settings={},
                queue="default",
                finished_at=now(),
            )
        )
    report = await analyse(crawls, campaign)
    assert report["score"] is None
    assert {part["points"] for part in report["parts"].values()} == {None}


async def _baseline(crawls: Crawls, campaign_id: str) -> dict[str, tuple[str, str | None]]:
    client = crawls.tenant.analyst
    for state in ("Configured", "BaselineRunning"):
        answer = await client.patch(f"/campaigns/{campaign_id}/setup-state", {"state": state})
        assert answer.status == 200, answer.text

    async def look() -> dict[str, Any] | None:
        campaign: dict[str, Any] = (await client.get(f"/campaigns/{campaign_id}")).data
        return campaign if campaign["setup_state"] == "Active" else None

    campaign = await until(look, "the baseline to end")
    return {step["name"]: (step["state"], step["reason_code"]) for step in campaign["baseline"]}


async def test_the_baseline_judges_its_own_crawl(crawls: Crawls, campaign_id: str) -> None:
    steps = await _baseline(crawls, campaign_id)
    assert steps[rules.BASELINE_STEP] == ("done", None)
    report = await crawls.tenant.analyst.get(f"/entity/report?campaign_id={campaign_id}")
    assert report.data["graph"]["pages"] == 2


async def test_a_failed_crawl_fails_the_step_and_says_why(crawls: Crawls, site: Site) -> None:
    """The site answers nothing but 503 at robots.txt: no run ends with pages."""
    port = crawls.sites.take()
    url = f"http://127.0.0.1:{port.getsockname()[1]}"
    port.close()
    campaign = await crawls.campaign(url)
    steps = await _baseline(crawls, campaign)
    assert steps["crawl"][0] == "failed"
    assert steps[rules.BASELINE_STEP] == ("failed", "no_crawl")
    report = await crawls.tenant.analyst.get(f"/entity/report?campaign_id={campaign}")
    assert report.data is None
