"""Makes a report: pin its inputs, render, store, verify; each step may be repeated for nothing."""

import asyncio
import random
from collections.abc import Mapping
from uuid import UUID

import msgspec

from lsos.core.clock import now
from lsos.core.errors import Permanent, Reschedule
from lsos.core.queue.work import Summary, Work, task
from lsos.core.resources import storage as storage_of
from lsos.core.storage import Storage, StorageAway
from lsos.domains.reports import build, policy, queries, render, runs
from lsos.domains.reports.facts import Snapshot
from lsos.domains.reports.models import Report
from lsos.domains.reports.snapshot import gather


@task("reports.generate", attempts=5, timeout_s=300, on_dead=runs.making_died)
async def generate(work: Work, report_id: UUID) -> Summary:
    """Store both artifacts; Reschedule while the storage is away, for a day at most."""
    async with work.session() as session:
        report = await queries.find_report(session, work.tenant_id, report_id, is_locked=True)
        if report is None or report.state == "failed":
            return {"state": "gone" if report is None else report.state}
        if report.state == "stored":
            await runs.wake_delivery(session, report)
            return {"state": report.state}
        report.state = "building"
        report.attempts += 1
        if report.snapshot is None:
            snapshot = await gather(session, report.campaign_id, report.sections, now())
            report.snapshot = msgspec.to_builtins(snapshot, str_keys=True)
            report.snapshot_hash = snapshot.sha256
    # Read back: PostgreSQL keeps no order of keys, and every attempt must render the same bytes.
    async with work.session() as session:
        report = await queries.get_report(session, work.tenant_id, report_id)
    rendered = await asyncio.to_thread(render_all, report.snapshot)
    storage: Storage = work.resources.get(storage_of)
    try:
        stored = {
            name: await storage.put(work.tenant_id, rendered[name], name) for name in rendered
        }
    except StorageAway as away:
        await _wait(work, report, away)
        raise AssertionError("unreachable") from away
    async with work.session() as session:
        report = await queries.get_report(session, work.tenant_id, report_id, is_locked=True)
        report.artifacts = {
            name: {"key": item.key, "sha256": item.sha256, "bytes": item.bytes}
            for name, item in stored.items()
        }
        report.state, report.reason_code, report.finished_at = "stored", None, now()
        if await queries.list_deliveries(session, report_id):
            await runs.wake_delivery(session, report)
    return {"state": "stored", "bytes": {name: item.bytes for name, item in stored.items()}}


def render_all(snapshot: object) -> Mapping[policy.Format, bytes]:
    """Both formats of a stored snapshot; takes some hundred milliseconds of CPU."""
    inputs = msgspec.json.decode(msgspec.json.encode(snapshot), type=Snapshot)
    report = build.build(inputs)
    return {"html": render.html(report), "pdf": render.pdf(report)}


async def _wait(work: Work, report: Report, away: StorageAway) -> None:
    since = report.due_at or report.created_at
    if (now() - since).total_seconds() > policy.GIVE_UP_AFTER_S:
        raise Permanent("the object storage was away for a day", code=away.code)
    async with work.session() as session:
        waiting = await queries.get_report(session, work.tenant_id, report.id, is_locked=True)
        waiting.reason_code = away.code
    jitter = random.random()  # noqa: S311 -- no secret
    base_s = work.settings.report_retry_seconds
    raise Reschedule(away.message, delay_s=policy.storage_delay_s(report.attempts, base_s, jitter))
