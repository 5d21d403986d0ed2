"""Traces: set-up, SQL and HTTP spans, and a shutdown that a dead collector cannot block."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, Status, StatusCode
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine

from lsos import __version__
from lsos.core.settings.settings import Settings

FLUSH_MS = 2_000
EXPORT_TIMEOUT_S = 3
SQL_CHARS = 300
tracer = trace.get_tracer("lsos.sql")


class Telemetry:
    """The tracer provider of this process; create it after a fork, and close it at the end."""

    def __init__(self, settings: Settings, *, service: str) -> None:
        self._provider: TracerProvider | None = None
        if not settings.otel_exporter_endpoint:
            return
        resource = Resource.create({"service.name": service, "service.version": __version__})
        self._provider = TracerProvider(
            resource=resource,
            sampler=ParentBased(TraceIdRatioBased(settings.otel_sample_ratio)),
            shutdown_on_exit=False,
        )
        endpoint = settings.otel_exporter_endpoint.rstrip("/") + "/v1/traces"
        exporter = OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_TIMEOUT_S)
        self._provider.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=4_096, export_timeout_millis=FLUSH_MS)
        )
        trace.set_tracer_provider(self._provider)

    def close(self) -> None:
        """Flush for at most two seconds; spans that a hanging collector does not accept are
        dropped."""
        if self._provider is not None:
            # The exporter ignores our time limit; a hanging thread dies with the process.
            flushing = threading.Thread(
                target=self._provider.force_flush, args=(FLUSH_MS,), daemon=True
            )
            flushing.start()
            flushing.join(FLUSH_MS / 1_000)


def trace_sql(engine: AsyncEngine) -> None:
    """One span per statement, inside recorded spans only; parameters are never exported."""

    def before(
        connection: Connection, _: Any, statement: str, __: Any, context: Any, ___: bool
    ) -> None:
        if trace.get_current_span().is_recording():
            context.lsos_span = _start_sql(statement)

    def after(_: Connection, __: Any, ___: str, ____: Any, context: Any, _____: bool) -> None:
        span = getattr(context, "lsos_span", None)
        if span is not None:
            span.end()

    def failed(context: Any) -> None:
        span = getattr(context.execution_context, "lsos_span", None)
        if span is not None:
            # The error text may contain values of the row.
            span.set_attribute("error.type", type(context.original_exception).__name__)
            span.set_status(Status(StatusCode.ERROR))
            span.end()

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    event.listen(engine.sync_engine, "after_cursor_execute", after)
    event.listen(engine.sync_engine, "handle_error", failed)


@contextmanager
def sql_span(statement: str) -> Iterator[None]:
    """The span of a statement that bypasses SQLAlchemy."""
    current = _start_sql(statement)
    try:
        yield
    except Exception as error:
        current.set_attribute("error.type", type(error).__name__)
        current.set_status(Status(StatusCode.ERROR))
        raise
    finally:
        current.end()


def _start_sql(statement: str) -> trace.Span:
    verb = statement.lstrip()[:12].split(None, 1)[0].lower()
    return tracer.start_span(
        f"sql {verb}",
        kind=SpanKind.CLIENT,
        attributes={"db.system": "postgresql", "db.query.text": statement[:SQL_CHARS]},
    )


@contextmanager
def span(name: str, **attributes: Any) -> Iterator[trace.Span]:
    """Open a span; jobs that are enqueued within it carry its context."""
    with trace.get_tracer("lsos").start_as_current_span(name, attributes=attributes) as current:
        yield current


@contextmanager
def client_span(name: str, url: str, **attributes: Any) -> Iterator[trace.Span]:
    """A span for a call to another server, inside recorded spans only.

    Only host and port are recorded, because path, query and user may hold keys. Of an error only
    the class is recorded, because its text may contain the URL.
    """
    if not trace.get_current_span().is_recording():
        yield trace.INVALID_SPAN
        return
    parts = urlsplit(url)
    attributes["server.address"] = parts.hostname or ""
    if parts.port:
        attributes["server.port"] = parts.port
    with trace.get_tracer("lsos").start_as_current_span(
        name,
        kind=SpanKind.CLIENT,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except Exception as error:
            kind = getattr(error, "kind", type(error).__name__)
            current.set_attribute("error.type", str(kind))
            current.set_status(Status(StatusCode.ERROR))
            raise
