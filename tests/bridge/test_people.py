"""The allowed users change while the bridge runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flow.phone import see
from running import RunningBridge, make_home

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox

OTHER = 2002


def test_deliveries_for_a_person_who_is_no_longer_allowed_go_to_the_new_owner(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.chat(OTHER, type="private", started=True)
    fast_sandbox.control.fail("sendMessage", error_code=429, parameters={"retry_after": 60})
    running.put("q.json", {"type": "approval_request", "title": "For the owner", "event_id": "q"})
    running.wait_status(lambda now: "asks to wait" in str(now["reasons"]), "it waits")
    make_home(running.home, fast_sandbox, TELEGRAM_ALLOWED_USERS=str(OTHER))
    card = see(fast_sandbox, "For the owner")
    assert card["chat"]["id"] == OTHER
    query = fast_sandbox.control.tap(card["message_id"], "Approve", user_id=OTHER, chat_id=OTHER)
    assert fast_sandbox.control.wait_answer(query["id"])["text"] == "Approve"
