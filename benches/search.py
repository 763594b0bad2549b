"""The cost of a search over many events, without and with the index, and of the index itself.

The reference, on the same store: a bare `LIKE` over titles and bodies, which matches letters anywhere,
distinguishes accents, and has no notion of words.

    .venv/bin/python benches/search.py [--events 100000] [--runs 7] [--json]
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from figures import Figure, report

from cctelegram.chat.search import BATCH
from cctelegram.store import intake, schema, search
from cctelegram.store.search import Query
from owned import connect
from store.rows import NOW, row, to

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def fill(connection: sqlite3.Connection, count: int) -> list[str]:
    """Store events of 30 words each out of 5,000; return the words."""
    chance = random.Random(1)
    words = ["".join(chance.choice(LETTERS) for _ in range(chance.randint(3, 9))) for _ in range(5000)]
    connection.execute("BEGIN")
    for number in range(1, count + 1):
        fields = {
            "type": "info_notification",
            "title": f"Event {number} {chance.choice(words)}",
            "description": " ".join(chance.choices(words, k=30)),
            "data": {"branch_name": chance.choice(words), "exit_code": number % 3},
        }
        one = row(number, fields=fields)
        intake.accept(connection, [one], to(intake.Recipient(1001)), NOW + number)
    connection.execute("COMMIT")
    return words


def median_ms(runs: int, work: Callable[[], object]) -> float:
    took = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        took.append((time.perf_counter() - begin) * 1000)
    return round(statistics.median(took), 2)


def bare(connection: sqlite3.Connection, text: str) -> list[Any]:
    return connection.execute(
        "SELECT id FROM events WHERE title LIKE ?1 OR body LIKE ?1 ORDER BY id DESC LIMIT 20", (f"%{text}%",)
    ).fetchall()


def searches(
    connection: sqlite3.Connection, runs: int, words: list[str], count: int
) -> dict[str, dict[str, float]]:
    asked = {
        "a word in 0.6 % of events": words[5],
        "two of them": f"{words[5]} {words[9]}",
        "one event": f"Event {count // 2}",
        "nothing": "nothingatall",
        "without blanks (CJK)": "部署",
        "no words: the newest": "",
    }
    return {
        name: {
            "search_ms": median_ms(runs, partial(search.search, connection, Query(text))),
            "like_ms": median_ms(runs, partial(bare, connection, text)),
        }
        for name, text in asked.items()
    }


def index(connection: sqlite3.Connection) -> list[float]:
    """Fill the index in the bridge's own steps; return the milliseconds of each."""
    steps: list[float] = []
    while True:
        begin = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        count = search.catch_up(connection, BATCH)
        connection.execute("COMMIT")
        if not count:
            return steps
        steps.append((time.perf_counter() - begin) * 1000)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        connection = connect(path)
        schema.migrate(connection, path)
        words = fill(connection, given.events)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        bytes_before = path.stat().st_size
        before = searches(connection, given.runs, words, given.events)
        steps = index(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        bytes_after = path.stat().st_size
        after = searches(connection, given.runs, words, given.events)
        connection.close()
    found = {
        "events": given.events,
        "read_one_by_one": before,
        "by_the_index": after,
        "index": {
            "seconds": round(sum(steps) / 1000, 2),
            "events_in_a_step": BATCH,
            "step_median_ms": round(statistics.median(steps), 2),
            "step_longest_ms": round(max(steps), 2),
            "store_mb_before": round(bytes_before / 1e6, 1),
            "store_mb_after": round(bytes_after / 1e6, 1),
        },
    }
    figures = [
        Figure(f"{name}, {how}", float(row_of[field]), "ms")
        for how, field, rows in (
            ("one by one", "search_ms", before),
            ("by the index", "search_ms", after),
            ("bare LIKE", "like_ms", before),
        )
        for name, row_of in rows.items()
    ]
    return report(figures, as_json=given.json, **found)


if __name__ == "__main__":
    sys.exit(main())
