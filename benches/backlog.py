"""Latency of a question behind a backlog: in the outbox, as files, and while 10,000 other events wait.

The rate limits are Telegram's own on both sides. Times are from the start of the bridge's process, or from
the rename of the question's file, to the arrival of its request at the sandbox; the same without a backlog is
measured before and after. While 10,000 other events wait, the question depends on Telegram's rate limits,
which are the same on any machine: that limit is in seconds. Memory is the kernel's high-water mark of the
bridge (VmHWM).

    .venv/bin/python benches/backlog.py [--waiting 100000] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from figures import Figure, of_ratios, on_disk, report

from cctelegram.decisions import ledger
from cctelegram.decisions.question import question
from cctelegram.events.event import from_row
from cctelegram.sandbox.child import Sandbox, running
from cctelegram.store import intake
from owned import Store
from running import bridge, make_home, wait_for
from store.rows import NOW, row, to

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

ASKED = "Shall it be done"
# Questions among files, in the order of the file system; no more than the burst of a chat.
QUESTIONS = 3
BATCH = 1000
MOST_MB = 50.0
# Ratios to the same without a backlog; and seconds under Telegram's rate limits.
IN_OUTBOX, AS_FILES, AT_PACE = 4.0, 10.0, 2.0


def fill_outbox(home: Path, user_id: int, count: int) -> None:
    """Put `count` ordinary events and then one question into a new store."""
    (home / "state").mkdir(mode=0o700)
    opened = Store(home / "state" / "store.db")
    owner = to(intake.Recipient(user_id))
    for start in range(0, count, BATCH):
        rows = [row(number, lane=2) for number in range(start, start + BATCH)]
        opened.submit(partial(intake.accept, rows=rows, recipients=owner, now=NOW)).result()

    def ask(connection: sqlite3.Connection) -> None:
        fields = {"type": "approval_request", "title": ASKED}
        (taken,) = intake.accept(connection, [row(count, lane=0, fields=fields)], owner, NOW)
        ledger.open_decision(connection, taken.event, question(from_row(taken.row)), NOW, NOW)

    opened.submit(ask).result()
    opened.close()


def fill_spool(events: Path, count: int, *, first: int = 0) -> None:
    """Write `count` ordinary events as files."""
    for number in range(first, first + count):
        with open(events / f"{number}.json", "x") as file:  # noqa: PTH123 - a hundred thousand times
            file.write(f'{{"type":"info_notification","title":"Event {number}","source":"bench"}}')


def ask(events: Path, name: str) -> float:
    """Write the question's file; return when it was renamed, in monotonic seconds."""
    beside = events / f".{name}.tmp"
    beside.write_text(json.dumps({"type": "approval_request", "title": ASKED}))
    at = time.monotonic()
    beside.rename(events / f"{name}.json")
    return at


def asked_at(sandbox: Sandbox, questions: int = 1) -> float:
    """Wait until the requests of all questions arrived; return the time of the last."""

    def last_arrival() -> float:
        calls = sandbox.control.calls("sendMessage")
        arrived = [call["monotonic"] for call in calls if ASKED in call["params"].get("text", "")]
        return float(max(arrived)) if len(arrived) == questions else 0.0

    return wait_for(last_arrival, "the question", 300)


def high_water(pid: int) -> float:
    """Return the highest resident memory of a process, in MB."""
    with open(f"/proc/{pid}/status") as status:  # noqa: PTH123 - a file of the kernel
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def in_outbox(folder: Path, count: int) -> tuple[float, float]:
    """Start over a full outbox; return seconds to the question's request, and MB."""
    with running() as sandbox:
        home = make_home(folder / "outbox", sandbox, "")
        fill_outbox(home, sandbox.user_id, count)
        began = time.monotonic()
        with bridge(home) as started:
            return asked_at(sandbox) - began, high_water(started.process.pid)


def as_files(folder: Path, count: int) -> tuple[float, float]:
    """Start over a full spool whose questions are the files written last; return seconds and MB."""
    with running() as sandbox:
        home = make_home(folder / "files", sandbox, "")
        (home / "events").mkdir(mode=0o700)
        fill_spool(home / "events", count)
        for number in range(QUESTIONS):
            ask(home / "events", f"zz-question-{number}")
        began = time.monotonic()
        with bridge(home) as started:
            seconds = asked_at(sandbox, QUESTIONS) - began
            wait_for(lambda: started.status()["delivery"]["accepted"] > count, "all are stored", 300)
            return seconds, high_water(started.process.pid)


def meanwhile(folder: Path, count: int) -> tuple[float, float]:
    """Ask while `count` ordinary events wait in the outbox of a running bridge; return seconds and MB."""
    with running() as sandbox:
        home = make_home(folder / "meanwhile", sandbox, "")
        with bridge(home) as started:
            fill_spool(started.events, count)
            started.wait_status(lambda now: now["delivery"]["accepted"] == count, "all are stored")
            at = ask(started.events, "question")
            return asked_at(sandbox) - at, high_water(started.process.pid)


def alone(run: Callable[[Path, int], tuple[float, float]], folder: Path) -> float:
    """Return the seconds of a run without a backlog."""
    with tempfile.TemporaryDirectory(dir=folder) as empty:
        return run(Path(empty), 0)[0]


def measure(waiting: int) -> list[Figure]:
    found = []
    with tempfile.TemporaryDirectory(dir=on_disk()) as folder:
        for name, run, count, limit in (
            (f"question out, {waiting} in the outbox at start", in_outbox, waiting, IN_OUTBOX),
            (f"last of {QUESTIONS} questions out, {waiting} files at start", as_files, waiting, AS_FILES),
            ("question out, 10000 ordinary events wait", meanwhile, 10_000, None),
        ):
            empty = [] if limit is None else [alone(run, Path(folder))]
            seconds, memory = run(Path(folder), count)
            empty += [] if limit is None else [alone(run, Path(folder))]
            found += [
                Figure(name, seconds, "s", AT_PACE if limit is None else None),
                *(
                    [
                        of_ratios(
                            "  of the same with nothing waiting", [seconds / each for each in empty], limit
                        )
                    ]
                    if limit
                    else []
                ),
                Figure("  resident at most", memory, "MB", MOST_MB),
            ]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    return report(measure(given.waiting), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
