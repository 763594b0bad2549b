"""A full, locked, missing or damaged disk: nothing is lost and the bridge continues."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from flow.phone import see, sends, texts
from running import RunningBridge, wait_for

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox


@pytest.mark.slow
def test_r17_a_store_that_cannot_be_written_when_the_answer_comes_loses_and_repeats_nothing(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    fast_sandbox.control.fail("sendMessage", delay_seconds=1)
    running.put("a.json", {"type": "task_failed", "title": "First"})
    running.wait_status(lambda now: now["deliveries"].get("sending"), "in flight")
    other = sqlite3.connect(running.home / "state" / "store.db", isolation_level=None)
    # SQLite waits ten seconds for another writer, then says that the store is locked.
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE facts SET value = value")

    def told() -> bool:
        lines = running.log()
        return any(line["event"] == "component.failed" and "locked" in line["reason"] for line in lines)

    wait_for(told, "the fault is told")
    other.execute("ROLLBACK")
    other.close()
    running.wait_status(lambda now: now["delivery"]["sent"] == 1 and not now["reasons"], "well again")
    running.put("b.json", {"type": "task_failed", "title": "Second"})
    see(fast_sandbox, "Second")
    assert len(sends(fast_sandbox)) == 2
    assert not any("repeat" in text for text in texts(fast_sandbox))


@pytest.mark.parametrize("folder", ["events", "responses", "rejected", "logs"])
def test_a_removed_directory_is_created_again_when_it_is_needed(
    running: RunningBridge, fast_sandbox: Sandbox, folder: str
) -> None:
    see_first = {"type": "task_failed", "title": "Before"}
    running.put("a.json", see_first)
    see(fast_sandbox, "Before")
    shutil.rmtree(running.home / folder)
    (running.home / "events").mkdir(exist_ok=True)
    running.put("bad.json", "[]")
    running.put("q.json", {"type": "approval_request", "title": "After", "event_id": "q"})
    card = see(fast_sandbox, "After")
    fast_sandbox.control.tap(card["message_id"], "Approve")
    wait_for(lambda: (running.home / "responses").is_dir() and running.responses(), "the answer")
    wait_for(lambda: not list(running.events.iterdir()), "the bad file is moved")
    assert [file.name for file in (running.home / "rejected").glob("bad*")]


def test_answers_wait_while_their_directory_cannot_be_written(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    responses = running.home / "responses"
    shutil.rmtree(responses)
    responses.write_text("a file in its place")
    running.put("q.json", {"type": "approval_request", "title": "Where to", "event_id": "q"})
    card = see(fast_sandbox, "Where to")
    query = fast_sandbox.control.tap(card["message_id"], "Approve")
    assert fast_sandbox.control.wait_answer(query["id"])["text"] == "Approve"
    running.wait_status(lambda now: str(responses) in str(now["reasons"]), "it is told")
    responses.unlink()
    (answer,) = wait_for(lambda: running.responses() if responses.is_dir() else [], "the answer")
    assert answer["action"] == "approved"
