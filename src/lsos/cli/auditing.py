"""`lsos audit`: audits one site with the same tables, jobs and workers as any other crawl."""

import asyncio
import os
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import msgspec
from rich.console import Console
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.checks.base import SEVERITIES
from lsos.checks.catalogue import BY_CODE
from lsos.cli.processes import Children, CommandFailed, tail
from lsos.cli.progress import issues_by_code, outcome, progress_bar, show
from lsos.cli.schema import ensure_schema
from lsos.cli.stores import as_environment, home, settings_with_stores
from lsos.core.clock import new_id
from lsos.core.db.database import Database
from lsos.core.db.system import system_session
from lsos.core.errors import Invalid
from lsos.core.outbound.addresses import parse_target
from lsos.core.outbound.policy import OutboundPolicy
from lsos.core.queue.notifier import Notifier
from lsos.core.redis.client import client
from lsos.core.settings.environment import load
from lsos.core.settings.settings import Settings
from lsos.domains.audit.export import export
from lsos.domains.audit.rules import RunIds
from lsos.domains.audit.schemas import ExportKind
from lsos.domains.auth.models import Tenant
from lsos.domains.campaigns.models import Campaign
from lsos.domains.crawl import findings, queries, service
from lsos.domains.crawl.dispatch import wake_dispatcher
from lsos.domains.crawl.models import CrawlRun
from lsos.domains.crawl.rules import OPEN_STATES, RunSettings
from lsos.domains.crawl.views import run_view
from lsos.web.urls import host_of, is_private_name_or_address, normalise

TENANT = "Audits of this machine"
POLL_S = 0.25
WAKE_S = 2.0
RESTARTS = 5
EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 130


@dataclass(frozen=True)
class Options:
    url: str
    max_pages: int = 200
    out: Path = Path("audit-out")
    as_json: bool = False
    allow_private: bool = False
    min_interval_s: float | None = None
    concurrency: int | None = None
    workers: int = 1
    user_agent: str | None = None
    max_depth: int | None = None
    include: list[str] = field(default_factory=list)
    exclude: list[str] = field(default_factory=list)
    subdomains: bool = False
    use_sitemaps: bool = True


def audit(options: Options) -> int:
    """Run one audit; returns the exit code. Raises CommandFailed or Invalid before it starts."""
    console = Console(stderr=True)
    run_settings = _run_settings(options, load())
    with settings_with_stores() as settings:
        ensure_schema(settings.postgres_dsn)
        return asyncio.run(_audit(options, settings, run_settings, console))


def _run_settings(options: Options, settings: Settings) -> RunSettings:
    start_url = normalise(options.url)
    if start_url is None:
        raise Invalid(f"{options.url!r} is not an http or https URL", field="URL")
    if not OutboundPolicy(allow_private=options.allow_private).allows(parse_target(start_url)):
        raise Invalid(
            f"{options.url!r} is inside a private network; add --allow-private to audit it",
            field="URL",
        )
    is_private = options.allow_private and is_private_name_or_address(host_of(start_url))
    interval_s = 0.0 if is_private else settings.crawl_min_request_interval_seconds
    defaults = service.default_settings(settings, start_url, options.max_pages)
    return msgspec.structs.replace(
        defaults,
        max_depth=options.max_depth,
        include=options.include,
        exclude=options.exclude,
        subdomains=options.subdomains,
        use_sitemaps=options.use_sitemaps,
        user_agent=options.user_agent or settings.crawl_user_agent,
        min_interval_s=(interval_s if options.min_interval_s is None else options.min_interval_s),
        concurrency=options.concurrency or (32 if is_private else settings.crawl_concurrency),
        batch_size=100 if is_private else settings.crawl_frontier_batch_size,
        slices=options.workers,
        allow_private=options.allow_private,
    )


