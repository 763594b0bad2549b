"""Ten thousand events at once, under the rate limits of the sandbox."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.sandbox.child import running
from flow.phone import sends, texts
from running import RunningBridge, bridge, make_home

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = 10_000
# Telegram's limits, twenty times as high on both sides, with the same burst.
PACING = """
[pacing]
chat_per_second = 20.0
chat_burst = 5
total_per_second = 600.0
"""
LIMITS = ("--chat-per-second", "20", "--chat-burst", "5", "--total-per-second", "600")


def event(number: int) -> dict[str, Any]:
    kind = ("info_notification", "task_failed", "progress_update", "task_completion")[number % 4]
    return {
        "type": kind,
        "title": f"Event {number:05}x",
        "event_id": f"e{number:05}x",
        "task_id": f"t{number % 50}",
    }


def write_all(running: RunningBridge) -> None:
    with (running.events / ".burst.tmp").open("w") as file:
        for number in range(EVENTS):
            file.write(json.dumps(event(number)) + "\n")
    (running.events / ".burst.tmp").rename(running.events / "burst.jsonl")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_burst_of_ten_thousand_is_delivered_completely_without_one_refusal(tmp_path: Path) -> None:
    with running(*LIMITS) as sandbox, bridge(make_home(tmp_path / "home", sandbox, PACING)) as started:
        write_all(started)
        started.wait_status(lambda now: now["delivery"]["accepted"] == EVENTS, "all are stored")
        started.wait_status(lambda now: not sum(now["queue"].values()), "all are sent", 240)
        assert "Pause" not in started.status()["delivery"]["failures"]
        refused = [
            call
            for call in sandbox.control.calls()
            if isinstance(call["answer"], dict) and call["answer"].get("error_code") == 429
        ]
        assert refused == []
        phone = "\n".join(texts(sandbox))
        messages = len(sends(sandbox))
    assert messages < 1000, "a burst is told of in digests"
    with closing(sqlite3.connect(tmp_path / "home" / "state" / "store.db")) as store:
        states = dict(store.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall())
        conflated = {
            title
            for (title,) in store.execute(
                "SELECT events.title FROM deliveries JOIN events ON events.id = deliveries.event "
                "JOIN deliveries AS into_ ON into_.id = deliveries.merged_into WHERE into_.event IS NOT NULL"
            )
        }
    assert set(states) == {"sent", "digested"}
    missing = [f"Event {number:05}x" for number in range(EVENTS) if f"Event {number:05}x" not in phone]
    # A newer progress of a task replaces an older one; every other title is on the phone.
    assert set(missing) <= conflated
