"""A stack of its own for rooms that ask providers, and a provider to script."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from aiohttp import web

from lsos.core.clock import new_id
from lsos.core.db.database import Database
from tests.conftest import Api, make_tenant, running_worker, serve_api
from tests.support.clients import TenantClients
from tests.support.stack import StoreFactory, settings_for
from tests.support.waiting import until

PLACE = {
    "street": "18 Schooner Lane",
    "city": "Alder Bay",
    "region": "ME",
    "postcode": "04872",
    "country": "US",
    "phone": "+1-207-555-0142",
}


@dataclass
class ScriptedProvider:
    """Answers by what it is asked for; the body of an unknown question is not_found."""

    answers: dict[tuple[str, str], Any] = field(default_factory=dict)
    """(path, name or domain) -> body, status with body, or pages of bodies."""
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        query = dict(parse_qsl(urlsplit(request.raw_path).query))
        key = request.path, query.get("name") or query.get("domain", "")
        self.asked.append(key)
        found = self.answers.get(key, {"status": "not_found"})
        status = 200
        if isinstance(found, tuple):
            status, found = found
        if isinstance(found, list):
            found = found[int(query.get("cursor", "0"))]
            if isinstance(found, tuple):
                status, found = found
        return web.Response(
            body=msgspec.json.encode(found), status=status, content_type="application/json"
        )

    def count(self, path: str, name: str) -> int:
        return self.asked.count((path, name))


@dataclass(frozen=True)
class Measuring:
    api: Api
    tenant: TenantClients

    @property
    def db(self) -> Database:
        return self.api.db

    async def campaign(self, *names: str, site_url: str = "https://own.example/") -> str:
        """A campaign with a location a name."""
        body = {"name": "Pine Cove", "site_url": site_url, "category": "Dentist"}
        campaign = (await self.tenant.analyst.post("/campaigns", body)).data["id"]
        for name in names:
            answer = await self.tenant.analyst.post(
                f"/campaigns/{campaign}/locations", {"name": name, **PLACE}
            )
            assert answer.status == 201, answer.text
        return str(campaign)

    async def post(self, path: str, campaign_id: str, **body: Any) -> dict[str, Any]:
        """The job that the request started, once it has ended."""
        answer = await self.tenant.analyst.post(path, {"campaign_id": campaign_id, **body})
        assert answer.status == 202, answer.text
        job_id = answer.data["job_id"]
        assert answer.headers["location"].endswith(f"/jobs/{job_id}")
        return await self.job(job_id)

    async def job(self, job_id: str) -> dict[str, Any]:
        async def look() -> dict[str, Any]:
            job: dict[str, Any] = (await self.tenant.analyst.get(f"/jobs/{job_id}")).data
            return job if job["state"] in ("done", "dead") else {}

        job = await until(look, "the job to end")
        assert job["state"] == "done", job
        return job

    async def get(self, path: str, campaign_id: str, query: str = "") -> Any:
        answer = await self.tenant.analyst.get(f"{path}?campaign_id={campaign_id}{query}")
        assert answer.status == 200, answer.text
        return answer.data


@asynccontextmanager
async def measuring(stores: StoreFactory, **changes: object) -> AsyncIterator[Measuring]:
    async with stores.new() as own:
        settings = settings_for(own, **changes)
        db = Database.of(settings, application_name="lsos-tests")
        async with serve_api(settings, db) as api, running_worker(settings):
            yield Measuring(api, await make_tenant(api, f"Measurers {new_id().hex}"))
        await db.close()
