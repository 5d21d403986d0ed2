"""Mails a stored report: intent first, one attempt a recipient and pass, the outcome as it was.

SMTP has no exactly-once. Whoever's mail may have arrived (the connection broke after the final
dot, or a worker died in between) is asked once more under the same Message-ID, and never again.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Sequence
from uuid import UUID

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.clock import now
from lsos.core.db.database import is_outage
from lsos.core.errors import Reschedule
from lsos.core.mail_address import is_email
from lsos.core.queue.work import Summary, Work, task
from lsos.core.resources import storage as storage_of
from lsos.core.storage import ChecksumMismatch, ObjectMissing, Storage, StorageAway
from lsos.domains.reports import policy, queries, runs
from lsos.domains.reports.facts import Snapshot
from lsos.domains.reports.mail import Letter, Mailer, Result
from lsos.domains.reports.mail import mailer as mailer_of
from lsos.domains.reports.models import Report, ReportDelivery

log = structlog.get_logger(__name__)

PASS_S = 240.0
"""So long a pass begins mails; the rest is for the next one, which may be another worker's."""
GRACE_S = 8.0
"""A stopped worker gives a mail so long to end: supervisors kill after 10 s."""
WRITE_TRIES = 6


@task("reports.deliver", attempts=10, timeout_s=600, on_dead=runs.delivery_died)
async def deliver(work: Work, report_id: UUID) -> Summary:
    """One pass over the open recipients; Reschedule while some are left."""
    async with work.session() as session:
        report = await queries.find_report(session, work.tenant_id, report_id)
        if report is None or report.state != "stored":
            return {"state": "gone" if report is None else report.state}
        rows = await queries.list_deliveries(session, report_id)
    open_rows = [row for row in rows if policy.is_open(row.state, row.log)]
    if open_rows:
        artifacts = await _artifacts(work, report)
        if artifacts is None:
            return {"state": "made_again"}
        started = time.monotonic()
        for row in open_rows:
            if time.monotonic() - started > PASS_S:
                break
            await _undisturbed(_attempt(work, row.id, _letter(report, row, artifacts)))
    async with work.session() as session:
        report = await queries.get_report(session, work.tenant_id, report_id, is_locked=True)
        rows = await queries.list_deliveries(session, report_id)
        delay_s = await _conclude(session, report, rows, work.settings.report_retry_seconds)
        counts = dict.fromkeys(sorted({row.state for row in rows}), 0)
        for row in rows:
            counts[row.state] += 1
    if delay_s is not None:
        raise Reschedule(f"mails are left: {counts}", delay_s=delay_s)
    return {"deliveries": counts}


async def _artifacts(work: Work, report: Report) -> bytes | None:
    """The verified PDF, when the HTML is whole too; None when the report is being made again."""
    storage: Storage = work.resources.get(storage_of)
    keys = {name: str(_of(report, name)["key"]) for name in policy.FORMATS}
    try:
        found = {name: await storage.get(key) for name, key in keys.items()}
    except StorageAway as away:
        jitter = random.random()  # noqa: S311 -- no secret
        base_s = work.settings.report_retry_seconds
        delay_s = policy.storage_delay_s(work.attempt + 2, base_s, jitter)
        raise Reschedule(away.message, delay_s=delay_s) from away
    except (ObjectMissing, ChecksumMismatch) as lost:
        log.warning("artifact_lost", report=str(report.id), reason=lost.code)
        async with work.session() as session:
            again = await queries.get_report(session, work.tenant_id, report.id, is_locked=True)
            again.state, again.reason_code = "queued", lost.code
            await runs.start(session, again)
        return None
    return found["pdf"]


def _of(report: Report, name: str) -> dict[str, object]:
    entry = report.artifacts[name]
    assert isinstance(entry, dict)
    return entry


def _letter(report: Report, row: ReportDelivery, pdf: bytes) -> Letter:
    inputs = msgspec.json.decode(msgspec.json.encode(report.snapshot), type=Snapshot)
    brand, campaign = inputs.brand, inputs.campaign
    return Letter(
        message_id=row.message_id,
        recipient=row.recipient,
        sender_name=brand.sender or brand.name,
        subject_name=campaign.business_name or campaign.name,
        reply_to=brand.reply_to if is_email(brand.reply_to) else "",
        made_at=report.finished_at or report.created_at,
        pdf=pdf,
    )


async def _undisturbed(mail: Awaitable[None]) -> None:
    """A mail under way is ended when the worker is stopped, so that its outcome is known."""
    sending = asyncio.ensure_future(mail)
    try:
        await asyncio.shield(sending)
    except asyncio.CancelledError:
        await asyncio.wait({sending}, timeout=GRACE_S)
        raise


async def _attempt(work: Work, delivery_id: UUID, letter: Letter) -> None:
    async with work.session() as session:
        row = await queries.find_delivery(session, work.tenant_id, delivery_id)
        if row is None or not _begin(row):
            return
    mailer: Mailer = work.resources.get(mailer_of)
    result = await mailer.send(letter)
    # The server has answered: that must be written even if PostgreSQL restarts right now.
    for attempt in range(WRITE_TRIES):
        try:
            async with work.session() as session:
                row = await queries.find_delivery(session, work.tenant_id, delivery_id)
                if row is not None:
                    _end(row, result)
        except Exception as error:
            if not is_outage(error) or attempt == WRITE_TRIES - 1:
                raise
            await asyncio.sleep(0.25 * 2**attempt)
        else:
            return


def _begin(row: ReportDelivery) -> bool:
    """Note that the server is about to be asked; False when it must not be."""
    if row.state == "sending":
        # Whoever asked it died before it could tell.
        _note(row, Result("outcome_unknown", "dot", None, "the worker was lost"))
        row.state = policy.UNKNOWN
    if not policy.is_open(row.state, row.log):
        return False
    row.state = "sending"
    row.attempts += 1
    return True


def _end(row: ReportDelivery, result: Result) -> None:
    row.state = result.outcome
    row.smtp_code, row.response = result.code, result.response or None
    if result.outcome == "sent":
        row.sent_at = now()
    _note(row, result)


def _note(row: ReportDelivery, result: Result) -> None:
    entry = {
        "at": now().isoformat(timespec="milliseconds"),
        "stage": result.stage,
        "code": result.code,
        "outcome": result.outcome,
    }
    row.log = [*row.log, entry]


async def _conclude(
    session: AsyncSession, report: Report, rows: Sequence[ReportDelivery], base_s: float
) -> float | None:
    """Seconds until the next pass; None when the run is over."""
    jitter = random.random()  # noqa: S311 -- no secret
    for row in rows:
        if row.state == "retry" and row.attempts > policy.MAX_RETRIES:
            row.state = "failed"
    open_rows = [row for row in rows if policy.is_open(row.state, row.log)]
    if any(row.state in ("intent", "sending") for row in open_rows):
        return 0.0  # the pass was full, or somebody was added meanwhile
    has_success = any(row.state in ("sent", policy.UNKNOWN) for row in rows)
    if report.schedule_id is not None and not has_success and rows:
        retry = await runs.note_failure(session, report)
        if retry is not None and open_rows:
            return policy.retry_delay_s(retry, base_s, jitter)
        runs.give_up_mails(open_rows)
        return None
    if open_rows:
        return policy.retry_delay_s(max(row.attempts for row in open_rows), base_s, jitter)
    if has_success:
        await runs.note_delivered(session, report, policy.run_status(row.state for row in rows))
    return None
