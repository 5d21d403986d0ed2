"""JSON logs with request id, tenant, campaign and job, with secrets redacted."""

import logging
import sys
from collections.abc import Iterable, MutableMapping
from typing import TextIO

import msgspec
import structlog
from opentelemetry import trace
from structlog.typing import Processor

from lsos.core.redaction import Redactor


def configure(level: str, *, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Route structlog and the standard library's loggers to one JSON stream (stderr by default).

    Our own log lines bypass the standard library, whose records cost more than all our processing.
    """
    out = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _trace_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        Redactor(secrets),
    ]
    render = structlog.processors.JSONRenderer(serializer=_dump)
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                render,
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
    """Id of the current request, or of the request that enqueued the job; "" if there is none."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def _dump(event: object, **_: object) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()
