"""Every command in a loop while a bridge is under full load; then ids are compared.

The short form takes some seconds; `--long` takes ten minutes.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from cctelegram.cli import COMMANDS
from cctelegram.sandbox.child import running
from cli.commands import run
from crash.account import account
from crash.killed import LIMITS, PACING, Bridges
from crash.traffic import Traffic
from running import make_home, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Seconds, and events that are written meanwhile at most: an id has five digits.
SHORT, LONG = (12.0, 15_000), (600.0, 95_000)
# So many event files lie there at most: the bridge always has a full batch to take.
BACKLOG = 600
# Each command, and how it may end. Those that would serve, or take the home, are refused beside a bridge.
ROUND: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...] = (
    (("cleanup", "plan"), (0,)),
    (("cleanup", "stats"), (0,)),
    (("cleanup", "run"), (0,)),
    (("cleanup", "history"), (0,)),
    (("store", "check"), (0,)),
    (("store", "backup"), (0,)),
    (("store", "backup", "{new}"), (0,)),
    (("store", "restore", "{old}"), (1,)),
    (("outbox", "list"), (0,)),
    (("outbox", "show", "1"), (0, 1)),
    (("outbox", "retry", "--all-dead"), (0,)),
    (("outbox", "drop", "nothing-of-that-name"), (1,)),
    (("search", "Event"), (0, 1)),
    (("status",), (0,)),
    (("status", "--json"), (0,)),
    (("dashboard", "--print"), (0,)),
    (("logs",), (0,)),
    (("metrics",), (0,)),
    (("top",), (1,)),  # no terminal
    (("profile", "cpu", "--seconds", "1"), (0,)),
    (("mode",), (0,)),
    (("audit", "show"), (0,)),
    (("audit", "verify"), (0,)),
    (("responses",), (0, 1)),
    (("events",), (0,)),
    (("config", "show"), (0,)),
    (("config", "check"), (0,)),
    (("send", "task_failed", "Sent"), (0,)),
    (("ask", "Now?", "--timeout", "1s"), (2,)),
    (("bridge", "--port", "0"), (1,)),
    (("mcp",), (0,)),
    (("version",), (0,)),
)


def test_every_command_is_part_of_the_loop() -> None:
    # The sandbox serves, and has nothing to do with a home.
    assert {words[0] for words, _ in ROUND} == set(COMMANDS) - {"sandbox"}


class Load:
    """Writes events as fast as the bridge takes them, until it is stopped."""

    def __init__(self, home: Path, seconds: float, most: int) -> None:
        self._events = home / "events"
        self.traffic = Traffic(self._events, random.Random(3))
        self._seconds, self._most = seconds, most
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Traffic:
        self._thread.start()
        return self.traffic

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _write(self) -> None:
        began = time.monotonic()
        while not self._done.is_set():
            share = min(1.0, (time.monotonic() - began) / self._seconds)
            left = int(self._most * share) - len(self.traffic.written)
            for _ in range(min(left, BACKLOG - len(list(self._events.iterdir())))):
                # Without questions: nobody taps, and another test reconciles questions.
                self.traffic.rename(self.traffic.event(type="task_completion", data={"text": "x" * 2000}))
            self._done.wait(0.02)


def rounds(home: Path, seconds: float) -> Iterator[tuple[tuple[str, ...], tuple[int, ...]]]:
    """Yield the commands in complete rounds for the given time."""
    old = next((home / "state" / "snapshots").glob("*.db"))
    number, end = 0, time.monotonic() + seconds
    while number == 0 or time.monotonic() < end:
        number += 1
        for words, codes in ROUND:
            # Looking is what people do most, and what once replaced the store.
            yield ("cleanup", "plan"), (0,)
            yield tuple(word.format(new=home / f"copy-{number}.db", old=old) for word in words), codes
        (home / f"copy-{number}.db").unlink()


@pytest.mark.timeout(1200)
def test_r13_no_command_loses_or_duplicates_an_event_while_a_bridge_is_under_full_load(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seconds, most = LONG if request.config.getoption("--long", default=False) else SHORT
    with running(*LIMITS) as sandbox:
        home = make_home(tmp_path / "home", sandbox, PACING)
        (home / "events").mkdir()
        bridges = Bridges(home, sandbox.control)
        bridges.start()
        wait_for(bridges.is_ready, "it serves")
        assert run("store", "backup", home=home).returncode == 0
        with Load(home, seconds, most) as traffic:
            for words, codes in rounds(home, seconds):
                done = run(*words, home=home)
                assert done.returncode in codes, (words, done.stdout, done.stderr)
                assert "Traceback" not in done.stderr, (words, done.stderr)
        bridges.settle(traffic.written, 300 + seconds)
        bridges.kill()
        found = account(home, sandbox.control.messages(), traffic.written, {}, [], [sandbox.user_id])
        assert (found.lost, found.unmarked, found.cut, found.audit) == ([], [], [], [])
        assert (found.repeats, found.ambiguous) == (0, 0)
    with closing(sqlite3.connect(home / "state" / "store.db")) as store:
        ids = [name for (name,) in store.execute("SELECT event_id FROM events WHERE source != 'cli'")]
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    ours = [name for name in ids if name.startswith("ev")]
    assert sorted(ours) == sorted(traffic.written)
    assert not [name for name in ids if "~" in name]
    assert not list((home / "state").glob("store.db.*"))
