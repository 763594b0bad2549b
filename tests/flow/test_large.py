"""An event that is too large for messages: part of it on the phone, all of it as a file."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

from flow.chats import GROUP, both_allowed, make_chats, told
from flow.phone import labels, see, see_where
from running import bridge, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox
    from running import RunningBridge


def download(sandbox: Sandbox, message: dict[str, Any]) -> str:
    """Fetch a document as a client does."""
    wanted = f"{sandbox.bot_url}getFile?file_id={message['document']['file_id']}"
    with urllib.request.urlopen(wanted) as answer:
        path = json.load(answer)["result"]["file_path"]
    with urllib.request.urlopen(f"{sandbox.api_base}/file/bot{sandbox.token}/{path}") as file:
        content: bytes = file.read()
    return content.decode()


def test_a_description_over_the_limit_arrives_as_a_file_below_its_first_part(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    text = " ".join(f"word{number}" for number in range(100_000))
    running.put(
        "big.json", {"type": "task_failed", "title": "Big log", "event_id": "big/1", "description": text}
    )
    file = see_where(fast_sandbox, lambda m: "document" in m, "the file")
    assert file["document"]["file_name"] == "big-1.txt"
    assert file["caption"] == "Full event: Big log"
    assert text in download(fast_sandbox, file)
    first = see(fast_sandbox, "Big log", "word0 word1")
    assert first["message_id"] < file["message_id"]
    assert len(fast_sandbox.control.messages()) <= 4
    running.wait_status(lambda now: now["delivery"]["sent"] == 1, "the delivery is complete")


def test_a_question_over_the_limit_has_its_file_above_the_card_with_the_buttons(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    plan = "step and step " * 5_000
    running.put("ask.json", {"type": "approval_request", "title": "Go on?", "description": plan})
    card = see_where(fast_sandbox, labels, "the card")
    file = see_where(fast_sandbox, lambda m: "document" in m, "the file")
    assert file["message_id"] < card["message_id"]
    assert plan.strip() in download(fast_sandbox, file)
    fast_sandbox.control.tap(card["message_id"], "Approve")
    (answer,) = wait_for(running.responses, "the answer")
    assert answer["action"] == "approved"


def test_a_slow_file_in_one_chat_does_not_delay_the_other_chats(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    make_chats(fast_sandbox)
    fast_sandbox.control.fail("sendDocument", delay_seconds=30, chat_id=GROUP)
    with bridge(both_allowed(tmp_path / "home", fast_sandbox, f"to = {GROUP}")) as running:
        big = {"type": "task_failed", "title": "Big", "description": "word " * 50_000}
        running.put("big.json", big)
        wait_for(lambda: any("document" in one for one in fast_sandbox.control.messages()), "the owner's")
        running.put("more.json", {**big, "title": "More"})
        wait_for(
            lambda: sum("document" in one for one in fast_sandbox.control.messages()) == 2, "the owner's next"
        )
    assert not any("document" in one for one in told(fast_sandbox, GROUP))
