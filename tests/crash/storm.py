"""Kills at random instants while events of all lanes arrive and a person taps; then the reconciliation.

    python tests/crash/storm.py [--events 2000] [--kills 100] [--seed 1] [--json]

Prints what was done and what came of it; the exit code is 1 when a promise was broken: an event lost, a
repeat without its mark, more repeats in a chat than kills, an answer lost, given twice or changed.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from cctelegram.sandbox.child import running
from cctelegram.spool import responses
from crash.account import Account, account
from crash.killed import LIMITS, PACING, Bridges
from crash.person import Person
from crash.steps import STEPS
from crash.traffic import Traffic
from flow.chats import FORUM, GROUP, OTHER, make_chats, routes
from running import make_home

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox

# A bridge lives this long at most before it is killed, in seconds from its start: some are not yet ready.
LONGEST_LIFE: Final = 1.2
# Answers take their time, so that kills meet messages in flight; the bridge polls without them.
WEATHER: Final = ("--fault", "slow=0.01,method=sendMessage,times=0,p=0.7")
# Lanes that fill up and become digests.
LANES: Final = """
[lanes]
alert_bound = 60
ordinary_bound = 60
digest_seconds = 1
"""
# One kill in so many is at a named step, if the bridge comes to it in time.
AT_A_STEP: Final = 3


# In one life of so many the person changes the mode.
MODES_CHANGE: Final = 8


@dataclass(frozen=True)
class Result:
    """The actions and their results."""

    seed: int
    kills: int
    kills_at_steps: int
    chats: int
    taps: int
    seconds: float
    too_many_requests: int
    account: Account

    @property
    def faults(self) -> list[str]:
        """Return every broken guarantee in words."""
        found = list(self.account.faults)
        if self.account.most_repeats_a_chat > self.kills:
            found.append(f"{self.account.most_repeats_a_chat} repeats in a chat after {self.kills} kills")
        return found

    def table(self) -> dict[str, Any]:
        """Return the figures."""
        figures = {name: value for name, value in vars(self).items() if name != "account"}
        return figures | self.account.table()


def storm(folder: Path, *, events: int, kills: int, seed: int) -> Result:
    """Run it in `folder`.

    Args:
        events: how many are written, over all the lives of the bridge.
        kills: how often the bridge is killed.
        seed: of every choice; the instants of the kills are as exact as the machine.
    """
    with running(*LIMITS, *WEATHER, "--seed", str(seed)) as sandbox:
        make_chats(sandbox)
        users = f"{sandbox.user_id},{OTHER}"
        config = routes(*(f"to = {chat}" for chat in (OTHER, GROUP, FORUM)), config=PACING + LANES)
        home = make_home(folder / "home", sandbox, config, TELEGRAM_ALLOWED_USERS=users)
        (home / "events").mkdir()
        return _Storm(home, sandbox, seed).run(events, kills)


class _Storm:
    def __init__(self, home: Path, sandbox: Sandbox, seed: int) -> None:
        self.home = home
        self.sandbox = sandbox
        self.seed = seed
        self.chance = random.Random(seed)
        self.bridges = Bridges(home, sandbox.control)
        self.traffic = Traffic(home / "events", self.chance, projects=("shop", "site"))
        self.person = Person(sandbox.control, self.chance, self.traffic.written)
        # Where every event is to arrive: the owner, and the chats that routes add.
        self.chats = [sandbox.user_id, OTHER, GROUP, FORUM]

    def run(self, events: int, kills: int) -> Result:
        began = time.monotonic()
        for life in range(kills):
            self._life(until=round(events * (life + 1) / kills))
        while len(self.traffic.written) < events:
            self.traffic.write()
        self.traffic.finish()
        self.person.command("nomad")  # everything held is sent
        self.bridges.disarm()
        self.bridges.start()
        self.bridges.settle(self.traffic.written, 300)
        at_steps = len(self.bridges.died_at())
        counted = self.bridges.kills
        self.bridges.kill()  # at rest: nothing is in flight, and nothing of it may come again
        calls = self.sandbox.control.calls()
        return Result(
            seed=self.seed,
            kills=counted,
            kills_at_steps=at_steps,
            chats=len(self.chats),
            taps=sum(len(labels) for labels in self.person.taps.values()),
            seconds=round(time.monotonic() - began, 1),
            too_many_requests=sum(_code(call) == 429 for call in calls),
            account=account(
                self.home,
                self.sandbox.control.messages(),
                self.traffic.written,
                self.person.taps,
                self.person.said,
                self.chats,
            ),
        )

    def _life(self, until: int) -> None:
        """Start the bridge, write up to event number `until`, tap, and kill it at a random instant."""
        chance, traffic = self.chance, self.traffic
        if chance.randrange(AT_A_STEP) == 0:
            usual = [step for step in STEPS if step.needs == "usual"]
            self.bridges.arm(str(chance.choice(usual)), chance.randrange(4))
        process = self.bridges.start()
        end = time.monotonic() + chance.uniform(0, LONGEST_LIFE)
        moves = [self._write] * max(1, until - len(traffic.written)) + [
            self._tap,
            self.person.say,
            self._take,
        ]
        if chance.randrange(MODES_CHANGE) == 0:
            moves.append(
                partial(self.person.command, chance.choice(("nomad", "nomad", "nomad", "local", "mute")))
            )
        chance.shuffle(moves)
        pause = max(0.0, end - time.monotonic()) / len(moves)
        for move in moves:
            if move != self._write or len(traffic.written) < until:
                move()
            try:
                process.wait(pause)
            except subprocess.TimeoutExpired:
                continue
        self.bridges.kill()
        self.bridges.disarm()
        while len(traffic.written) < until:
            traffic.write()  # while it is down

    def _write(self) -> None:
        self.traffic.write()

    def _tap(self) -> None:
        self.person.tap(0.5)

    def _take(self) -> None:
        responses.take(str(self.home / "responses"))


def _code(call: dict[str, Any]) -> int:
    answer = call["answer"]
    return int(answer.get("error_code", 0)) if isinstance(answer, dict) else 0


def main() -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = storm(Path(folder), events=asked.events, kills=asked.kills, seed=asked.seed)
    if asked.json:
        sys.stdout.write(json.dumps(result.table() | {"faults": result.faults}) + "\n")
    else:
        for name, value in result.table().items():
            sys.stdout.write(f"{name.replace('_', ' '):22}{value:>10}\n")
        sys.stdout.write("".join(f"BROKEN  {fault}\n" for fault in result.faults))
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
