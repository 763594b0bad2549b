"""An hour's traffic at sixty times the speed: all of it arrives, and the bridge leaks nothing.

Twenty-four minutes by default, an hour with `--long` (`make soak`). The first half is warm-up: caches fill,
and the first snapshot is taken ten seconds after the start.

Telegram's limits of pace are sixty times as high on both sides, not switched off: a second here is a minute.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from cctelegram.sandbox.child import running
from crash.account import account
from crash.killed import Bridges
from crash.person import Person
from crash.traffic import Traffic
from running import make_home

if TYPE_CHECKING:
    from cctelegram.sandbox.client import Control

MINUTES: Final = 24
LONG: Final = 60
# Events a minute: more than the one message a second that a chat takes, so that lanes fill up as well.
EVENTS: Final = 12
FASTER: Final = 60
PACING: Final = f"""
[pacing]
chat_per_second = {FASTER}
chat_burst = 3
group_per_minute = {20 * FASTER}
total_per_second = {30 * FASTER}
[lanes]
digest_seconds = 1
"""
LIMITS: Final = (
    *("--chat-per-second", str(FASTER), "--chat-burst", "5"),
    *("--group-per-minute", str(20 * FASTER), "--total-per-second", str(30 * FASTER)),
)
# What a Python process may gain and lose by chance, in bytes.
ROOM: Final = 1_500_000


def state_of(pid: int) -> tuple[int, int, int]:
    """Return resident bytes, open descriptors and threads of a process."""
    lines = dict(
        line.split(":\t", 1)
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        if ":\t" in line
    )
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return int(lines["VmRSS"].split()[0]) * 1024, descriptors, int(lines["Threads"])


def refused(control: Control) -> int:
    """Return the number of calls that Telegram's limits refused."""
    answers = (call["answer"] for call in control.calls())
    return sum(isinstance(answer, dict) and answer.get("error_code") == 429 for answer in answers)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_hour_of_traffic_arrives_completely_and_leaks_nothing(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    chance = random.Random(11)
    minutes = LONG if pytestconfig.getoption("--long") else MINUTES
    with running(*LIMITS) as sandbox:
        bridges = Bridges(make_home(tmp_path / "home", sandbox, PACING), sandbox.control)
        (bridges.home / "events").mkdir()
        traffic = Traffic(bridges.home / "events", chance)
        person = Person(sandbox.control, chance, traffic.written)
        process = bridges.start()
        early = (0, 0, 0)
        for minute in range(minutes):
            end = time.monotonic() + 60 / FASTER
            for _ in range(chance.randrange(2 * EVENTS)):
                traffic.write()
            traffic.finish()  # who writes in place is done within the two seconds that he has
            person.tap(0.5)
            if chance.randrange(5) == 0:
                person.say()
            if chance.randrange(10) == 0:
                person.command(chance.choice(("nomad", "local", "mute")))
            if minute == minutes // 2:
                early = state_of(process.pid)
            time.sleep(max(0.0, end - time.monotonic()))  # the traffic is what passes the time here
        traffic.finish()
        person.command("nomad")
        bridges.settle(traffic.written, 120)
        late = state_of(process.pid)
        wal = (bridges.home / "state" / "store.db-wal").stat().st_size
        bridges.kill()
        found = account(
            bridges.home,
            sandbox.control.messages(),
            traffic.written,
            person.taps,
            person.said,
            [sandbox.user_id],
        )
        assert refused(sandbox.control) == 0
    assert found.faults == []
    assert (found.repeats, found.dead, found.ambiguous) == (0, 0, 0)
    assert late[0] - early[0] < ROOM, (early, late)
    assert late[1] <= early[1] + 2, (early, late)
    assert late[2] <= early[2] + 1, (early, late)
    assert wal < 8 << 20
    assert not list((bridges.home / "events").glob("*.json"))
