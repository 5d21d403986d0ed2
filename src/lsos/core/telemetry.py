"""Traces: set-up, spans of SQL statements, and an end that a dead collector can't hold up."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine

from lsos import __version__
from lsos.core.settings import Settings

FLUSH_MS = 2_000
EXPORT_TIMEOUT_S = 3
SQL_CHARS = 300
tracer = trace.get_tracer("lsos.sql")


class Telemetry:
    """The tracer provider of this process; create it after fork, close it at the end."""

    def __init__(self, settings: Settings, *, service: str) -> None:
        self._provider: TracerProvider | None = None
        if not settings.otel_exporter_endpoint:
            return
        resource = Resource.create({"service.name": service, "service.version": __version__})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        endpoint = settings.otel_exporter_endpoint.rstrip("/") + "/v1/traces"
        exporter = OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_TIMEOUT_S)
        self._provider.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=4_096, export_timeout_millis=FLUSH_MS)
        )
        trace.set_tracer_provider(self._provider)

    def close(self) -> None:
        """Flush for at most two seconds; what a hanging collector does not take is dropped."""
        if self._provider is not None:
            self._provider.force_flush(FLUSH_MS)


def trace_sql(engine: AsyncEngine) -> None:
    """A span a statement, only inside a span that is recorded; parameters never leave."""

    def before(
        connection: Connection, _: Any, statement: str, __: Any, context: Any, ___: bool
    ) -> None:
        if trace.get_current_span().is_recording():
            verb = statement.lstrip()[:12].split(None, 1)[0].lower()
            context.lsos_span = tracer.start_span(
                f"sql {verb}",
                kind=SpanKind.CLIENT,
                attributes={"db.system": "postgresql", "db.query.text": statement[:SQL_CHARS]},
            )

    def after(_: Connection, __: Any, ___: str, ____: Any, context: Any, _____: bool) -> None:
        span = getattr(context, "lsos_span", None)
        if span is not None:
            span.end()

    def failed(context: Any) -> None:
        span = getattr(context.execution_context, "lsos_span", None)
        if span is not None:
            span.record_exception(context.original_exception)
            span.end()

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    event.listen(engine.sync_engine, "after_cursor_execute", after)
    event.listen(engine.sync_engine, "handle_error", failed)


@contextmanager
def span(name: str, **attributes: Any) -> Iterator[trace.Span]:
    with trace.get_tracer("lsos").start_as_current_span(name, attributes=attributes) as current:
        yield current
