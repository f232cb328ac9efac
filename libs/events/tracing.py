"""Traces across HTTP, store, relay, Kafka and projection: W3C trace context in the event itself.

Only what is sampled costs anything: whoever sees a `traceparent` that ends in `-00` makes no span.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("zhicheng")
_keeping = Event()
"""Whether this process keeps spans at all."""
_MEMBER, _LENGTH = b'"traceparent":"', 55


class FileExporter(SpanExporter):
    """Writes one JSON line a finished span; for a laptop. A deployment sends them to a collector."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write the spans."""
        for span in spans:
            context = span.get_span_context()
            if context is None:
                continue
            self._file.write(
                json.dumps(
                    {
                        "trace": f"{context.trace_id:032x}",
                        "span": f"{context.span_id:016x}",
                        "parent": f"{span.parent.span_id:016x}" if span.parent else "",
                        "service": span.resource.attributes.get("service.name", ""),
                        "name": span.name,
                        "start": span.start_time,
                        "end": span.end_time,
                        "attributes": dict(span.attributes or {}),
                    }
                )
                + "\n"
            )
        return SpanExportResult.SUCCESS


def provider_of(service: str, path: Path | None, endpoint: str) -> TracerProvider | None:
    """Give what keeps spans in a file, or sends them by OTLP over HTTP; None when neither is asked for."""
    exporters: list[SpanExporter] = []
    if path is not None:
        exporters.append(FileExporter(path))
    if endpoint:
        exporters.append(OTLPSpanExporter(endpoint))
    if not exporters:
        return None
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    for exporter in exporters:
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=500))
    return provider


def start_tracing(service: str, path: Path | None, endpoint: str) -> None:
    """Keep this process's spans, or send them away, as asked."""
    provider = provider_of(service, path, endpoint)
    if provider is not None:
        trace.set_tracer_provider(provider)
        _keeping.set()


def new_traceparent(ratio: float) -> str:
    """Begin a trace, sampled by `ratio` (0 to 1)."""
    # 16 bytes of trace, 8 of span, 4 that decide. Nothing is secret about a trace.
    drawn = f"{random.getrandbits(224):056x}"
    kept = int(drawn[48:], 16) < ratio * 2**32
    return f"00-{drawn[:32]}-{drawn[32:48]}-{'01' if kept else '00'}"


def sampled(traceparent: str) -> bool:
    """Tell whether a trace is kept."""
    return traceparent.endswith("-01")


@contextmanager
def span(name: str, traceparent: str, **attributes: Any) -> Generator[str]:
    """Make a span where the trace is kept; give the `traceparent` to pass on."""
    if not sampled(traceparent):
        yield traceparent
        return
    parent = _propagator.extract({"traceparent": traceparent})
    with _tracer.start_as_current_span(name, context=parent, attributes=attributes) as current:
        context = current.get_span_context()
        if not context.is_valid:
            yield traceparent
            return
        yield f"00-{context.trace_id:032x}-{context.span_id:016x}-01"


def passed(name: str, records: Iterable[bytes], began: int) -> None:
    """Make a span for each record whose trace is kept: a batch of them was `began` (nanoseconds) and is done now.

    A batch is searched, not parsed: its records go by at a hundred thousand a second.
    """
    if not _keeping.is_set():
        return
    ended = time.time_ns()
    for record in records:
        # A quote inside a text is escaped, and `data` comes before `traceparent`: the last is the envelope's own.
        begins = record.rfind(_MEMBER) + len(_MEMBER)
        traceparent = record[begins : begins + _LENGTH]
        if traceparent.endswith(b"-01"):
            parent = _propagator.extract({"traceparent": traceparent.decode()})
            _tracer.start_span(name, context=parent, start_time=began).end(ended)
