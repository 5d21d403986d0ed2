"""Judges the pages of a finished crawl as one entity; the heavy part, which only workers load."""

import asyncio

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.domains.campaigns import queries as campaign_queries
from lsos.domains.campaigns.rules import MAX_LOCATIONS
from lsos.domains.crawl import queries as crawl_queries
from lsos.domains.entity.analysis import Analyser, Subject
from lsos.domains.entity.models import EntityReport
from lsos.domains.entity.places import Place
from lsos.domains.entity.rules import Analysis
from lsos.domains.entity.topics import Keyword
from lsos.domains.rank import queries as rank_queries

MAX_KEYWORDS = 10_000
_YIELD_EVERY = 20
"""Pages between two turns of the event loop: other jobs and the heartbeat must go on."""


async def analyse(session: AsyncSession, report: EntityReport) -> Analysis:
    """Judge the pages of the report's run, streamed: memory does not grow with the site."""
    campaign = await campaign_queries.get_campaign(session, report.tenant_id, report.campaign_id)
    assert report.crawl_run_id is not None
    run = await crawl_queries.get_run(session, report.tenant_id, report.crawl_run_id)
    locations = await campaign_queries.list_locations(session, campaign.id, None, MAX_LOCATIONS)
    keywords = await rank_queries.list_keywords(
        session, campaign.id, tag=None, is_active=True, after=None, limit=MAX_KEYWORDS
    )
    analyser = Analyser(
        Subject(
            start_url=str((run.site or {}).get("start_url") or campaign.site_url),
            business_name=campaign.business_name or campaign.name,
            services=campaign.services,
            places=[msgspec.convert(row, Place, from_attributes=True) for row in locations],
            keywords=[Keyword(text=row.text, language=row.language) for row in keywords],
            is_cut_off=run.is_cut_off,
        )
    )
    count = 0
    async for page in crawl_queries.stream_eligible(session, run.id):
        analyser.add(page)
        count += 1
        if count % _YIELD_EVERY == 0:
            await asyncio.sleep(0)
    return analyser.finish()
