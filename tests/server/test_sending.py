"""What the sending tools write into the spool, what they return, and what they refuse."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from cctelegram import _native
from server.conftest import Bridge, events
from server.wire import MODERN, Wire

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SENDING: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "send_telegram_event",
        {"type": "build_failed", "title": "Build", "description": "d", "task_id": "t",
         "data": {"exit_code": 2}},
        {"description": "d", "task_id": "t", "source": "claude-code", "data": {"exit_code": 2}},
    ),
    (
        "send_telegram_event",
        {"type": "something_new", "title": "T", "source": "ci"},
        {"type": "something_new", "title": "T", "source": "ci"},
    ),
    (
        "send_telegram_message",
        {"message": "Lunch?\n\nAt **one**."},
        {"type": "info_notification", "title": "Lunch?", "description": "At **one**."},
    ),
    (
        "send_task_completion",
        {"task_id": "42", "title": "Done", "results": "all", "files_affected": ["a.py"], "duration_ms": 1500},
        {"type": "task_completion", "title": "Done", "task_id": "42", "description": "all",
         "data": {"status": "completed", "files_affected": ["a.py"], "duration_ms": 1500}},
    ),
    (
        "send_performance_alert",
        {"title": "p95", "current_value": 12.5, "threshold": 10},
        {"type": "performance_alert", "title": "p95",
         "data": {"current_value": 12.5, "threshold": 10, "severity": "medium"}},
    ),
    (
        "send_approval_request",
        {"title": "Deploy", "description": "to production"},
        {"type": "approval_request", "title": "Deploy", "description": "to production",
         "data": {"options": ["Approve", "Deny"], "timeout_minutes": 30}},
    ),
    (
        "send_approval_request",
        {"title": "D", "description": "d", "options": ["A", "B"], "timeout_minutes": 5,
         "default_on_timeout": "B"},
        {"data": {"options": ["A", "B"], "timeout_minutes": 5, "default_on_timeout": "B"}},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "arguments", "expected"), SENDING)
def test_r35_a_sending_tool_writes_the_event_while_the_bridge_is_down_and_reports_that(
    wire: Wire, home: Path, tool: str, arguments: dict[str, Any], expected: dict[str, Any]
) -> None:
    result = wire.call(tool, arguments)
    assert result["isError"] is False
    told = result["structuredContent"]
    [event] = events(home)
    assert expected.items() <= event.items()
    assert event["event_id"] == told["event_id"]
    assert event["correlation_id"]
    assert told["accepted"] is True
    assert json.loads((home / "events" / told["path"].rpartition("/")[2]).read_bytes()) == event
    assert told["bridge"]["running"] is False
    assert "cctelegram bridge" in told["bridge"]["note"]
    assert told["bridge"]["note"] in result["content"][0]["text"]
    assert stat.S_IMODE(Path(told["path"]).stat().st_mode) == 0o600
    # Clients that read only text get the same.
    assert json.loads(result["content"][1]["text"]) == told


def test_a_sending_tool_reports_that_the_bridge_runs(wire: Wire, bridge: Bridge) -> None:
    assert bridge
    told = wire.call("send_telegram_message", {"message": "x"})["structuredContent"]
    assert told["bridge"] == {"running": True}


TITLES = [
    "Build: main/42",
    'He said "no" \\ and left',
    "Déjà vu — ça va?",
    "部署失败 🚀 नमस्ते",
    "<b>&amp;</b> `x` *y* _z_",
    "x" * 200,
    "'; DROP TABLE events; --",
]


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("task_id", ["42", "proj/1.2", "tâche:7", "no uuid at all"])
def test_r31_any_title_and_any_task_id_arrive_as_they_are(
    wire: Wire, home: Path, title: str, task_id: str
) -> None:
    arguments = {"task_id": task_id, "title": title}
    assert wire.call("send_task_completion", arguments)["isError"] is False
    [event] = events(home)
    assert (event["title"], event["task_id"]) == (title, task_id)


def test_a_message_loses_no_character_whatever_its_first_line(wire: Wire, home: Path) -> None:
    long = "word " * 3000
    for message in ("one line", "\n\nlate start", long, "é" * 16000):
        assert wire.call("send_telegram_message", {"message": message})["isError"] is False
    one, late, words, letters = events(home)
    assert (one["title"], one.get("description", "")) == ("one line", "")
    assert late["title"] == "late start"
    assert words["description"] == long.strip()
    assert letters["description"] == "é" * 16000
    assert all(0 < len(each["title"]) <= 200 for each in (one, late, words, letters))


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("send_telegram_event", {"title": "x"}, "type: required"),
    ("send_telegram_event", {"type": "Build Failed", "title": "x"}, "characters of [a-z0-9_]"),
    ("send_telegram_event", {"type": "a", "title": ""}, "title: read 0 characters; allowed are at least 1"),
    ("send_telegram_event", {"type": "a", "title": "x" * 201}, "title: read 201 characters"),
    ("send_telegram_event", {"type": "a", "title": "x", "data": []}, "data: read []; allowed is an object"),
    (
        "send_telegram_event",
        {"type": "a", "title": "x", "data": {"severity": "hihg"}},
        'data.severity: read "hihg"; allowed is one of "low", "medium", "high", "critical"; did you mean',
    ),
    ("send_telegram_event", {"type": "a", "titel": "x"}, 'did you mean "title"?'),
    (
        "send_telegram_event",
        {"type": "task_progress", "title": "x", "data": {"percentage": 120}},
        "percentage",
    ),
    ("send_telegram_message", {"message": "x" * 16001}, "read 16001 characters; allowed are at most 16000"),
    ("send_task_completion", {"task_id": 5, "title": "x"}, "task_id: read 5; allowed is a string"),
    ("send_task_completion", {"task_id": "5", "title": "x", "files_affected": ["a"] * 201}, "at most 200"),
    ("send_performance_alert", {"title": "x", "current_value": "nine", "threshold": 1}, "a number"),
    ("send_approval_request", {"title": "x", "description": "d", "options": []}, "at least 1"),
    ("send_approval_request", {"title": "x", "description": "d", "options": ["a"] * 11}, "at most 10"),
    (
        "send_approval_request",
        {"title": "x", "description": "d", "default_on_timeout": "Maybe"},
        "default_on_timeout: read Maybe; allowed: Approve, Deny",
    ),
    ("get_telegram_responses", {"limit": 0}, "limit: read 0; allowed is at least 1"),
    ("get_telegram_responses", {"limit": True}, "limit: read true; allowed is a whole number"),
    ("process_pending_responses", {"since_minutes": 1441}, "at most 1440"),
    ("list_event_types", {"category": "build"}, "allowed is one of"),
    ("get_bridge_status", {"verbose": True}, "verbose: unknown argument"),
]


@pytest.mark.parametrize(("tool", "arguments", "sentence"), REFUSED)
def test_r32_a_call_that_fails_is_a_tool_error_with_the_reason_and_writes_nothing(
    wire: Wire, home: Path, tool: str, arguments: dict[str, Any], sentence: str
) -> None:
    result = wire.call(tool, arguments)
    assert result["isError"] is True
    assert "structuredContent" not in result
    assert sentence in result["content"][0]["text"]
    assert events(home) == []


def test_r30_the_server_starts_and_sends_without_any_setting(tmp_path: Path) -> None:
    with Wire(None, HOME=str(tmp_path)) as wire:
        wire.initialize()
        told = wire.call("send_telegram_message", {"message": "x"})["structuredContent"]
        assert told["path"].startswith(str(tmp_path / ".cc_telegram" / "events"))


def test_r32_an_unusable_home_is_an_error_of_each_tool_and_does_not_prevent_the_start(
    tmp_path: Path,
) -> None:
    (tmp_path / "home").write_text("a file")
    with Wire(tmp_path / "home") as wire:
        wire.initialize()
        for tool, arguments in (("send_telegram_message", {"message": "x"}), ("get_bridge_status", {})):
            result = wire.call(tool, arguments)
            assert result["isError"] is True
            assert f"{tmp_path / 'home'}" in result["content"][0]["text"]
        (tmp_path / "home").unlink()
        assert wire.call("send_telegram_message", {"message": "x"})["isError"] is False


def test_the_list_of_types_is_that_of_the_catalogue(wire: Wire) -> None:
    told = wire.call("list_event_types")["structuredContent"]
    catalogue = [(each.type, each.category, each.description) for each in _native.event_types()]
    assert [
        (each["type"], each["category"], each["description"]) for each in told["event_types"]
    ] == catalogue
    assert told["count"] == len(catalogue)
    some = wire.call("list_event_types", {"category": "custom"})["structuredContent"]
    assert [each["type"] for each in some["event_types"]] == ["custom_event"]


def test_a_call_of_the_newest_revision_needs_no_session_before_it(home: Path) -> None:
    with Wire(home) as wire:
        assert wire.call("send_telegram_message", {"message": "x"}, _meta=MODERN)["isError"] is False
    assert len(events(home)) == 1


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("send_telegram_message", {"message": "x"}),
        ("send_approval_request", {"title": "x", "description": "y"}),
    ],
)
@pytest.mark.parametrize(("given", "kept"), [(TRACEPARENT, TRACEPARENT), ("garbage", None)])
def test_an_event_belongs_to_the_trace_of_its_call(
    home: Path, tool: str, arguments: dict[str, Any], given: str, kept: str | None
) -> None:
    with Wire(home) as wire:
        found = wire.call(tool, arguments, _meta={**MODERN, "traceparent": given})
        assert found["isError"] is False
    [event] = events(home)
    assert event.get("traceparent") == kept


@pytest.mark.parametrize(
    ("data", "project"), [({}, "shop"), ({"exit_code": 2}, "shop"), ({"project": "mine"}, "mine")]
)
def test_an_event_names_the_project_of_the_session(home: Path, data: dict[str, Any], project: str) -> None:
    with Wire(home, CLAUDE_PROJECT_DIR="/home/ada/shop/") as wire:
        wire.initialize()
        wire.call("send_telegram_event", {"type": "build_failed", "title": "Build", "data": data})
    [event] = events(home)
    assert event["data"] == {**data, "project": project}