class _Audit:
    """One run with its queue and its workers."""

    def __init__(self, db: Database, tenant_id: UUID, children: Children) -> None:
        self.db = db
        self.tenant_id = tenant_id
        self.children = children
        self.queue = f"{_queue_prefix()}{os.getpid()}:{secrets.token_hex(4)}"
        self.run_id: UUID | None = None
        self._wake_at = time.monotonic() + WAKE_S

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        async with self.db.tenant_session(self.tenant_id) as session:
            yield session

    async def queue_run(self, settings: RunSettings) -> None:
        async with self.session() as session:
            campaign = await session.scalar(
                select(Campaign).where(Campaign.site_url == settings.start_url).limit(1)
            )
            if campaign is None:
                campaign = Campaign(
                    tenant_id=self.tenant_id,
                    id=new_id(),
                    name=settings.start_url,
                    site_url=settings.start_url,
                )
                session.add(campaign)
                await session.flush()
            run = await service.queue_run(
                session,
                tenant_id=self.tenant_id,
                campaign_id=campaign.id,
                settings=settings,
                requested_by=None,
                queue=self.queue,
            )
            self.run_id = run.id

    def start_worker(self, number: int) -> None:
        self.children.start(f"audit-worker-{number}", "lsos.worker", "--queue", self.queue)

    async def view(self) -> dict[str, Any]:
        assert self.run_id is not None
        async with self.session() as session:
            run = await queries.get_run(session, self.tenant_id, self.run_id)
            # Another audit may have freed a permit, but it wakes only its own queue.
            if run.state == "queued" and time.monotonic() > self._wake_at:
                self._wake_at = time.monotonic() + WAKE_S
                await wake_dispatcher(session, self.tenant_id, self.queue)
        view: dict[str, Any] = msgspec.to_builtins(run_view(run))
        return view

    async def cancel(self) -> None:
        assert self.run_id is not None
        async with self.session() as session:
            await service.fail(session, self.tenant_id, self.run_id, "interrupted")


async def _audit(
    options: Options, settings: Settings, run_settings: RunSettings, console: Console
) -> int:
    redis = client(settings.arq_redis_url)
    db = Database.of(settings, application_name="lsos-audit", pusher=Notifier(redis))
    children = Children(home() / "logs", as_environment(settings))
    try:
        tenant_id = await _audit_tenant(db)
        audit_ = _Audit(db, tenant_id, children)
        await _forget_the_dead(db, tenant_id)
        await audit_.queue_run(run_settings)
        for number in range(options.workers):
            audit_.start_worker(number)
        try:
            view = await _watch(audit_, options, console)
        except (KeyboardInterrupt, asyncio.CancelledError):
            await audit_.cancel()
            console.print("interrupted; the run is marked as failed")
            return EXIT_INTERRUPTED
        await asyncio.to_thread(children.stop)
        await asyncio.to_thread(options.out.mkdir, parents=True, exist_ok=True)
        summary = await _write(audit_, view, options.out, children)
        await _cancel_jobs(db, tenant_id, audit_.queue)
        _report(summary, view, options, console)
        return EXIT_FAILED if view["state"] in ("failed", "cancelled") else EXIT_DONE
    finally:
        await asyncio.to_thread(children.stop)
        await db.close()
        await redis.aclose()


async def _watch(audit_: _Audit, options: Options, console: Console) -> dict[str, Any]:
    """Follow the run to its end; restarts a worker that dies, up to five times."""
    restarts = 0
    with progress_bar(console) as progress:
        bar = progress.add_task("queued", total=1, rate="")
        while True:
            view = await audit_.view()
            show(progress, bar, view)
            if view["state"] not in OPEN_STATES:
                return view
            for child in [c for c in audit_.children.all if not c.is_alive]:
                audit_.children.all.remove(child)
                restarts += 1
                if restarts > RESTARTS:
                    await audit_.cancel()
                    raise CommandFailed(f"workers keep dying:\n{tail(child.log)}")
                audit_.start_worker(options.workers + restarts)
            await asyncio.sleep(POLL_S)


async def _write(
    audit_: _Audit, view: dict[str, Any], out: Path, children: Children
) -> dict[str, Any]:
    assert audit_.run_id is not None
    async with audit_.session() as session:
        totals = await findings.count_findings(session, audit_.run_id)
        run = await queries.get_run(session, audit_.tenant_id, audit_.run_id)
    of_run = RunIds(run.id, run.campaign_id)
    for kind in get_args(ExportKind):
        with (out / f"{kind}.csv").open("w", newline="", encoding="utf-8") as file:
            async for lines in export(audit_.session, of_run, kind, "csv"):
                file.write(lines)
    summary = _summary(view, run, totals, children)
    encoded = msgspec.json.format(msgspec.json.encode(summary), indent=2)
    (out / "summary.json").write_bytes(encoded + b"\n")
    return summary


