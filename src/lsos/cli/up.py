"""`lsos up`: all of LSOS on one machine, with a demo that uses the public API."""

import asyncio
import json
import secrets
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from lsos.cli.demo import rooms
from lsos.cli.demo.session import Session, crawl_figures, demo_campaign, demo_crawl, issue_rows
from lsos.cli.processes import (
    Child,
    Children,
    CommandFailed,
    end_leftovers,
    free_port,
    only_one,
    remember,
    tail,
)
from lsos.cli.progress import issues_by_code, outcome
from lsos.cli.schema import ensure_schema
from lsos.cli.stores import as_environment, home, settings_with_stores
from lsos.core import priority
from lsos.core.db.database import Database
from lsos.core.db.system import system_session
from lsos.core.outbound.client import Outbound, OutboundError
from lsos.core.settings.settings import Settings
from lsos.domains.auth import queries as auth_queries
from lsos.domains.auth import service as auth
from lsos.domains.auth.schemas import TenantCreate, UserCreate

PORT = 8000
DEMO_PORT = 8099
READY_S = 30.0
DEMO_EMAIL = "demo@lsos.example"
DEMO_INTERVAL_S = "0.02"
"""Interval between requests to the demo site: short, since it is ours and users wait for it."""


@dataclass
class Demo:
    """`.lsos/demo.json`: the credentials, and one key per room with its figures."""

    path: Path
    values: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> "Demo":
        path = folder / "demo.json"
        try:
            values = json.loads(path.read_text())
        except (OSError, ValueError):
            values = {}
        return cls(path, values if isinstance(values, dict) else {})

    def save(self, **values: Any) -> None:
        self.values.update(values)
        self.path.touch(mode=0o600)
        self.path.write_text(json.dumps(self.values, indent=2) + "\n")


@click.command()
@click.option("--once", is_flag=True, help="Stop after the demo.")
@click.option(
    "--port", type=click.IntRange(1, 65_535), help="Port of the API; default 8000 or next free."
)
def up(*, once: bool, port: int | None) -> None:
    """Start PostgreSQL, Valkey, the API, a worker and a demo; run until Ctrl-C.

    Data is kept in .lsos/ (or LSOS_HOME). If POSTGRES_DSN and REDIS_URL are set, those are used.
    """
    sys.exit(_up(once=once, port=port))


def _up(*, once: bool, port: int | None) -> int:
    console = Console()
    folder = home()
    with only_one(folder):
        if ended := end_leftovers(folder):
            console.print(f"[dim]ended {ended} processes of a killed run[/]")
        with settings_with_stores() as settings:
            console.print("[green]✓[/] PostgreSQL and Valkey")
            ensure_schema(settings.postgres_dsn)
            console.print("[green]✓[/] database schema")
            return _serve(settings, folder, console, once=once, port=port)


def _serve(
    settings: Settings, folder: Path, console: Console, *, once: bool, port: int | None
) -> int:
    demo = Demo.load(folder)
    api_port = free_port(port or PORT, is_fixed=port is not None)
    if port is None and api_port != PORT:
        console.print(f"[yellow]port {PORT} is taken; the API is on {api_port}[/]")
    site_port = free_port(demo.values.get("demo_site_port", DEMO_PORT), is_fixed=False)
    site_url = f"http://127.0.0.1:{site_port}"
    environ = _environment(settings, site_url)
    children = Children(folder / "logs", environ)
    stop = asyncio.Event()
    try:
        site = children.start("demo-site", "lsos.demo.server", "--port", str(site_port))
        worker = children.start("worker", "lsos.worker")
        server = children.start(
            "api", "uvicorn", "--factory", "lsos.api:create_app", *_uvicorn(api_port)
        )
        remember(folder, children)
        demo.save(base_url=f"http://127.0.0.1:{api_port}", demo_site_port=site_port)
        return asyncio.run(
            _demo(
                settings, demo, console, [site, worker, server], stop, site_url=site_url, once=once
            )
        )
    finally:
        console.print("[dim]stopping[/]")
        children.stop()
        (folder / "children.json").unlink(missing_ok=True)


def _uvicorn(port: int) -> list[str]:
    options = {
        "--host": "127.0.0.1",
        "--port": str(port),
        "--loop": "uvloop",
        "--http": "httptools",
        "--timeout-graceful-shutdown": "5",
    }
    return [word for pair in options.items() for word in pair] + [
        "--no-access-log",
        "--no-proxy-headers",
    ]


