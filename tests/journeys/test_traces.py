"""One request is one trace, through every hop."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from libs.events import tracing
from tests.journeys.conftest import Told

Span = dict[str, str]
PATIENCE = 20


async def _spans(file: Path, enough: Callable[[list[Span]], bool]) -> list[Span]:
    """Read the spans, when enough of them have been written."""
    until = time.monotonic() + PATIENCE
    while True:
        lines = (await asyncio.to_thread(file.read_text, encoding="utf-8")).splitlines()
        found = [json.loads(line) for line in lines]
        if enough(found) or time.monotonic() > until:
            return found
        await asyncio.sleep(0.2)


async def test_one_trace_leads_from_the_gateway_over_store_relay_and_topic_to_each_projection(told: Told) -> None:
    submitted = next(record for record in told.records["intake"] if record.type == "ApplicationSubmitted")
    _, trace_id, append_id, flags = submitted.members["traceparent"].split("-")
    assert flags == "01"

    def below(spans: list[Span], parent: str) -> set[tuple[str, str]]:
        return {(one["service"], one["name"]) for one in spans if one["trace"] == trace_id and one["parent"] == parent}

    wanted = {("intake", "publish"), ("gateway", "project resources"), ("review", "project review_reactions")}
    spans = await _spans(told.house.root / "traces.jsonl", lambda spans: wanted <= below(spans, append_id))
    assert wanted <= below(spans, append_id)

    mine = {one["span"]: one for one in spans if one["trace"] == trace_id}
    append = mine[append_id]
    assert (append["service"], append["name"]) == ("intake", "append Submit")
    at_intake = mine[append["parent"]]
    assert at_intake["service"] == "intake"
    assert at_intake["name"].startswith("POST /v1/applications/")
    at_gateway = mine[at_intake["parent"]]
    assert (at_gateway["service"], at_gateway["name"]) == ("gateway", at_intake["name"])
    publish = next(one for one in mine.values() if one["name"] == "publish" and one["parent"] == append_id)
    project = next(one for one in mine.values() if one["name"] == "project resources" and one["parent"] == append_id)
    assert at_gateway["start"] <= at_intake["start"] <= append["start"] <= publish["start"] <= project["start"]


async def test_what_a_reaction_causes_belongs_to_the_same_trace(told: Told) -> None:
    by_id = {record.members["id"]: record for record in told.every}
    caused = [record for record in told.every if record.members["actorrole"] == "system"]
    pairs = [
        (record, by_id[record.members["causationid"]]) for record in caused if record.members["causationid"] in by_id
    ]
    assert pairs
    for record, cause in pairs:
        assert record.members["traceparent"][:35] == cause.members["traceparent"][:35]


def test_a_deployment_sends_its_spans_to_a_collector() -> None:
    received: list[ExportTraceServiceRequest] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Collector)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        provider = tracing.provider_of("intake", None, f"http://127.0.0.1:{server.server_port}/v1/traces")
        assert provider is not None
        provider.get_tracer("test").start_span("a span").end()
        provider.shutdown()
    finally:
        server.shutdown()
    scopes = [scope for one in received for resource in one.resource_spans for scope in resource.scope_spans]
    assert [span.name for scope in scopes for span in scope.spans] == ["a span"]
    assert tracing.provider_of("intake", None, "") is None