def _summary(
    view: dict[str, Any], run: CrawlRun, totals: Sequence[Any], children: Children
) -> dict[str, Any]:
    ended, began = run.finished_at, run.started_at
    seconds = (ended - began).total_seconds() if ended and began else None
    issues = [
        {"code": code, "severity": severity, "count": count, "example": example}
        for code, severity, count, example in totals
    ]
    return {
        "url": view["start_url"],
        "state": view["state"],
        "reason": view["reason_code"],
        "pages": view["progress"]["pages"],
        "urls": view["progress"]["done"],
        "errors": view["progress"]["errors"],
        "unmeasured": view["progress"]["unmeasured"],
        "is_cut_off": view["is_cut_off"],
        "seconds": seconds,
        "pages_per_s": round(view["progress"]["done"] / seconds, 1) if seconds else None,
        "cpu_s": round(children.usage.cpu_s, 2),
        "peak_mb": round(children.usage.peak_mb, 1),
        "technical_score": view["technical_score"],
        "score": view["score"],
        "issue_counts": view["issue_counts"],
        "failed_checks": view["failed_checks"],
        "issues": sorted(
            issues, key=lambda row: (SEVERITIES.index(row["severity"]), -row["count"], row["code"])
        ),
    }


def _report(
    summary: dict[str, Any], view: dict[str, Any], options: Options, console: Console
) -> None:
    if options.as_json:
        sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
        return
    out = Console()
    out.print()
    out.print(outcome(view))
    rows = [
        {**row, "title": BY_CODE[row["code"]].title if row["code"] in BY_CODE else row["code"]}
        for row in summary["issues"]
    ]
    if rows:
        out.print()
        out.print(issues_by_code(rows))
    out.print(
        f"\n{summary['state']}: {summary['urls']} URLs, {summary['pages']} pages"
        f" in {summary['seconds'] or 0:.1f} s; workers used {summary['cpu_s']} CPU-s,"
        f" {summary['peak_mb']:.0f} MB"
    )
    if summary["reason"]:
        out.print(f"reason: {summary['reason']}")
    out.print(
        f"written to {options.out}/: summary.json issues.csv pages.csv links.csv", soft_wrap=True
    )


async def _audit_tenant(db: Database) -> UUID:
    async with system_session(db) as session:
        await session.execute(text("select pg_advisory_xact_lock(7266300127)"))
        found = await session.scalar(select(Tenant.id).where(Tenant.name == TENANT).limit(1))
        if found is not None:
            return found
        tenant = Tenant(id=new_id(), name=TENANT, branding={})
        session.add(tenant)
        await session.flush()
        return tenant.id


def _queue_prefix() -> str:
    return f"audit:{socket.gethostname()}:"


async def _forget_the_dead(db: Database, tenant_id: UUID) -> None:
    """End runs of killed audits on this machine: nobody else would release their permits."""
    async with db.tenant_session(tenant_id) as session:
        rows = await session.execute(
            select(CrawlRun.id, CrawlRun.queue).where(
                CrawlRun.state.in_(OPEN_STATES), CrawlRun.queue.startswith(_queue_prefix())
            )
        )
        dead = [(run_id, queue) for run_id, queue in rows if not _is_alive(queue)]
        for run_id, _ in dead:
            await service.fail(session, tenant_id, run_id, "audit_killed")
    for _, queue in dead:
        await _cancel_jobs(db, tenant_id, queue)


def _is_alive(queue: str) -> bool:
    try:
        os.kill(int(queue.split(":")[2]), 0)
    except (ProcessLookupError, ValueError, IndexError):
        return False
    except PermissionError:
        return True
    return True


async def _cancel_jobs(db: Database, tenant_id: UUID, queue: str) -> None:
    """Cancel the jobs of a queue that nobody serves any more."""
    async with db.tenant_session(tenant_id) as session:
        await session.execute(
            text(
                "update jobs set state = 'cancelled', finished_at = now()"
                " where queue = :queue and state in ('queued', 'running')"
            ),
            {"queue": queue},
        )
