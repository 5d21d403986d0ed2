"""Health over HTTP and `lsos doctor`: the load balancer and the operator must be told the truth."""

from typing import Any

import aiohttp
import msgspec

from lsos.api import create_app
from lsos.core.settings.settings import Settings
from lsos.domains.health.doctor import examine
from tests.support.api import serve

DEAD_POSTGRESQL = "postgresql+asyncpg://lsos:hidden-word@127.0.0.1:1/lsos"
DEAD_REDIS = "redis://:hidden-word@127.0.0.1:1/0"


async def ask(settings: Settings, path: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    """The answer of an API with these settings."""
    app = create_app(settings)
    async with (
        serve(app) as base,
        aiohttp.ClientSession() as client,
        client.get(f"{base}{settings.api_v1_prefix}{path}") as answer,
    ):
        body = await answer.json()
        return answer.status, body, {k.lower(): v for k, v in answer.headers.items()}


async def test_a_healthy_installation_is_ready_for_everybody(anonymous: Any) -> None:
    live = await anonymous.get("/health")
    assert (live.status, live.body["data"]["status"]) == (200, "ok")
    ready = await anonymous.get("/health/readiness")
    assert ready.status == 200, ready.body
    assert ready.body["data"]["status"] == "ok"
    assert {name: c["ok"] for name, c in ready.body["data"]["checks"].items()} == {
        "postgresql": True,
        "migrations": True,
        "redis": True,
        "reference_library": True,
    }


async def test_without_redis_the_api_is_degraded_but_in_service(api: Any) -> None:
    settings = msgspec.structs.replace(api.settings, redis_url=DEAD_REDIS, arq_redis_url=DEAD_REDIS)
    status, body, _ = await ask(settings, "/health/readiness")
    assert (status, body["data"]["status"]) == (200, "degraded")
    assert body["data"]["checks"]["redis"]["ok"] is False
    assert "127.0.0.1" not in str(body)


async def test_without_postgresql_the_api_is_out_of_service_but_alive(api: Any) -> None:
    settings = msgspec.structs.replace(api.settings, postgres_dsn=DEAD_POSTGRESQL)
    status, body, headers = await ask(settings, "/health/readiness")
    assert (status, body["errors"][0]["code"]) == (503, "not_ready")
    assert int(headers["retry-after"]) > 0
    checks = body["errors"][0]["detail"]["checks"]
    assert (checks["postgresql"]["ok"], checks["redis"]["ok"]) == (False, True)
    assert "127.0.0.1" not in str(body)
    assert "hidden-word" not in str(body)
    assert (await ask(settings, "/health"))[0] == 200


async def test_the_doctor_finds_nothing_wrong_here(api: Any) -> None:
    findings = await examine(api.settings)
    assert [finding for finding in findings if not finding.ok] == []
    names = {finding.name for finding in findings}
    assert {"settings", "postgresql", "clock", "isolation", "migrations", "redis"} <= names
    assert {"role lsos_app", "switch to lsos_system"} <= names


async def test_the_doctor_names_each_store_that_is_away_and_no_secret(api: Any) -> None:
    settings = msgspec.structs.replace(
        api.settings,
        postgres_dsn=DEAD_POSTGRESQL,
        redis_url=DEAD_REDIS,
        arq_redis_url=DEAD_REDIS,
    )
    faults = [finding for finding in await examine(settings) if not finding.ok]
    assert [fault.name for fault in faults] == ["postgresql", "redis"]
    assert all(fault.hint for fault in faults)
    assert "hidden-word" not in str(faults)


async def test_the_doctor_says_what_is_unset() -> None:
    faults = [finding for finding in await examine(Settings()) if not finding.ok]
    assert [fault.detail for fault in faults] == ["POSTGRES_DSN is unset", "REDIS_URL is unset"]
