"""What a collector receives from a real bridge: one trace for each event, each once, metrics and logs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from cctelegram.monitor import catalogue
from flow.phone import see
from otel import receiver as receivers
from running import QUICK, RunningBridge, bridge, make_home, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cctelegram.sandbox.child import Sandbox

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GIVEN = f"00-{TRACE}-{CALLER}-01"
STEPS = ["event approval_request", "take", "store", "wait", "render", "send", "answer", "write answer"]
COLLECTOR = receivers.TOOL.exists() or shutil.which("otelcol") or os.environ.get("CCTELEGRAM_TEST_COLLECTOR")


def config(address: str, interval: float = 1.0) -> str:
    return f'{QUICK}\n[otel]\nendpoint = "{address}"\ninterval_seconds = {interval}\n'


@contextmanager
def exporting(tmp_path: Path, sandbox: Sandbox, address: str, **env: str) -> Iterator[RunningBridge]:
    home = make_home(tmp_path / "home", sandbox, config(address), **env)
    with bridge(home) as running:
        yield running


def test_the_bridge_loads_nothing_of_it_and_without_an_endpoint_starts_nothing(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    code = (
        "import sys, cctelegram.cli.bridge, cctelegram.daemon.bridge\n"
        "ours = ('opentelemetry', 'google', 'cctelegram.otel')\n"
        "print([name for name in sys.modules if name.startswith(ours)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    with bridge(make_home(tmp_path / "home", fast_sandbox)) as running:
        running.wait_status(lambda now: now["telegram_connected"], "connected")
        assert "otel" not in running.status()
        assert children(running.process.pid) == []


def test_the_modules_in_the_memory_of_a_bridge_that_exports_include_none_of_opentelemetry(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    with (
        receivers.receiver() as collector,
        exporting(tmp_path, fast_sandbox, collector.address) as running,
    ):
        wait_for(lambda: collector.metrics, "metrics")
        assert len(children(running.process.pid)) == 1
        # The compiled protobuf module would be mapped; prometheus_client is not needed by this scrape.
        maps = Path(f"/proc/{running.process.pid}/maps").read_text()
        assert "google/_upb" not in maps


def test_a_change_of_the_settings_starts_and_ends_the_exporter(tmp_path: Path, fast_sandbox: Sandbox) -> None:
    home = make_home(tmp_path / "home", fast_sandbox)
    with receivers.receiver() as collector, bridge(home) as running:
        assert children(running.process.pid) == []
        (home / "config.toml").write_text(config(collector.address), encoding="utf-8")
        wait_for(lambda: collector.metrics, "metrics")
        (home / "config.toml").write_text(QUICK, encoding="utf-8")
        wait_for(lambda: children(running.process.pid) == [], "the exporter ends")
        assert "otel" not in running.status()


def test_the_packages_are_missing_a_sentence_says_how_to_install_them(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    (tmp_path / "without" / "opentelemetry").mkdir(parents=True)
    (tmp_path / "without" / "opentelemetry" / "__init__.py").touch()
    home = make_home(tmp_path / "home", fast_sandbox, config("http://127.0.0.1:9"))
    with bridge(home, PYTHONPATH=str(tmp_path / "without")) as running:
        found = running.wait_status(lambda now: now.get("otel", {}).get("problem"), "the sentence")
        assert "pip install 'cctelegram[otel]'" in found["otel"]["problem"]
        running.put("a.json", {"type": "build_failed", "title": "Build"})
        see(fast_sandbox, "Build")


def children(pid: int) -> list[int]:
    """Return the child processes of a bridge."""
    return [each.pid for each in psutil.Process(pid).children() if each.status() != psutil.STATUS_ZOMBIE]


def ask_and_answer(
    running: RunningBridge, sandbox: Sandbox, name: str = "q", **fields: Any
) -> dict[str, Any]:
    event = {"type": "approval_request", "title": f"Question {name}", "event_id": name, "task_id": "task-1"}
    running.put(f"{name}.json", {**event, **fields})
    sandbox.control.tap(see(sandbox, f"Question {name}")["message_id"], "Approve")
    return wait_for(
        lambda: next((each for each in running.responses() if each["event_id"] == name), {}), "answer"
    )


def one_trace(spans: list[receivers.Span]) -> None:
    """Check the spans of one question that was asked with GIVEN, and answered."""
    by_name = {each.name: each for each in spans}
    assert sorted(each.name for each in spans) == sorted(STEPS)
    root = by_name.pop("event approval_request")
    assert {each.trace_id for each in spans} == {TRACE}
    assert root.parent_id == CALLER
    assert {each.parent_id for each in by_name.values()} == {root.span_id}
    assert len({each.span_id for each in spans}) == len(spans)
    begins = [by_name[name].begin for name in STEPS[1:]]
    assert begins == sorted(begins)
    for each in by_name.values():
        assert root.begin <= each.begin <= each.end <= root.end
    assert by_name["render"].begin == by_name["wait"].end
    assert by_name["answer"].end == by_name["write answer"].begin


def test_a_question_is_one_trace_from_its_file_to_the_answer(tmp_path: Path, fast_sandbox: Sandbox) -> None:
    with (
        receivers.receiver() as collector,
        exporting(tmp_path, fast_sandbox, collector.address) as running,
    ):
        answer = ask_and_answer(running, fast_sandbox, traceparent=GIVEN, correlation_id="c-1")
        assert answer["traceparent"] == GIVEN
        spans = wait_for(collector.spans, "spans")
    one_trace(spans)
    by_name = {each.name: each for each in spans}
    root = by_name["event approval_request"].attributes
    assert root["messaging.message.id"] == "q"
    assert root["messaging.message.conversation_id"] == "c-1"
    assert root["cctelegram.event.lane"] == "decisions"
    assert root["cctelegram.task.id"] == "task-1"
    send = by_name["send"]
    assert send.kind == 3
    message = fast_sandbox.control.messages()[0]
    assert send.attributes["messaging.system"] == "telegram"
    assert send.attributes["messaging.operation.type"] == "send"
    assert send.attributes["messaging.operation.name"] == "sendMessage"
    assert send.attributes["messaging.destination.name"] == str(fast_sandbox.user_id)
    assert send.attributes["messaging.message.id"] == str(message["message_id"])
    assert send.attributes["server.address"] == "127.0.0.1"
    assert [name for name, _ in send.events] == ["request", "arrived"]
    assert by_name["answer"].attributes["cctelegram.decision.state"] == "answered"
    resource = collector.resource()
    assert resource["service.name"] == "cctelegram"
    assert resource["service.instance.id"].endswith(str(tmp_path / "home"))


@pytest.mark.skipif(not COLLECTOR, reason="no OpenTelemetry collector: `make collector` builds one")
def test_the_real_collector_receives_the_trace_the_metrics_and_the_logs(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    with (
        receivers.collector(tmp_path) as collector,
        exporting(tmp_path, fast_sandbox, collector.address) as running,
    ):
        ask_and_answer(running, fast_sandbox, traceparent=GIVEN)
        one_trace(wait_for(collector.spans, "spans"))

        def record() -> dict[str, Any]:
            return next(
                (
                    each
                    for resource in collector.received("resourceLogs")
                    for scope in resource["scopeLogs"]
                    for each in scope["logRecords"]
                    if each["body"]["stringValue"] == "delivery.sent"
                ),
                {},
            )

        assert wait_for(record, "the log")["traceId"] == TRACE

        def names() -> set[str]:
            return {
                each["name"]
                for resource in collector.received("resourceMetrics")
                for scope in resource["scopeMetrics"]
                for each in scope["metrics"]
            }

        known = {each.otel_name for each in catalogue.METRICS}
        assert catalogue.RESIDENT.otel_name in wait_for(names, "metrics") <= known


def test_an_event_without_a_trace_begins_one_and_the_log_lines_of_the_event_are_in_it(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    with (
        receivers.receiver() as collector,
        exporting(tmp_path, fast_sandbox, collector.address) as running,
    ):
        running.put("a.json", {"type": "build_failed", "title": "Build", "event_id": "b-1"})
        spans = wait_for(collector.spans, "spans")
        lines = wait_for(lambda: [each for each in collector.records() if each.key == "delivery.sent"], "log")
        answers = running.responses()
    (root,) = [each for each in spans if each.name == "event build_failed"]
    assert root.parent_id == ""
    assert {each.trace_id for each in spans} == {root.trace_id}
    assert [each.name for each in spans] == ["event build_failed", "take", "store", "wait", "render", "send"]
    (line,) = lines
    assert (line.trace_id, line.attributes["event_id"], line.severity) == (root.trace_id, "b-1", 9)
    assert answers == []


def test_every_metric_of_the_bridge_arrives_under_its_opentelemetry_name(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    with (
        receivers.receiver() as collector,
        exporting(tmp_path, fast_sandbox, collector.address) as running,
    ):
        running.put("a.json", {"type": "build_failed", "title": "Build"})
        see(fast_sandbox, "Build")
        wait_for(collector.points, "metrics")
        before = len(collector.metrics)
        wait_for(lambda: len(collector.metrics) > before, "the next sample")
        points = collector.points()
        _, text = running.get("/metrics")
    scraped = {line.split()[2] for line in text.decode().splitlines() if line.startswith("# TYPE")}
    named = {each.otel_name: each for each in catalogue.METRICS}
    assert {each.name for each in points} <= set(named)
    assert {named[each.name].name for each in points} == {
        each.name
        for each in catalogue.METRICS
        if each.name in scraped or each.name.removesuffix("_total") in scraped
    } - {catalogue.INFO.name}
    kinds = {"counter": "sum", "gauge": "gauge", "histogram": "histogram"}
    for each in points:
        metric = named[each.name]
        assert each.kind == kinds[metric.kind]
        assert set(each.attributes) == {label.name for label in metric.labels}
    (resident,) = [each for each in points if each.name == catalogue.RESIDENT.otel_name]
    assert resident.unit == "By"
    assert resident.value > 10_000_000


def test_a_restart_exports_nothing_twice_and_loses_nothing(tmp_path: Path, fast_sandbox: Sandbox) -> None:
    with receivers.receiver() as collector:
        with exporting(tmp_path, fast_sandbox, collector.address) as running:
            for number in range(5):
                running.put(
                    f"{number}.json",
                    {"type": "build_failed", "title": f"Build {number}", "event_id": f"b{number}"},
                )
            see(fast_sandbox, "Build 4")
            wait_for(lambda: len(roots(collector)) == 5, "all five")
            assert running.stop() == 0
        home = tmp_path / "home"
        with bridge(home) as running:
            running.put("6.json", {"type": "build_failed", "title": "Build 6", "event_id": "b6"})
            wait_for(lambda: len(roots(collector)) >= 6, "the sixth")
            running.kill()
        with bridge(home) as running:
            running.put("7.json", {"type": "build_failed", "title": "Build 7", "event_id": "b7"})
            wait_for(lambda: len(roots(collector)) >= 7, "the seventh")
            count = len(collector.requests)
            wait_for(lambda: len(collector.requests) > count + 3, "more rounds")
            assert running.stop() == 0
        ids = [each.span_id for each in collector.spans()]
        assert len(ids) == len(set(ids))
        assert sorted(roots(collector)) == ["b0", "b1", "b2", "b3", "b4", "b6", "b7"]
        sent = [each.attributes["event_id"] for each in collector.records() if each.key == "delivery.sent"]
        assert sorted(sent) == sorted(set(sent))


def roots(collector: receivers.Receiver) -> list[str]:
    return [
        each.attributes["messaging.message.id"]
        for each in collector.spans()
        if each.name.startswith("event ")
    ]


def test_a_collector_that_is_down_delays_telemetry_and_nothing_else(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    port = receivers.free_port()
    with exporting(tmp_path, fast_sandbox, f"http://127.0.0.1:{port}") as running:
        answer = ask_and_answer(running, fast_sandbox, traceparent=GIVEN)
        assert answer["action"] == "approved"
        found = running.wait_status(lambda now: now.get("otel", {}).get("problem"), "a problem")
        assert any("telemetry is not exported" in each for each in found["reasons"])
        assert found["otel"]["again_seconds"] > 0
        assert found["health"] == "degraded"
        with receivers.receiver(port) as collector:
            one_trace(wait_for(collector.spans, "spans", 60))
            running.wait_status(lambda now: now["otel"]["problem"] is None, "recovered")
            keys = [each["event"] for each in running.log()]
            assert keys.count("telemetry.failed") == keys.count("telemetry.recovered") == 1


def test_a_refused_span_is_left_out_and_the_others_arrive(tmp_path: Path, fast_sandbox: Sandbox) -> None:
    with receivers.receiver() as collector:
        # Metrics, then the two events together, then each alone: the first is refused for good.
        collector.answers.extend([200, 400, 400, 200])
        home = make_home(tmp_path / "home", fast_sandbox, config(collector.address, 3.0))
        (home / "events").mkdir()
        for name in ("a", "b"):
            (home / "events" / f"{name}.json").write_text(
                json.dumps(
                    {
                        "type": "build_failed",
                        "title": f"Build {name}",
                        "event_id": name,
                        "timestamp": f"2026-01-01T00:00:0{'ab'.index(name)}Z",
                    }
                )
            )
        with bridge(home) as running:
            found = running.wait_status(lambda now: now.get("otel", {}).get("refused"), "refused")
            assert found["otel"]["problem"] is None
            wait_for(lambda: len(roots(collector)) == 1, "the other")


def test_headers_are_sent_and_shown_nowhere(tmp_path: Path, fast_sandbox: Sandbox) -> None:
    secret = "kept-to-itself"
    with (
        receivers.receiver() as collector,
        exporting(
            tmp_path, fast_sandbox, collector.address, OTEL_EXPORTER_OTLP_HEADERS=f"x-key={secret}%21,b=c"
        ) as running,
    ):
        _, headers = wait_for(lambda: collector.requests[:1], "a request")[0]
        assert (headers["x-key"], headers["b"]) == (f"{secret}!", "c")
        assert secret not in json.dumps(running.status())
        assert secret not in json.dumps(running.log())
