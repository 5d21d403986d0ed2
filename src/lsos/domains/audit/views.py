"""Issues and checks as answer bodies, and the ids of issues."""

import base64
import binascii
from typing import Any
from uuid import UUID

import msgspec

from lsos.checks.base import Check
from lsos.checks.catalogue import BY_CODE
from lsos.checks.engine import CheckSetting
from lsos.core.errors import NotFound
from lsos.domains.audit.schemas import CheckView, IssueView


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
