"""Runs crawls through the API with a real worker, and looks at what they left behind."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select

from lsos.core.db.database import Database
from lsos.core.settings.settings import Settings
from lsos.domains.crawl.models import CrawlIssue, CrawlPage, CrawlRun, CrawlUrl
from lsos.domains.crawl.rules import OPEN_STATES
from tests.support.clients import Answer, TenantClients
from tests.support.sites import Site, Sites
from tests.support.waiting import until


@dataclass(frozen=True)
class Outcome:
    """A run that has ended."""

    run: CrawlRun
    pages: dict[str, CrawlPage]
    """By URL without the site's origin where that is the start's."""
    urls: dict[str, CrawlUrl]
    issues: set[tuple[str, str]]
    """(code, URL or host)."""

    def status(self) -> dict[str, int]:
        return {path: page.status for path, page in self.pages.items()}

    def errors(self) -> dict[str, str]:
        return {path: page.error for path, page in self.pages.items() if page.error}

    def codes(self) -> set[str]:
        return {code for code, _ in self.issues}


@dataclass
class Crawls:
    db: Database
    settings: Settings
    sites: Sites
    tenant: TenantClients
    api: Any

    async def campaign(self, site_url: str, tenant: TenantClients | None = None) -> str:
        body = {"name": "Alder Bay Plumbing", "site_url": site_url}
        answer = await (tenant or self.tenant).analyst.post("/campaigns", body)
        assert answer.status == 201, answer.text
        return str(answer.data["id"])

    async def ask(
        self, campaign_id: str, tenant: TenantClients | None = None, **options: Any
    ) -> Answer:
        body = {"campaign_id": campaign_id, **options}
        return await (tenant or self.tenant).analyst.post("/crawl/schedule", body)

    async def start(
        self, campaign_id: str, tenant: TenantClients | None = None, **options: Any
    ) -> str:
        answer = await self.ask(campaign_id, tenant, **options)
        assert answer.status == 202, answer.text
        return str(answer.data["run_id"])

    async def run(self, site: Site | str, **options: Any) -> Outcome:
        """A campaign of this site, crawled once."""
        url = site if isinstance(site, str) else site.base_url
        return await self.again(await self.campaign(url), **options)

    async def again(self, campaign_id: str, **options: Any) -> Outcome:
        return await self.outcome(await self.start(campaign_id, **options))

    async def find(self, run_id: str, tenant: TenantClients | None = None) -> CrawlRun:
        tenant_id = (tenant or self.tenant).id
        async with self.db.tenant_session(tenant_id) as session:
            run: CrawlRun = await session.get_one(CrawlRun, (tenant_id, UUID(run_id)))
            return run

    async def until_ended(self, run_id: str, tenant: TenantClients | None = None) -> CrawlRun:
        async def look() -> CrawlRun | None:
            run = await self.find(run_id, tenant)
            return None if run.state in OPEN_STATES else run

        return await until(look, "the run to end")

    async def outcome(self, run_id: str) -> Outcome:
        run = await self.until_ended(run_id)
        parts = urlsplit(str((run.site or run.settings)["start_url"]))
        origin = f"{parts.scheme}://{parts.netloc}"
        async with self.db.tenant_session(self.tenant.id) as session:
            pages = (
                await session.scalars(select(CrawlPage).where(CrawlPage.run_id == run.id))
            ).all()
            urls = (await session.scalars(select(CrawlUrl).where(CrawlUrl.run_id == run.id))).all()
            issues = await session.execute(
                select(CrawlIssue.code, CrawlIssue.url).where(CrawlIssue.run_id == run.id)
            )
        return Outcome(
            run=run,
            pages={page.url.removeprefix(origin): page for page in pages},
            urls={url.url.removeprefix(origin): url for url in urls},
            issues={(code, url.removeprefix(origin)) for code, url in issues},
        )
