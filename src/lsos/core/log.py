"""JSON logs with request id, tenant, campaign and job, and without secrets."""

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from datetime import datetime
from typing import TextIO
from uuid import UUID

import msgspec
import structlog
from opentelemetry import trace
from structlog.typing import Processor

SECRET_NAME = re.compile(
    r"passw|secret|token|authorization|api_?key|cookie|dsn|credential", re.IGNORECASE
)
BEARER = re.compile(r"(?i)\b(bearer\s+|lsk_)[A-Za-z0-9._~+/=-]{8,}")
JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.?[A-Za-z0-9_-]*")
USERINFO = re.compile(r"(?<=://)[^/\s?#]+@")
PLAIN = (int, float, bool, type(None), datetime, UUID)
MAX_DEPTH = 10
HIDDEN = "[hidden]"


def configure(level: str, *, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Route structlog and the standard library's loggers to one JSON stream (stderr by default)."""
    out = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _trace_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        Redactor(secrets),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_dump),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("uvicorn.access", "arq.worker", "asyncio"):
        logging.getLogger(noisy).setLevel("WARNING")


def _trace_id(
    _: object, __: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
    return event


def request_id() -> str:
    """Id of the request or of the job's request; "" outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


class Redactor:
    """Hides known secret values everywhere, and any value whose name sounds secret."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted({s for s in secrets if s}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(
        self, _: object, __: str, event: MutableMapping[str, object]
    ) -> MutableMapping[str, object]:
        for name, value in event.items():
            if not name.startswith("_"):
                event[name] = HIDDEN if SECRET_NAME.search(name) and value else self.clean(value)
        return event

    def clean(self, value: object, depth: int = 0) -> object:
        """The value as plain data without secrets; what is no plain data becomes its text."""
        if isinstance(value, PLAIN):
            return value
        if depth > MAX_DEPTH:
            return "..."
        if isinstance(value, Mapping):
            return {
                self._text(str(k)): HIDDEN
                if SECRET_NAME.search(str(k)) and v
                else self.clean(v, depth + 1)
                for k, v in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.clean(v, depth + 1) for v in value]
        if isinstance(value, bytes | bytearray):
            return self._text(value.decode("utf-8", "replace"))
        return self._text(value if isinstance(value, str) else str(value))

    def _text(self, text: str) -> str:
        if self._known:
            text = self._known.sub(HIDDEN, text)
        for pattern in (BEARER, JWT):
            text = pattern.sub(HIDDEN, text)
        return USERINFO.sub(HIDDEN + "@", text)


def _dump(event: object, **_: object) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()
