"""Buttons of `data.actions` that are not links: each tap is an answer of kind `command`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flow.phone import labels, see
from flow.test_decisions import answers, button_data
from running import RunningBridge, bridge, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

ACTIONS = [
    {"text": "Log", "url": "https://ci.example.org/42"},
    {"text": "Retry", "action": "retry"},
    {"text": "approved"},
]


def put(running: RunningBridge, **more: Any) -> None:
    event = {"type": "build_failed", "title": "Broken", "event_id": "b", "task_id": "t"}
    running.put("b.json", {**event, "data": {"actions": ACTIONS}, **more})


def test_each_tap_is_an_answer_also_after_a_restart(home: Path, fast_sandbox: Sandbox) -> None:
    control = fast_sandbox.control
    with bridge(home) as first:
        put(first)
        message = see(fast_sandbox, "Broken")
        assert labels(message) == ["Log", "Retry", "approved"]
        first.wait_status(lambda now: now["delivery"]["sent"] == 1, "recorded")
        query = control.tap(message["message_id"], "Retry")
        (answer,) = answers(first)
        assert (answer["kind"], answer["action"], answer["option"]) == ("command", "retry", "Retry")
        assert (answer["event_id"], answer["task_id"], answer["option_index"]) == ("b", "t", 1)
        assert answer["user_id"] == fast_sandbox.user_id
        assert control.wait_answer(query["id"])["text"] == "Passed to the agent: Retry"
        first.kill()
    control.tap(message["message_id"], "Retry")
    control.tap(message["message_id"], "approved")
    with bridge(home) as second:
        found = answers(second, 3)
        assert [answer["action"] for answer in found] == ["retry", "retry", "approved"]
        assert len({answer["id"] for answer in found}) == 3


def test_a_forged_button_has_no_effect(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    control = fast_sandbox.control
    put(running)
    message = see(fast_sandbox, "Broken")
    kind, event, place, mac = button_data(message, "Retry").split(".")
    forged = [f"a.{event}.2.{mac}", f"a.9.{place}.{mac}", f"{kind}.{event}.{place}.x", "a.1.1", "a..1.x"]
    queries = [control.tap(message["message_id"], data=data) for data in forged]
    told = [control.wait_answer(query["id"])["text"] for query in queries]
    assert all("does not belong" in text or "was removed" in text for text in told)
    control.tap(message["message_id"], "Retry")
    answers(running)
    wait_for(lambda: not control.state()["pending_updates"], "all is heard")
    assert len(running.responses()) == 1
