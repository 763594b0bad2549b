"""The metrics of decisions, driven by questions, taps, replies, expiry and withdrawal in a real bridge."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

from cctelegram.monitor import catalogue
from driven import drives
from flow.phone import see
from monitor.scraped import Scraped, scrape, scrape_until
from running import COMMAND, RunningBridge, environment

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox


def ask(running: RunningBridge, name: str, **more: Any) -> None:
    running.put(
        f"{name}.json", {"type": "approval_request", "title": f"Question {name}", "event_id": name, **more}
    )


def closed(now: Scraped) -> dict[str, float]:
    return {how: now.value(catalogue.CLOSED, how) for how in catalogue.CLOSED.labels[0].values}


@drives(
    catalogue.OPENED,
    catalogue.CLOSED,
    catalogue.RESPONSE,
    catalogue.OPEN,
    catalogue.OLDEST_OPEN,
)
def test_decisions_are_counted_as_they_open_and_close_with_the_time_of_the_answer(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    control = fast_sandbox.control
    now = scrape(running)
    assert now.value(catalogue.OPEN) == now.value(catalogue.OPENED) == 0
    assert now.get(catalogue.OLDEST_OPEN) is None
    for name in ("tapped", "replied", "withdrawn", "open"):
        ask(running, name)
    cards = {name: see(fast_sandbox, f"Question {name}") for name in ("tapped", "replied", "withdrawn")}
    now = scrape_until(running, lambda found: found.value(catalogue.OPENED) == 4, "all are open")
    assert now.value(catalogue.OPEN) == 4
    assert 0 < now.value(catalogue.OLDEST_OPEN) < 30
    control.tap(cards["tapped"]["message_id"], "Approve")
    control.say("Deny", reply_to=cards["replied"]["message_id"])
    scrape_until(running, lambda found: found.value(catalogue.CLOSED, "answered") == 2, "two answers")
    control.tap(cards["replied"]["message_id"], data=data_of(cards["replied"]))  # too late
    subprocess.run(
        [COMMAND, "outbox", "drop", "open", "--home", str(running.home)], env=environment(), check=False
    )
    ask(running, "late", data={"timeout_minutes": 1}, timestamp="2026-01-01T00:00:00Z")
    now = scrape_until(running, lambda found: found.value(catalogue.CLOSED, "expired") == 1, "it is too late")
    assert closed(now) == {"answered": 2, "expired": 1, "cancelled": 0}
    assert now.spread(catalogue.RESPONSE).count == 2
    assert 0 < now.spread(catalogue.RESPONSE).sum < 60
    assert now.value(catalogue.OPENED) == 5
    assert now.value(catalogue.OPEN) == 2


def data_of(card: dict[str, Any]) -> str:
    return str(card["reply_markup"]["inline_keyboard"][0][0]["callback_data"])


def test_a_question_that_is_dropped_or_expires_is_counted_as_such(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.wait_status(lambda now: now["telegram_connected"], "connected")
    fast_sandbox.control.fail("sendMessage", error_code=429, parameters={"retry_after": 600})
    running.put("first.json", {"type": "task_failed", "title": "Pauses the chat"})
    scrape_until(running, lambda found: found.value(catalogue.FAILURES, "Pause"), "paused")
    ask(running, "dropped")
    ask(running, "short", data={"timeout_minutes": 0.02})
    scrape_until(running, lambda found: found.value(catalogue.OPENED) == 2, "stored")
    subprocess.run(
        [COMMAND, "outbox", "drop", "dropped", "--home", str(running.home)], env=environment(), check=True
    )
    now = scrape_until(running, lambda found: found.value(catalogue.CLOSED, "expired") == 1, "it expires")
    assert closed(now) == {"answered": 0, "expired": 1, "cancelled": 1}
    assert now.value(catalogue.DEAD, "operator") == 1
