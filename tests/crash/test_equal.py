"""A crash while equal events are merged: each is counted, in as few messages as possible."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from cctelegram.render.repeated import MARK
from cctelegram.sandbox.child import running
from crash.killed import LIMITS, PACING, Bridges
from running import make_home, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

STEPS = (
    "store.repeats:Repeats.fold before",
    "store.repeats:Repeats.fold after",
    "store.repeats:Repeats.fold durable",
    "spool.inbox:Inbox.done before",
    "store.deliveries:start durable",
    "editMessageText asked",
    "editMessageText left",
    "editMessageText answered",
    "store.deliveries:part_sent after",
    "store.deliveries:part_sent durable",
)
COUNTED = re.compile(r"(?:(\d+)x )?It broke at")


@pytest.fixture
def limited() -> Iterator[Sandbox]:
    with running(*LIMITS) as started:
        yield started


def put(home: Path, number: int, title: str) -> None:
    event = {"type": "build_failed", "title": title, "event_id": f"equal{number}"}
    beside = home / "events" / f".{number}.tmp"
    beside.write_text(json.dumps(event))
    beside.rename(home / "events" / f"{number}.json")


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_while_equal_events_are_merged_loses_and_adds_none(
    tmp_path: Path, limited: Sandbox, step: str
) -> None:
    home = make_home(tmp_path / "home", limited, PACING)
    (home / "events").mkdir()
    bridges, title = Bridges(home, limited.control), f"It broke at {step}"
    bridges.start()
    wait_for(bridges.is_ready, "ready")
    put(home, 0, title)
    bridges.settle(["equal0"])
    # The first is on the phone: the others edit it, or are folded into the one that does.
    bridges.arm(step)
    for number in range(1, 4):
        put(home, number, title)
    wait_for(bridges.died_at, "it died")
    bridges.kill()
    bridges.disarm()
    bridges.start()
    names = [f"equal{number}" for number in range(4)]
    bridges.settle(names)
    bridges.kill()
    shown = [message["text"] for message in limited.control.messages() if message["from"]["is_bot"]]
    counts = [int(found[1] or 1) for text in shown if (found := COUNTED.search(text))]
    # A bridge that restarts slowly finds the first too old to be edited, and starts a new message.
    assert sum(counts) == 4, shown
    assert not any(text.startswith(MARK) for text in shown), shown
