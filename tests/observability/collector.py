"""A collector of traces that speaks OTLP: real HTTP, real protobuf."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.canaries.watch import WATCH


@attrs.frozen
class Seen:
    """A span as the collector has it."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    facts: dict[str, Any]
    failed: bool
    links: tuple[str, ...]


@attrs.define
class Collector:
    """What has arrived; while it ``hangs``, nothing is answered."""

    url: str = ""
    bodies: list[bytes] = attrs.field(factory=list)
    paths: list[str] = attrs.field(factory=list)
    hangs: threading.Event | None = None

    @property
    def resource(self) -> dict[str, Any]:
        message = ExportTraceServiceRequest.FromString(self.bodies[0])
        return _facts(message.resource_spans[0].resource.attributes)

    @property
    def spans(self) -> list[Seen]:
        return [
            _seen(span)
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def named(self, name: str) -> Seen:
        (found,) = [one for one in self.spans if one.name == name]
        return found

    def beneath(self, span: Seen) -> list[Seen]:
        """All that is under a span, at any depth."""
        children = [one for one in self.spans if one.parent_id == span.span_id]
        return children + [one for child in children for one in self.beneath(child)]


def _seen(span: Any) -> Seen:
    return Seen(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.kind,
        _facts(span.attributes),
        span.status.code == span.status.STATUS_CODE_ERROR,
        tuple(link.trace_id.hex() for link in span.links),
    )


def _facts(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a free port."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            if collector.hangs is not None:
                collector.hangs.wait(30)
                return
            assert self.headers["content-type"] == "application/x-protobuf"
            collector.paths.append(self.path)
            collector.bodies.append(body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        collector.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
            for body in collector.bodies:
                WATCH.tell("a span", body.decode(errors="replace"))
