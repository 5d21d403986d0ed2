"""Rows of a crawl as answer bodies, and the ids of issues."""

import base64
import binascii
from typing import Any
from uuid import UUID

import msgspec

from lsos.checks.base import Check
from lsos.checks.catalogue import BY_CODE
from lsos.checks.engine import CheckSetting
from lsos.core.clock import now
from lsos.core.errors import NotFound
from lsos.domains.crawl.rules import RunSettings
from lsos.domains.crawl.schemas import (
    CheckView,
    IssueView,
    PageView,
    Progress,
    RunView,
    ScoreBasis,
)


def run_view(run: Any) -> RunView:
    """Of a run, or of a row with its columns."""
    settings = msgspec.convert(run.settings, RunSettings)
    return RunView(
        id=run.id,
        campaign_id=run.campaign_id,
        state=run.state,
        phase=run.phase,
        mode=settings.mode,
        start_url=str((run.site or run.settings)["start_url"]),
        progress=Progress(
            admitted=run.admitted,
            done=run.done,
            pages=run.pages,
            errors=run.errors,
            unmeasured=run.unmeasured,
            reused=run.reused,
            bytes=run.bytes,
            max_pages=settings.max_pages,
            pages_per_s=_rate(run),
        ),
        is_cut_off=run.is_cut_off,
        technical_score=run.technical_score,
        score=None if run.score is None else msgspec.convert(run.score, ScoreBasis),
        issue_counts=run.issue_counts,
        reason_code=run.reason_code,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
    )


def _rate(run: Any) -> float | None:
    if run.started_at is None:
        return None
    seconds = ((run.finished_at or now()) - run.started_at).total_seconds()
    return round(run.done / seconds, 1) if seconds > 0 else None


def page_view(row: Any) -> PageView:
    return PageView(
        url=row.url,
        depth=row.depth,
        status=row.status or None,
        error=row.error,
        redirect_url=row.redirect_url,
        content_type=row.content_type,
        title=row.title,
        canonical=row.canonical,
        words=row.words,
        body_bytes=row.body_bytes,
        ttfb_ms=row.ttfb_ms,
        is_html=row.is_html,
        is_indexable=row.is_indexable,
        is_reused=row.is_reused,
        fetched_at=row.fetched_at,
    )


def issue_view(issue: Any, ignored_reason: str | None) -> IssueView:
    check = BY_CODE.get(issue.code)
    return IssueView(
        id=encode_issue(issue.run_id, issue.code, issue.subject),
        code=issue.code,
        title=check.title if check else issue.code,
        severity=issue.severity,
        scope=issue.scope,
        url=issue.url,
        count=issue.count,
        evidence=issue.evidence,
        ignored_reason=ignored_reason,
    )


def encode_issue(run_id: UUID, code: str, subject: int) -> str:
    raw = msgspec.msgpack.encode((run_id.bytes, code, subject))
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_issue(issue_id: str) -> tuple[UUID, str, int]:
    try:
        raw = base64.urlsafe_b64decode(issue_id + "=" * (-len(issue_id) % 4))
        run_id, code, subject = msgspec.msgpack.decode(raw, type=tuple[bytes, str, int])
        return UUID(bytes=run_id), code, subject
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise NotFound("no such issue", code="issue_not_found") from error


def check_view(check: Check, setting: CheckSetting | None) -> CheckView:
    own = setting or CheckSetting()
    return CheckView(
        code=check.code,
        topic=check.topic,
        severity=own.severity or check.severity,
        scope=check.scope,
        needs=check.needs,
        title=check.title,
        why=check.why,
        fix=check.fix,
        source=check.source,
        limits={**check.limits, **own.limits},
        is_enabled=own.is_enabled,
        is_changed=setting is not None and setting != CheckSetting(),
    )
