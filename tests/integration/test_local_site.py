"""A baseline measures a location everywhere: its site, its profile, and the local pack."""

import json
from typing import Any

from tests.support.crawls import Crawls
from tests.support.measuring import PLACE
from tests.support.sites import Site
from tests.support.waiting import until

NODE = {
    "@context": "https://schema.org",
    "@type": "Plumber",
    "name": "Alder Bay Plumbing",
    "telephone": "+1-207-555-0142",
    "address": {
        "@type": "PostalAddress",
        "streetAddress": "18 Schooner Ln",
        "addressLocality": "Alder Bay",
        "postalCode": "04872-1234",
    },
}


async def _baseline(crawls: Crawls, campaign: str) -> dict[str, Any]:
    client = crawls.tenant.analyst
    for state in ("Configured", "BaselineRunning"):
        answer = await client.patch(f"/campaigns/{campaign}/setup-state", {"state": state})
        assert answer.status == 200, answer.text

    async def look() -> dict[str, Any]:
        found: dict[str, Any] = (await client.get(f"/campaigns/{campaign}")).data
        return found if found["setup_state"] == "Active" else {}

    active = await until(look, "the baseline to end")
    return {step["name"]: step for step in active["baseline"]}


async def test_a_baseline_measures_profile_reviews_and_the_site(crawls: Crawls, site: Site) -> None:
    script = f'<script type="application/ld+json">{json.dumps(NODE)}</script>'
    shown = "<p>Find us at 81 Schooner Lane, Alder Bay, ME 04872 or call (207) 555-0142.</p>"
    site.page("/", "/bay", title="Plumbing")
    site.page("/bay", "/", title="Alder Bay Plumbing", head=script, body=shown)
    client = crawls.tenant.analyst
    campaign = await crawls.campaign(site.base_url)
    location = {"name": "Alder Bay Plumbing", **PLACE, "landing_url": site.base_url + "/bay/"}
    answer = await client.post(f"/campaigns/{campaign}/locations", location)
    assert answer.status == 201, answer.text
    keywords = [{"text": f"plumber {n}", "country": "US"} for n in range(4)]
    body = {"campaign_id": campaign, "keywords": keywords}
    assert (await client.post("/rank/keywords", body)).status in (200, 201)

    steps = await _baseline(crawls, campaign)
    assert (steps["local"]["state"], steps["local"]["reason_code"]) == ("done", None)

    # The crawl may end after the refresh: what it found is matched then.
    async def look() -> dict[str, Any]:
        (row,) = (await client.get(f"/local/nap?campaign_id={campaign}")).data
        return dict(row) if row["structured_data"]["name"] else {}

    row = await until(look, "the site to be matched")
    structured = {field: cell["match"] for field, cell in row["structured_data"].items()}
    assert structured == {"name": "exact", "address": "format_only", "phone": "exact"}
    text = {field: cell["match"] for field, cell in row["visible_text"].items()}
    assert text == {"name": "exact", "address": "wrong", "phone": "format_only"}
    assert row["visible_text"]["address"]["found"] == "81 Schooner Lane"
    assert row["visible_text"]["address"]["where"] == site.base_url + "/bay"

    (health,) = (await client.get(f"/local/health?campaign_id={campaign}")).data
    assert health["source"] == "synthetic"
    (velocity,) = (await client.get(f"/reviews/velocity?campaign_id={campaign}")).data
    assert velocity["source"] == "synthetic"
    pack = (await client.get(f"/local/map-pack?campaign_id={campaign}")).data
    assert len(pack["keywords"]) == 4
    assert {keyword["source"] for keyword in pack["keywords"]} == {"synthetic"}
    counted = pack["shown"] + pack["without_pack"] + pack["errors"] + pack["unmeasured"]
    assert counted == 4
    share = round(100 * pack["found"] / pack["shown"], 2) if pack["shown"] else None
    assert pack["presence_share"] == share


async def test_a_baseline_without_locations_skips_the_step(crawls: Crawls, site: Site) -> None:
    site.page("/")
    steps = await _baseline(crawls, await crawls.campaign(site.base_url))
    assert (steps["local"]["state"], steps["local"]["reason_code"]) == ("done", "no_locations")
