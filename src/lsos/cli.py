"""The command line: everything that is done with LSOS on a machine."""

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click
import uvicorn
from rich.console import Console

from lsos import __version__, worker
from lsos.cli_audit import Options
from lsos.cli_audit import audit as run_audit
from lsos.cli_processes import Children
from lsos.cli_processes import migrate as run_migrations
from lsos.cli_reference import reference
from lsos.cli_stores import as_environment, home, settings_with_stores
from lsos.cli_up import up as run_up
from lsos.core.db import Database
from lsos.core.errors import Invalid, LsosError
from lsos.core.local import resolve_settings
from lsos.core.principal import Role
from lsos.core.redis import DEFAULT_QUEUE
from lsos.core.system_db import system_session
from lsos.domains.auth import queries as auth_queries
from lsos.domains.auth import service as auth
from lsos.domains.auth.rules import ROLES
from lsos.domains.auth.schemas import TenantCreate, UserCreate
from lsos.domains.health.doctor import examine

RESTART_S = 1.0
PORT = click.IntRange(1, 65_535)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="lsos")
def cli() -> None:
    """LSOS: crawl, audit, measure and report the local search of many businesses."""


@cli.command()
@click.option("--once", is_flag=True, help="Stop when the demo is done.")
@click.option("--port", type=PORT, help="Port of the API; 8000 or the next free one.")
def up(*, once: bool, port: int | None) -> None:
    """Start PostgreSQL, Valkey, API, worker and a demo; serve until Ctrl-C.

    Data stay in .lsos/ (or LSOS_HOME). With POSTGRES_DSN and REDIS_URL set, those are used.
    """
    sys.exit(run_up(once=once, port=port))


@cli.command()
@click.argument("url")
@click.option(
    "--max-pages",
    default=200,
    show_default=True,
    type=click.IntRange(1, 1_000_000),
    help="Page budget.",
)
@click.option(
    "--out",
    default="audit-out",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for summary.json, issues.csv, pages.csv and links.csv.",
)
@click.option("--json", "as_json", is_flag=True, help="Print only the summary, as JSON.")
@click.option("--allow-private", is_flag=True, help="Allow loopback and private addresses.")
@click.option(
    "--min-interval",
    type=click.FloatRange(0, 60),
    help="Least seconds between two requests to a host; 0.2, or 0 for private hosts.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    help="Requests in flight; 8, or 32 for private hosts.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 32),
    help="Worker processes.",
)
@click.option("--user-agent", help="User-Agent; its first token is matched in robots.txt.")
@click.option("--max-depth", type=click.IntRange(0, 1_000), help="Clicks from the start URL.")
@click.option(
    "--include",
    multiple=True,
    metavar="PATTERN",
    help="Stay in these paths: a prefix, * for any run, a last $ for the end. Repeatable.",
)
@click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="Leave these paths out. Repeatable."
)
@click.option("--subdomains", is_flag=True, help="Crawl subdomains too.")
@click.option("--no-sitemaps", is_flag=True, help="Do not seed from sitemaps.")
def audit(
    *,
    url: str,
    max_pages: int,
    out: Path,
    as_json: bool,
    allow_private: bool,
    min_interval: float | None,
    concurrency: int | None,
    workers: int,
    user_agent: str | None,
    max_depth: int | None,
    include: Sequence[str],
    exclude: Sequence[str],
    subdomains: bool,
    no_sitemaps: bool,
) -> None:
    """Audit one site through the same pipeline as every campaign.

    Exit code 0: done, 1: failed, 2: bad arguments.
    """
    options = Options(
        url=url,
        max_pages=max_pages,
        out=out,
        as_json=as_json,
        allow_private=allow_private,
        min_interval_s=min_interval,
        concurrency=concurrency,
        workers=workers,
        user_agent=user_agent,
        max_depth=max_depth,
        include=list(include),
        exclude=list(exclude),
        subdomains=subdomains,
        use_sitemaps=not no_sitemaps,
    )
    try:
        sys.exit(run_audit(options))
    except Invalid as error:
        raise click.UsageError(error.message) from error


