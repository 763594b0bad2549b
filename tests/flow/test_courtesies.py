"""Slow calls run concurrently: a tap becomes an answer at once, whatever Telegram does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from flow.phone import see
from flow.test_decisions import ask
from running import RunningBridge, wait_for

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox

SLOW = ("answerCallbackQuery", "setMessageReaction", "editMessageText")
NAMES = ("one", "two", "three", "four")


def handle_all(running: RunningBridge, sandbox: Sandbox) -> float:
    """Tap four cards and write a message; return the seconds until all five are answers."""
    for name in NAMES:
        ask(running, name)
    cards = {name: see(sandbox, f"Question {name}")["message_id"] for name in NAMES}
    running.wait_status(lambda now: now["delivery"]["sent"] == len(NAMES), "recorded")
    began = time.monotonic()
    for card in cards.values():
        sandbox.control.tap(card, "Approve")
    sandbox.control.say("and a message")
    wait_for(lambda: len(running.responses()) == 5, "five answers")
    return time.monotonic() - began


def test_slow_courtesies_delay_no_decision(running: RunningBridge, fast_sandbox: Sandbox) -> None:
    for method in SLOW:
        fast_sandbox.control.fail(method, kind="slow", delay_seconds=12.0, times=0)
    assert handle_all(running, fast_sandbox) < 3.0  # each of the five took 12 s before


@pytest.mark.parametrize("method", SLOW[:2])
def test_a_429_to_a_courtesy_pauses_no_message(
    running: RunningBridge, fast_sandbox: Sandbox, method: str
) -> None:
    fast_sandbox.control.fail(method, kind="flood", retry_after=60, times=0)
    assert handle_all(running, fast_sandbox) < 3.0
    wait_for(lambda: fast_sandbox.control.calls(method), "it was tried")
    running.put("after.json", {"type": "task_failed", "title": "Afterwards"})
    see(fast_sandbox, "Afterwards")
    assert running.status()["health"] == "ok"
