"""Requests in flight during a stop, a change of the token, an expiry or a tap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from flow.phone import labels, see, see_where, sends, texts
from running import RunningBridge, bridge, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox


def in_flight(running: RunningBridge) -> None:
    running.wait_status(lambda now: now["deliveries"].get("sending"), "in flight")


def test_a_stop_lets_a_request_in_flight_finish_and_repeats_nothing(
    home: Path, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.fail("sendMessage", delay_seconds=1)
    with bridge(home) as first:
        first.put("a.json", {"type": "task_failed", "title": "Slow but sure"})
        first.put("b.json", {"type": "task_failed", "title": "The next"})
        in_flight(first)
        assert first.stop() == 0
    assert len(sends(fast_sandbox)) == 1
    with bridge(home):
        see(fast_sandbox, "The next")
    assert ["repeat" in text for text in texts(fast_sandbox)] == [False, False]


@pytest.mark.slow
def test_a_stop_waits_for_a_request_in_flight_for_a_bounded_time(home: Path, fast_sandbox: Sandbox) -> None:
    fast_sandbox.control.fail("sendMessage", delay_seconds=60)
    with bridge(home) as first:
        first.put("a.json", {"type": "task_failed", "title": "Stuck"})
        in_flight(first)
        assert first.stop() == 0
    with bridge(home):
        see(fast_sandbox, "Stuck", "repeat")


def test_a_token_that_changes_in_flight_loses_and_repeats_nothing(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.fail("sendMessage", delay_seconds=1)
    running.put("a.json", {"type": "task_failed", "title": "Before"})
    in_flight(running)
    good = (running.home / ".env").read_text(encoding="utf-8")
    (running.home / ".env").write_text(good.replace(fast_sandbox.token, fast_sandbox.token[:-4] + "AAAA"))
    running.wait_status(lambda now: "refuses the token" in str(now["reasons"]), "the change is seen")
    running.put("b.json", {"type": "task_failed", "title": "After"})
    (running.home / ".env").write_text(good)
    see(fast_sandbox, "After")
    assert ["repeat" in text for text in texts(fast_sandbox)] == [False, False]


@pytest.mark.parametrize(
    "fault",
    [
        {"error_code": 500, "description": "Internal Server Error"},
        {"error_code": 429, "parameters": {"retry_after": 2}},
        {"delay_seconds": 2.5},
    ],
    ids=["500", "429", "slow"],
)
def test_r23_a_card_whose_question_expires_while_it_is_sent_ends_without_buttons(
    running: RunningBridge, fast_sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    fast_sandbox.control.fail("sendMessage", **fault)
    running.put(
        "q.json",
        {"type": "approval_request", "title": "Too late", "event_id": "q", "data": {"timeout_seconds": 0.4}},
    )
    wait_for(running.responses, "it expires")

    def all_closed() -> bool:
        cards = [m for m in fast_sandbox.control.messages() if "Too late" in m["text"]]
        return bool(cards) and all("Expired" in m["text"] and not labels(m) for m in cards)

    running.wait_status(lambda now: not now["queue"]["decisions"], "sent")
    wait_for(all_closed, f"every card tells of the end: {texts(fast_sandbox)}")


def test_a_tap_while_the_card_is_still_being_sent_counts(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    # The sandbox takes the message, then holds its answer back: the phone has it before we know.
    fast_sandbox.control.fail("sendMessage", drop="after")
    running.put("q.json", {"type": "approval_request", "title": "Quick", "event_id": "q"})
    card = see(fast_sandbox, "Quick")
    fast_sandbox.control.tap(card["message_id"], "Approve")
    (answer,) = wait_for(running.responses, "the answer")
    assert answer["action"] == "approved"
    closed = see_where(
        fast_sandbox, lambda m: m["message_id"] == card["message_id"] and not labels(m), "edit"
    )
    assert "Approve" in closed["text"]


def test_every_message_of_two_chats_at_once_is_shown_once(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    for number in range(20):
        running.put(f"{number}.json", {"type": "task_failed", "title": f"Number {number:02}"})
    fast_sandbox.control.say("/help")
    wait_for(lambda: len(texts(fast_sandbox)) >= 22, "all of them")
    titles = [text.split("\n")[0][-9:] for text in texts(fast_sandbox) if "Number" in text]
    assert sorted(titles) == [f"Number {number:02}" for number in range(20)]
