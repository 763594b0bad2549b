"""The rate limit of a group: 20 a minute, including edits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.sandbox.child import running as sandbox_running
from flow.chats import GROUP, OTHER, closed_everywhere, make_chats, routes, see_in
from running import bridge, make_home

if TYPE_CHECKING:
    from pathlib import Path

# One group may get so many messages and edits a minute, on both sides.
A_MINUTE = 8
CONFIG = f"""
[pacing]
chat_per_second = 1000.0
chat_burst = 1000
group_per_minute = {A_MINUTE}
"""
LIMITS = ("--chat-per-second", "0", "--group-per-minute", str(A_MINUTE), "--total-per-second", "0")


def test_edits_of_cards_in_a_group_are_paced_so_that_telegram_never_refuses(tmp_path: Path) -> None:
    with sandbox_running(*LIMITS) as sandbox:
        make_chats(sandbox)
        users = f"{sandbox.user_id},{OTHER}"
        home = make_home(
            tmp_path / "home", sandbox, routes(f"to = {GROUP}", config=CONFIG), TELEGRAM_ALLOWED_USERS=users
        )
        with bridge(home) as running:
            for number in range(A_MINUTE // 2):
                question = {
                    "type": "approval_request",
                    "title": f"Question {number}",
                    "event_id": f"q{number}",
                }
                running.put(f"{number}.json", question)
            for number in range(A_MINUTE // 2):
                card = see_in(sandbox, GROUP, f"Question {number}")
                sandbox.control.tap(card["message_id"], "Approve", user_id=OTHER, chat_id=GROUP)
            for number in range(A_MINUTE // 2):
                closed_everywhere(sandbox, f"Question {number}", sandbox.user_id, GROUP)
            running.put("next.json", {"type": "task_failed", "title": "One too many"})
            see_in(sandbox, sandbox.user_id, "One too many")
            told = running.wait_status(lambda now: now["queue"]["alerts"] == 1, "it waits for the group")
        answers = [call["answer"] for call in sandbox.control.calls() if call["answer"]]
        refused = [one for one in answers if isinstance(one, dict) and one.get("error_code") == 429]
    assert refused == []
    assert told["delivery"]["failures"] == {}
