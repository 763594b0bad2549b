"""The exporter's requests: what each answer of a collector means, and the values that are encoded."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from cctelegram.otel.encode import any_value, resource
from cctelegram.otel.post import Collector, Refused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def answering(status: int, body: bytes = b"", **headers: str) -> Iterator[Collector]:
    """A collector's client whose server answers everything alike."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with Collector(f"http://127.0.0.1:{server.server_port}", {}) as collector:
                yield collector
        finally:
            server.shutdown()
            thread.join()


def test_the_items_that_a_collector_rejected_are_counted() -> None:
    traces = ExportTraceServiceResponse()
    traces.partial_success.rejected_spans = 3
    with answering(200, traces.SerializeToString()) as collector:
        assert collector.post("traces", b"") == 3
    logs = ExportLogsServiceResponse()
    logs.partial_success.rejected_log_records = 2
    with answering(200, logs.SerializeToString()) as collector:
        assert collector.post("logs", b"") == 2


@pytest.mark.parametrize("body", [b"", b"<html>not protobuf</html>"])
def test_a_success_that_says_nothing_rejects_nothing(body: bytes) -> None:
    with answering(200, body) as collector:
        assert collector.post("metrics", b"") == 0


def test_what_is_wrong_with_the_request_is_refused_for_good() -> None:
    with answering(400) as collector, pytest.raises(Refused, match="/v1/logs answered 400 Bad Request"):
        collector.post("logs", b"")


@pytest.mark.parametrize(
    ("status", "hint"),
    [(401, "check OTEL_EXPORTER_OTLP_HEADERS"), (403, "check OTEL_EXPORTER"), (404, "without /v1/traces")],
)
def test_an_answer_that_settings_can_mend_says_which(status: int, hint: str) -> None:
    with answering(status) as collector, pytest.raises(Unreachable, match=hint) as raised:
        collector.post("traces", b"")
    assert raised.value.after is None


@pytest.mark.parametrize(
    ("header", "after"), [("7", 7.0), ("-7", 0.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), (None, None)]
)
def test_a_collector_says_how_long_to_wait(header: str | None, after: float | None) -> None:
    headers = {} if header is None else {"retry_after": header}
    with answering(503, b"", **headers) as collector, pytest.raises(Unreachable) as raised:
        collector.post("traces", b"")
    assert raised.value.after == after


def test_nobody_who_listens_is_unreachable() -> None:
    with answering(200) as collector:
        pass
    with (
        Collector(f"{collector._endpoint}", {}) as late,
        pytest.raises(Unreachable, match=r"/v1/metrics: .*refused"),
    ):
        late.post("metrics", b"")


def test_values_keep_their_kind_and_others_become_text() -> None:
    assert any_value(True).bool_value is True
    assert any_value(-7).int_value == -7
    assert any_value(1.5).double_value == 1.5
    assert any_value(1 << 63).string_value == "9223372036854775808"
    assert any_value([1]).string_value == "[1]"


def test_the_environment_names_the_service_and_adds_attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {
        "OTEL_RESOURCE_ATTRIBUTES": "team=a%20b, empty ,=nameless,service.name=ours",
        "OTEL_SERVICE_NAME": "phone",
    }
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    found = {each.key: each.value.string_value for each in resource("/home").attributes}
    assert (found["team"], found["service.name"]) == ("a b", "phone")
    assert found["service.instance.id"].endswith(":/home")
    assert "empty" not in found
    assert "" not in found