def _environment(settings: Settings, site_url: str) -> dict[str, str]:
    environ = as_environment(settings)
    allowed = [*settings.allowed_origins, site_url]
    if not settings.is_strict:
        environ["OUTBOUND_ALLOW_ORIGINS"] = ",".join(allowed)
    environ.setdefault("CRAWL_MIN_REQUEST_INTERVAL_SECONDS", DEMO_INTERVAL_S)
    environ["WORKER_NICE"] = environ.get("WORKER_NICE") or str(priority.BESIDE_API)
    return environ


async def _demo(
    settings: Settings,
    demo: Demo,
    console: Console,
    children: list[Child],
    stop: asyncio.Event,
    *,
    site_url: str,
    once: bool,
) -> int:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    working = asyncio.ensure_future(_run(settings, demo, console, children, site_url))
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        return 0
    working.result()
    if once:
        stopping.cancel()
        return 0
    console.print("\nrunning until Ctrl-C")
    while not stop.is_set():
        for child in children:
            if not child.is_alive:
                raise CommandFailed(f"{child.name} has exited:\n{tail(child.log)}")
        await asyncio.wait({stopping}, timeout=1)
    return 0


async def _run(
    settings: Settings, demo: Demo, console: Console, children: list[Child], site_url: str
) -> None:
    base_url = demo.values["base_url"]
    async with Outbound(user_agent="lsos-up", allow_private=True) as outbound:
        with console.status("waiting for the API"):
            await _until_ready(outbound, base_url + settings.api_v1_prefix, children)
        console.print(f"[green]✓[/] API at {base_url}, worker, demo site at {site_url}")
        is_new = await _demo_user(settings, demo)
        session = Session(outbound, base_url, settings.api_v1_prefix)
        await session.sign_in(demo.values["email"], demo.values["password"])
        campaign = await demo_campaign(session, site_url)
        run = await demo_crawl(session, campaign["id"], console)
        issues = await issue_rows(session, run["id"])
        demo.save(crawl=crawl_figures(run, issues))
        for name, show_room in rooms():
            demo.save(**{name: await show_room(session, campaign, console)})
        dashboard = await session.ask("GET", f"/dashboard?campaign_id={campaign['id']}")
        demo.save(dashboard=dashboard)
    console.print()
    console.print(outcome(run))
    console.print()
    console.print(issues_by_code(issues))
    console.print(f"\nAPI documentation  {base_url}/schema")
    console.print(f"demo site          {site_url}")
    password = (
        f"{demo.values['password']}  [dim](shown once; stored in demo.json)[/]"
        if is_new
        else "[dim]in demo.json[/]"
    )
    console.print(f"sign in as         {demo.values['email']}  password {password}")
    console.print(f"[dim]figures            {demo.path}[/]", soft_wrap=True)


async def _until_ready(outbound: Outbound, base: str, children: list[Child]) -> None:
    deadline = time.monotonic() + READY_S
    while True:
        for child in children:
            if not child.is_alive:
                raise CommandFailed(f"{child.name} did not start:\n{tail(child.log)}")
        try:
            response = await outbound.get(base + "/health/readiness", timeout_s=2)
            if response.status == 200:
                return
        except OutboundError:
            pass
        if time.monotonic() > deadline:
            raise CommandFailed(f"the API was not ready after {READY_S:.0f} s; see its log")
        await asyncio.sleep(0.05)


async def _demo_user(settings: Settings, demo: Demo) -> bool:
    """Create the demo tenant and user if missing; returns whether they are new."""
    db = Database.of(settings, application_name="lsos-up")
    try:
        async with system_session(db) as session:
            found = await auth_queries.find_login(session, DEMO_EMAIL)
        if found is not None and demo.values.get("password"):
            return False
        password = secrets.token_urlsafe(15)
        if found is None:
            tenant = await auth.create_tenant(db, TenantCreate(name="Demo agency"), actor=None)
            body = UserCreate(
                email=DEMO_EMAIL, name="Demo user", role="tenant_admin", password=password
            )
            async with db.tenant_session(tenant.id) as session:
                await auth.create_user(session, tenant.id, body, actor=None)
        else:
            # The file with the password is missing: set a new password.
            async with db.tenant_session(found.tenant_id) as session:
                await auth.reset_password(session, found.tenant_id, found.id, password)
        demo.save(email=DEMO_EMAIL, password=password)
        return True
    finally:
        await db.close()
