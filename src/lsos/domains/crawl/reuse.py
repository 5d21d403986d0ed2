"""What a delta run takes over of the run before: validators, facts, links and findings."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.base import Severity
from lsos.checks.catalogue import BY_CODE
from lsos.domains.crawl.fetch import Known
from lsos.domains.crawl.frontier import Claim
from lsos.domains.crawl.models import CrawlFinding, CrawlPage, CrawlRun, CrawlUrl
from lsos.reader.protocol import FindingRow


async def find_reusable_run(session: AsyncSession, run: CrawlRun) -> UUID | None:
    """The run whose unchanged pages a delta run takes over: none if it was judged by other settings
    of checks.
    """
    if run.settings.get("mode") != "delta" or run.previous_run_id is None:
        return None
    previous = await session.get(CrawlRun, (run.tenant_id, run.previous_run_id))
    if previous is None or previous.check_settings != run.check_settings:
        return None
    return previous.id


async def validators(
    session: AsyncSession, run_id: UUID, claims: Sequence[Claim]
) -> dict[int, Known]:
    """ETag and Last-Modified of 200 pages of an earlier run that were in a sitemap as now."""
    listed = {claim.key: claim.in_sitemap for claim in claims}
    rows = await session.execute(
        select(CrawlPage.key, CrawlPage.etag, CrawlPage.last_modified, CrawlUrl.in_sitemap)
        .join(CrawlUrl, (CrawlUrl.run_id == CrawlPage.run_id) & (CrawlUrl.key == CrawlPage.key))
        .where(CrawlPage.run_id == run_id, CrawlPage.key.in_(listed), CrawlPage.status == 200)
    )
    return {
        key: Known(etag=etag or "", last_modified=modified or "")
        for key, etag, modified, in_sitemap in rows
        if (etag or modified) and listed[key] == in_sitemap
    }


async def page_findings(session: AsyncSession, run_id: UUID, key: int) -> list[FindingRow]:
    """What the page checks of a run found on one page."""
    rows = await session.scalars(
        select(CrawlFinding).where(
            CrawlFinding.run_id == run_id, CrawlFinding.subject == key, CrawlFinding.scope == "page"
        )
    )
    return [
        FindingRow(
            code=row.code,
            subject=key,
            severity=msgspec.convert(row.severity, Severity),
            scope="page",
            url=row.url,
            count=row.count,
            evidence=msgspec.json.encode(row.evidence).decode(),
        )
        for row in rows
        if row.code in BY_CODE and BY_CODE[row.code].run_page is not None
    ]


async def stored_page(session: AsyncSession, run_id: UUID, key: int) -> tuple[bytes, bytes]:
    """Packed facts and links of one page."""
    row = (
        await session.execute(
            select(CrawlPage.facts, CrawlPage.links).where(
                CrawlPage.run_id == run_id, CrawlPage.key == key
            )
        )
    ).one()
    return row.facts, row.links


async def urls_of(session: AsyncSession, run_id: UUID, keys: Sequence[int]) -> dict[int, str]:
    rows = await session.execute(
        select(CrawlUrl.key, CrawlUrl.url).where(
            CrawlUrl.run_id == run_id, CrawlUrl.key.in_(set(keys))
        )
    )
    return {row.key: row.url for row in rows}
