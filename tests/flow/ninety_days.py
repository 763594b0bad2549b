"""Ninety days of mixed traffic in a real home with a real store; the time is an argument.

    .venv/bin/python tests/flow/ninety_days.py [--events 2000] [--days 90]

prints the size of the home after each day; the test does the same with less traffic.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from cctelegram.cleanup import journal, rounds
from cctelegram.cleanup.archive import Archive
from cctelegram.decisions import ledger
from cctelegram.decisions.question import Question
from cctelegram.delivery import progress
from cctelegram.runtime.log_file import LogFile
from cctelegram.spool import responses
from cctelegram.store import answers, chats, deliveries, intake, updates
from cleanup.homes import HOUR, NOW, make
from owned import Store
from store.rows import row, to

if TYPE_CHECKING:
    import sqlite3

CHAT = 1001
SEED = 20261123


class Sizes(NamedTuple):
    """Bytes after a day: of the whole home, of the store, of its log (WAL)."""

    home: int
    store: int
    log: int


class Simulation:
    """A home and its time. `events` a day: most are sent, some are digested, some are progress of a task."""

    def __init__(self, home: Path, events: int) -> None:
        self.home = home
        self.settings = make(home, "[cleanup.logs]\nkeep = 2\n")
        self.now = NOW
        self._chance = random.Random(SEED)
        self._events = events
        self._number = 0
        self.store = Store(home / "state" / "store.db")
        self._archive = Archive(self.store, self.settings.spool.events_dir)
        self._log = LogFile(home / "logs", lambda: self.now)
        self.store.submit(lambda c: chats.bot(c, "http://127.0.0.1", 7)).result()
        # What is never delivered: held for a person who is never allowed.
        held = [row(number, event_id=f"held-{number}") for number in self._numbers(5)]
        self.store.submit(lambda c: intake.accept(c, held, to(intake.Recipient(None)), self.now)).result()

    def day(self) -> Sizes:
        """Let a day pass: traffic in two halves, a round after each."""
        for _ in range(2):
            self.now += 12 * HOUR
            self.store.submit(self._traffic).result()
            self._files()
            done = rounds.run(self.settings, self.now, history=self._archive, by_content=True)
            assert done.problems == []
            journal.note(str(self.home), done)
        return self.sizes()

    def sizes(self) -> Sizes:
        """Measure what lies on the disk."""
        files = [file for file in self.home.rglob("*") if file.is_file()]
        state = self.home / "state"
        return Sizes(
            sum(file.stat().st_size for file in files),
            (state / "store.db").stat().st_size,
            (state / "store.db-wal").stat().st_size,
        )

    def _numbers(self, count: int) -> range:
        self._number += count
        return range(self._number - count, self._number)

    def _traffic(self, connection: sqlite3.Connection) -> None:
        """Take, send, digest, edit, ask and answer, as the bridge does it."""
        count = int(self._events / 2 * self._chance.uniform(0.7, 1.3))
        rows = [self._row(number) for number in self._numbers(count)]
        accepted = intake.accept(connection, rows, to(intake.Recipient(CHAT)), self.now)
        digested = []
        for item in accepted:
            (delivery,) = connection.execute(
                "SELECT id FROM deliveries WHERE event = ?", (item.event,)
            ).fetchone()
            kind = self._chance.random()
            if kind < 0.5:
                digested.append(delivery)
            elif kind < 0.52:
                deliveries.dead(connection, delivery, "refused")
            else:
                self._send(connection, delivery)
                if kind > 0.97:
                    self._ask(connection, item.event, delivery)
        into = deliveries.enqueue(connection, CHAT, ["{}" * 500], self.now)
        connection.executemany(
            "UPDATE deliveries SET state = 'digested', merged_into = ? WHERE id = ?",
            [(into, delivery) for delivery in digested],
        )
        self._send(connection, into, new=False)
        numbers = self._numbers(20)
        updates.store(connection, 1, [(number, "{}" * 100) for number in numbers], self.now)
        for update in updates.unhandled(connection, 1):
            updates.handled(connection, update.row, self.now)
        updates.stranger(connection, self._number, self.now)

    def _row(self, number: int) -> tuple[Any, ...]:
        size = self._chance.randrange(200, 1500)
        fields = {"type": "info_notification", "title": f"Event {number}", "data": {"text": "x" * size}}
        changes: dict[str, Any] = {"fields": fields, "occurred_at": self.now}
        if number % 7 == 0:
            changes |= {"lane": 3, "task_id": f"task-{number // 70}"}
        if number % 11 == 0:
            changes["event_id"] = "a-constant-id"
        return row(number, **changes)

    def _send(self, connection: sqlite3.Connection, delivery: int, *, new: bool = True) -> None:
        if new:
            deliveries.add_parts(connection, delivery, ["{}" * 300])
        deliveries.start(connection, delivery, 1, self.now)
        part = deliveries.parts(connection, delivery)[0].part
        progress.arrived(connection, 1, delivery, part, self.now)
        deliveries.part_sent(connection, part, part, self.now)

    def _ask(self, connection: sqlite3.Connection, event: int, delivery: int) -> None:
        asked = Question(
            prompt="Deploy?",
            options=("Yes", "No"),
            default_pair=False,
            allow_text=False,
            awaited_by=None,
            expires_at=None,
            default_option=None,
        )
        decision = ledger.open_decision(connection, event, asked, self.now, self.now)
        card = ledger.add_card(connection, decision.id, delivery, 1, CHAT, "{}" * 200)
        ledger.card_sent(connection, card, delivery, "open", self.now)
        responder = ledger.Responder(CHAT, "person", "Person", CHAT, delivery)
        ledger.answer(connection, decision.id, responder, self.now, option=0)
        ledger.mark_card(connection, card, "answered")
        name = responses.name(f"event-{event}", self.now, self._chance.getrandbits(32))
        entered = answers.add(connection, "decision", event, name, json.dumps({"id": name}), self.now)
        answers.written(connection, entered.answer, self.now)

    def _files(self) -> None:
        """Write answers, rejected files, full and new logs, what a crashed producer left."""
        home = self.home
        for number in self._numbers(max(2, self._events // 20)):
            name = responses.name(f"event-{number}", self.now, number)
            folder = home / "responses"
            self._write(folder / name, 300)
            if number % 3:
                (folder / name).rename(folder / "taken" / name)
            if number % 4 == 0:
                self._write(home / "rejected" / f"{number}.json", 2000)
                self._write(home / "rejected" / f"{number}.json.reason.json", 300)
        self._write(home / "events" / f".{self._number}-left.tmp", 5000)
        for _ in range(self._events // 4):
            self._log.info(json.dumps({"event": "sent", "text": "x" * 150}))
        self._stamp(home / "logs" / "bridge.jsonl")

    def _write(self, file: Path, size: int) -> None:
        file.write_bytes(b"x" * size)
        self._stamp(file)

    def _stamp(self, file: Path) -> None:
        os.utime(file, ns=(self.now * 1000, self.now * 1000))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--days", type=int, default=90)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        simulation = Simulation(Path(folder) / "home", given.events)
        for day in range(1, given.days + 1):
            sizes = simulation.day()
            sys.stdout.write(f"{day:>4}{sizes.home:>12}{sizes.store:>12}{sizes.log:>12}\n")
        simulation.store.close()


if __name__ == "__main__":
    main()