@cli.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    with settings_with_stores() as settings:
        run_migrations(settings.postgres_dsn)
    click.echo("the database is at the newest schema")


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535))
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64))
def api(*, host: str, port: int, processes: int) -> None:
    """Serve the API (uvicorn, uvloop)."""
    resolve_settings()
    uvicorn.run(
        "lsos.api:create_app",
        factory=True,
        host=host,
        port=port,
        workers=processes if processes > 1 else None,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        proxy_headers=False,  # TRUSTED_PROXIES says whose X-Forwarded-For is believed
        timeout_graceful_shutdown=10,
    )


@cli.command("worker")
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64))
@click.option("--queue", default=DEFAULT_QUEUE, show_default=True)
def worker_(*, processes: int, queue: str) -> None:
    """Work on jobs; one that dies is started again."""
    settings = resolve_settings()
    if processes == 1:
        worker.main(queue, settings)
        return
    children = Children(home() / "logs", as_environment(settings))
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    started = 0
    try:
        while not stopping:
            children.all[:] = [child for child in children.all if child.is_alive]
            while len(children.all) < processes:
                started += 1
                child = children.start(f"worker-{started}", "lsos.worker", "--queue", queue)
                click.echo(f"worker {child.process.pid}: {child.log}")
            time.sleep(RESTART_S)
    finally:
        children.stop()


@cli.command("tenant-create")
@click.argument("name")
@click.option("--email", required=True, help="Address of its first user.")
@click.option("--role", default="tenant_admin", show_default=True, type=click.Choice(ROLES))
def tenant_create(*, name: str, email: str, role: Role) -> None:
    """Make a tenant with its first user; the password is shown once.

    The role platform_admin makes the platform tenant, or adds a user to it.
    """
    asyncio.run(_tenant_create(name, email, role))


async def _tenant_create(name: str, email: str, role: Role) -> None:
    db = Database.of(resolve_settings(), application_name="lsos-cli")
    try:
        is_platform = role == "platform_admin"
        tenant = None
        if is_platform:
            async with system_session(db) as session:
                tenant = await auth.find_platform_tenant(session)
        if tenant is None:
            body = TenantCreate(name=name)
            tenant = await auth.create_tenant(db, body, actor=None, is_platform=is_platform)
        async with db.tenant_session(tenant.id) as session:
            user_body = UserCreate(email=email, role=role)
            _, password = await auth.create_user(session, tenant.id, user_body, actor=None)
    finally:
        await db.close()
    click.echo(f"tenant    {tenant.id}  {tenant.name}")
    click.echo(f"user      {email}  {role}")
    click.echo(f"password  {password}  (shown once)")


@cli.command("password-reset")
@click.argument("email")
@click.password_option(help="Asked for when left out.")
def password_reset(*, email: str, password: str) -> None:
    """Set a user's password and end all sessions of the account."""
    asyncio.run(_password_reset(email, password))
    click.echo("the password is set; all sessions of the account have ended")


async def _password_reset(email: str, password: str) -> None:
    db = Database.of(resolve_settings(), application_name="lsos-cli")
    try:
        async with system_session(db) as session:
            found = await auth_queries.find_login(session, email)
        if found is None:
            raise Invalid(f"no account has the address {email}")
        async with db.tenant_session(found.tenant_id) as session:
            await auth.reset_password(session, found.tenant_id, found.id, password)
    finally:
        await db.close()


@cli.command()
def doctor() -> None:
    """Examine settings, stores, roles, isolation and schema; exit code 1 on a fault."""
    findings = asyncio.run(examine(resolve_settings()))
    console = Console()
    for finding in findings:
        mark = "[green]ok  [/]" if finding.ok else "[red]FAIL[/]"
        console.print(f"{mark} {finding.name:<28} {finding.detail}", highlight=False)
        if finding.hint:
            console.print(f"     [yellow]→ {finding.hint}[/]", highlight=False)
    faults = sum(not finding.ok for finding in findings)
    console.print(f"\n{len(findings)} checks, {faults} faults")
    sys.exit(1 if faults else 0)


cli.add_command(reference)


def main() -> None:
    """Entry point: an error of ours is one message, never a trace."""
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except LsosError as error:
        click.secho(error.message, fg="red", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
