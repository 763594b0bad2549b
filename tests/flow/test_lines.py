"""JSONL: appending continues while the bridge is killed; every line is delivered, once or marked."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

import pytest

from flow.phone import texts
from running import bridge, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

LINES = 300


@pytest.mark.slow
def test_lines_that_are_appended_in_pieces_while_the_bridge_crashes_are_all_delivered(
    home: Path, fast_sandbox: Sandbox
) -> None:
    events = home / "events"
    events.mkdir()
    whole = b"".join(
        json.dumps({"type": "info_notification", "title": f"Line {number} ends"}).encode() + b"\n"
        for number in range(LINES)
    )
    pieces = [whole[start : start + 37] for start in range(0, len(whole), 37)]
    file = os.open(events / "log.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    kills = 3
    for turn in range(kills + 1):
        share = pieces[turn * len(pieces) // (kills + 1) : (turn + 1) * len(pieces) // (kills + 1)]
        with bridge(home) as running:
            for piece in share:
                os.write(file, piece)
            if turn < kills:
                taken = LINES * (turn + 1) // (kills + 1) - 20
                wait_for(lambda n=taken: f"Line {n} ends" in " ".join(texts(fast_sandbox)), "on its way")  # type: ignore[misc]
                running.kill()
            else:
                os.close(file)
                told = wait_for(
                    lambda: found if len(numbers(found := texts(fast_sandbox))) == LINES else [],
                    "all lines",
                    60,
                )
                wait_for(lambda: not list(events.iterdir()), "the file goes when it is quiet")
    unmarked = [number for text in told if "repeat" not in text for number in in_text(text)]
    assert numbers(told) == set(range(LINES))
    assert len(set(unmarked)) == len(unmarked)
    assert sum("repeat" in text for text in told) <= kills


def in_text(text: str) -> list[int]:
    """The lines in a message: one, or those of a digest."""
    return [int(number) for number in re.findall(r"Line (\d+) ends", text)]


def numbers(found: list[str]) -> set[int]:
    return {number for text in found for number in in_text(text)}
