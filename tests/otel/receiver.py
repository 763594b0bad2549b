"""Collectors for tests: a receiver that decodes with the official protobufs, and the real one."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from running import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REQUESTS: dict[str, type[Any]] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}
TOOL = Path(__file__).parents[2] / "target" / "tools" / "otelcol"


class Span(NamedTuple):
    """A span as it was received; times in ns, ids in hexadecimal digits."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    begin: int
    end: int
    attributes: dict[str, Any]
    events: tuple[tuple[str, int], ...]
    failed: bool


class Record(NamedTuple):
    """A log record as it was received."""

    key: str
    at: int
    severity: int
    trace_id: str
    attributes: dict[str, Any]


class Point(NamedTuple):
    """A data point of a metric as it was received; a histogram's value is its count."""

    name: str
    unit: str
    kind: str
    value: float
    attributes: dict[str, Any]
    begin: int


@dataclass
class Receiver:
    """A collector in this process. `answers` has the status codes of the next requests; then 200."""

    address: str
    traces: list[ExportTraceServiceRequest] = field(default_factory=list)
    metrics: list[ExportMetricsServiceRequest] = field(default_factory=list)
    logs: list[ExportLogsServiceRequest] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answers: deque[int] = field(default_factory=deque)

    def spans(self) -> list[Span]:
        """Return all spans so far."""
        return [
            Span(
                each.name,
                each.trace_id.hex(),
                each.span_id.hex(),
                each.parent_span_id.hex(),
                each.kind,
                each.start_time_unix_nano,
                each.end_time_unix_nano,
                _values(each.attributes),
                tuple((event.name, event.time_unix_nano) for event in each.events),
                each.status.code == 2,
            )
            for request in self.traces
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for each in scope.spans
        ]

    def records(self) -> list[Record]:
        """Return all log records so far."""
        return [
            Record(
                each.event_name,
                each.time_unix_nano,
                each.severity_number,
                each.trace_id.hex(),
                _values(each.attributes),
            )
            for request in self.logs
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for each in scope.log_records
        ]

    def points(self) -> list[Point]:
        """Return the data points of the newest sample."""
        return [
            Point(
                metric.name,
                metric.unit,
                kind := metric.WhichOneof("data"),
                point.count if kind == "histogram" else getattr(point, point.WhichOneof("value")),
                _values(point.attributes),
                point.start_time_unix_nano,
            )
            for resource in (self.metrics[-1].resource_metrics if self.metrics else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in getattr(metric, metric.WhichOneof("data")).data_points
        ]

    def resource(self) -> dict[str, Any]:
        """Return the attributes of what sent the first trace."""
        return _values(self.traces[0].resource_spans[0].resource.attributes)


def _values(attributes: Iterable[Any]) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


@contextmanager
def receiver(port: int = 0) -> Iterator[Receiver]:
    """Run a receiver on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            made.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            code = made.answers.popleft() if made.answers else 200
            if code == 200:
                getattr(made, self.path.rpartition("/")[2]).append(REQUESTS[self.path].FromString(content))
            self.send_response(code)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    made = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Collector(NamedTuple):
    """The real collector, which writes what it received to a file."""

    address: str
    file: Path

    def received(self, kind: str) -> list[dict[str, Any]]:
        """Return the items so far: `resourceSpans`, `resourceMetrics` or `resourceLogs`."""
        text = self.file.read_text(encoding="utf-8") if self.file.exists() else ""
        lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
        return [each for line in lines for each in line.get(kind, ())]

    def spans(self) -> list[Span]:
        """Return all spans so far."""
        return [
            Span(
                each["name"],
                each["traceId"],
                each["spanId"],
                each.get("parentSpanId", ""),
                each["kind"],
                int(each["startTimeUnixNano"]),
                int(each["endTimeUnixNano"]),
                {one["key"]: next(iter(one["value"].values())) for one in each.get("attributes", ())},
                tuple((one["name"], int(one["timeUnixNano"])) for one in each.get("events", ())),
                each.get("status", {}).get("code") == 2,
            )
            for resource in self.received("resourceSpans")
            for scope in resource["scopeSpans"]
            for each in scope["spans"]
        ]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def collector(directory: Path) -> Iterator[Collector]:
    """Run the real collector; `make collector` builds it."""
    tool = str(TOOL) if TOOL.exists() else shutil.which("otelcol")
    assert tool is not None
    made = Collector(f"http://127.0.0.1:{free_port()}", directory / "received.jsonl")
    settings = {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": made.address.removeprefix("http://")}}}},
        "exporters": {"file": {"path": str(made.file), "flush_interval": "100ms"}},
        "service": {
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {
                name: {"receivers": ["otlp"], "exporters": ["file"]} for name in ("traces", "metrics", "logs")
            },
        },
    }
    config = directory / "collector.yaml"
    config.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    said = directory / "collector.log"
    with said.open("w") as out:
        process = subprocess.Popen([tool, "--config", str(config)], stdout=out, stderr=out)
        try:
            wait_for(
                lambda: process.poll() is not None or "Everything is ready" in said.read_text(),
                "the collector is ready",
            )
            assert process.poll() is None, said.read_text()
            yield made
        finally:
            process.terminate()
            process.wait(30)
