"""`make load-test`: the load simulation against a stack of its own, or against BASE_URL.

A stack of its own has embedded stores, or those that POSTGRES_DSN and REDIS_URL name.
"""

import asyncio
import os
import secrets
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from lsos import embedded
from lsos.cli.migrate import upgrade
from lsos.cli.processes import Child, Children, free_port, tail
from lsos.cli.stores import as_environment
from lsos.core import priority
from lsos.core.db.database import Database
from lsos.core.settings.environment import load
from lsos.core.settings.settings import Settings
from lsos.domains.auth import service as auth
from lsos.domains.auth.schemas import TenantCreate, UserCreate
from lsos.embedded.installation import complete
from tools.load import main as simulation
from tools.load import sites
from tools.load.simulation import Options

WORKERS = 2
READY_S = 60.0
STORES = ("POSTGRES_DSN", "REDIS_URL")
EMAIL = "load@lsos.example"
CHECKLIST = {"--crawl-jobs": 8, "--entity-jobs": 5, "--scheduled-report-runs": 3}
"""Sizes of the checklist; SCALE multiplies them."""


def main() -> int:
    environ = os.environ
    if base_url := environ.get("BASE_URL"):
        names = ("LOAD_EMAIL", "LOAD_PASSWORD")
        if missing := [name for name in names if not environ.get(name)]:
            sys.stderr.write(f"set {' and '.join(missing)} for {base_url}\n")
            return simulation.REFUSED
        return simulation.main(words(base_url, environ["LOAD_EMAIL"], environ["LOAD_PASSWORD"]))
    with tempfile.TemporaryDirectory(prefix="lsos-load-") as name:
        folder = Path(name)
        given = {key: environ[key] for key in STORES if environ.get(key)}
        if len(given) == len(STORES):
            return _against_own_stack(complete(load(given), folder, None), folder)
        with embedded.start(folder) as running:
            return _against_own_stack(complete(load({}), folder, running.stores), folder)


def _against_own_stack(settings: Settings, folder: Path) -> int:
    upgrade(settings.postgres_dsn)
    password = secrets.token_urlsafe(15)
    asyncio.run(_make_user(settings, password))
    environ = {
        **as_environment(settings),
        "LSOS_HOME": str(folder),
        "LOG_LEVEL": "WARNING",
        "WORKER_NICE": os.environ.get("WORKER_NICE") or str(priority.BESIDE_API),
        "OUTBOUND_ALLOW_ORIGINS": ",".join(sites.origins(_options().campaigns)),
    }
    port = free_port(8_000, is_fixed=False)
    base_url = f"http://127.0.0.1:{port}{settings.api_v1_prefix}"
    children = Children(folder / "logs", environ)
    try:
        api = children.start(
            "api", "uvicorn", "--factory", "lsos.api:create_app", "--port", str(port),
            "--loop", "uvloop", "--http", "httptools", "--no-access-log",
        )  # fmt: skip
        workers = [children.start(f"worker-{n}", "lsos.worker") for n in range(1, WORKERS + 1)]
        _until_ready(base_url, [api, *workers])
        return simulation.main(words(base_url, EMAIL, password))
    finally:
        children.stop()


def words(base_url: str, email: str, password: str) -> Sequence[str]:
    scale = _scale()
    found = ["--base-url", base_url, "--email", email, "--password", password]
    for name, count in CHECKLIST.items():
        found += [name, str(max(1, round(count * scale)))]
    found += ["--load-phase-seconds", os.environ.get("LOAD_SECONDS") or "300"]
    found += ["--drain-phase-seconds", os.environ.get("DRAIN_SECONDS") or "300"]
    found += ["--out", os.environ.get("OUT") or str(simulation.OUT)]
    return found


def _options() -> Options:
    crawls = max(1, round(CHECKLIST["--crawl-jobs"] * _scale()))
    return Options(crawls, 0, 0, 1.0, 0.0, EMAIL)


def _scale() -> float:
    return float(os.environ.get("SCALE") or 1)


async def _make_user(settings: Settings, password: str) -> None:
    db = Database.of(settings, application_name="lsos-load-test")
    tenant = await auth.create_tenant(db, TenantCreate(name="Load test"), actor=None)
    async with db.tenant_session(tenant.id) as session:
        body = UserCreate(email=EMAIL, role="tenant_admin", password=password)
        await auth.create_user(session, tenant.id, body, actor=None)
    await db.close()


def _until_ready(base_url: str, children: Sequence[Child]) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        for child in children:
            if not child.is_alive:
                raise SystemExit(f"{child.name} did not start:\n{tail(child.log)}")
        try:
            with urllib.request.urlopen(base_url + "/health/readiness", timeout=2) as answer:  # noqa: S310 -- a loopback address that was made above
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit("the API is not ready; is the machine busy?")


if __name__ == "__main__":
    sys.exit(main())
