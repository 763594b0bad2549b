"""A running task is one message on the phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flow.phone import see, sends, texts

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox
    from running import RunningBridge


def put(running: RunningBridge, number: int, kind: str = "progress_update", **data: int) -> None:
    running.put(
        f"{number}.json", {"type": kind, "title": f"Step {number}", "task_id": "migration", "data": data}
    )


def test_progress_of_a_task_is_one_message_edited_and_its_end_is_another(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    put(running, 1, percentage=10)
    first = see(fast_sandbox, "Step 1")
    for number in range(2, 30):
        put(running, number, percentage=number * 3)
    edited = see(fast_sandbox, "Step 29")
    assert edited["message_id"] == first["message_id"]
    assert len(edited["sandbox"]["edits"]) <= 3
    put(running, 30, kind="task_completion")
    see(fast_sandbox, "Step 30")
    put(running, 31, percentage=1)
    see(fast_sandbox, "Step 31")
    assert len(texts(fast_sandbox)) == len(sends(fast_sandbox)) == 3


def test_progress_whose_message_was_deleted_is_sent_again(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    put(running, 1, percentage=10)
    see(fast_sandbox, "Step 1")
    fast_sandbox.control.fail(
        "editMessageText", error_code=400, description="Bad Request: message to edit not found"
    )
    put(running, 2, percentage=20)
    see(fast_sandbox, "Step 2")
    assert len(sends(fast_sandbox)) == 2


def test_an_edit_with_unknown_outcome_is_repeated_without_a_mark(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    put(running, 1, percentage=10)
    see(fast_sandbox, "Step 1")
    fast_sandbox.control.fail("editMessageText", drop="after")
    put(running, 2, percentage=20)
    running.wait_status(lambda now: now["delivery"]["sent"] == 2, "both are done")
    assert len(texts(fast_sandbox)) == 1
    assert "repeat" not in see(fast_sandbox, "Step 2")["text"]
