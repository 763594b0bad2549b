"""A bad day with Telegram, by script: nothing is lost, nothing is repeated without a mark."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from cctelegram.sandbox.child import running
from crash.account import account
from crash.killed import LIMITS, PACING, Bridges
from crash.person import Person
from crash.traffic import Traffic
from running import make_home

if TYPE_CHECKING:
    from pathlib import Path

BAD_DAY = """
[[fault]]
kind = "server-error"
method = "sendMessage"
error_code = 502
probability = 0.1
times = 4

[[fault]]
kind = "reset-before"
method = "sendMessage"
probability = 0.1
times = 3

[[fault]]            # taken, and the answer lost: the one cause of repeats here
kind = "reset-after"
method = "sendMessage"
probability = 0.2
times = 4

[[fault]]
kind = "flood"
retry_after = 1
skip = 5

[[fault]]
kind = "slow"
delay_seconds = 0.3
method = "editMessageText"
times = 3

[[fault]]
kind = "other-poller"
skip = 2
times = 2

[[fault]]
kind = "duplicate"
skip = 3
times = 3

[[fault]]
kind = "server-error"
method = "editMessageText"
times = 2

[[fault]]
kind = "query-too-old"
times = 1
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_bad_day_loses_nothing_and_repeats_nothing_unmarked(tmp_path: Path, seed: int) -> None:
    script = tmp_path / "bad-day.toml"
    script.write_text(BAD_DAY)
    with running(*LIMITS, "--faults", str(script), "--seed", str(seed)) as sandbox:
        bridges = Bridges(make_home(tmp_path / "home", sandbox, PACING), sandbox.control)
        (bridges.home / "events").mkdir()
        traffic = Traffic(bridges.home / "events", random.Random(seed))
        person = Person(sandbox.control, random.Random(seed), traffic.written)
        bridges.start()
        for _ in range(6):
            for _ in range(6):
                traffic.rename(traffic.any_event())
            person.say()
            bridges.settle(traffic.written, 90)
        person.tap(1.0)
        bridges.settle(traffic.written, 90)
        bridges.kill()
        found = account(
            bridges.home,
            sandbox.control.messages(),
            traffic.written,
            person.taps,
            person.said,
            [sandbox.user_id],
        )
        happened = [call["fault"] for call in sandbox.control.calls() if "fault" in call]
    assert found.faults == []
    assert {"server-error", "reset-after", "flood", "other-poller", "duplicate"} <= set(happened)
    assert found.repeats <= happened.count("reset-after")
