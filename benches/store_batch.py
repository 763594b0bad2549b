"""Storing a batch of events durably, compared with one bare SQLite transaction of the same rows.

Both write the same 500 events with a delivery each into a store of the same schema, pragmas and age, in turn;
`synchronous=FULL` on both. The store also handles reused event ids and reasons to hold, and returns the
result from the writing thread.

    .venv/bin/python benches/store_batch.py [--runs 60] [--json]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from figures import Figure, median_us, on_disk, ratio, report

from cctelegram.store import intake, schema
from owned import Store, connect
from store.rows import NOW, row, to

if TYPE_CHECKING:
    import sqlite3

EVENTS = 500
LIMIT = 2.0
DELIVERY = (
    "INSERT INTO deliveries (event, chat_id, thread_id, lane, state, silent, reason, queued_at) "
    "VALUES (?, 1001, NULL, 2, 'queued', 1, NULL, ?)"
)


def batch(number: int) -> list[tuple[Any, ...]]:
    """Make 500 new event rows of about 800 bytes."""
    body = {"type": "info_notification", "title": "Event", "description": "d" * 500, "data": {"a": "b" * 200}}
    return [row(number * EVENTS + each, fields=body) for each in range(EVENTS)]


def bare(connection: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> None:
    """Write the rows as directly as possible."""
    connection.execute("BEGIN IMMEDIATE")
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
    connection.executemany(intake.INSERT, [(last + 1 + index, *each, NOW) for index, each in enumerate(rows)])
    connection.executemany(DELIVERY, [(last + 1 + each, NOW) for each in range(len(rows))])
    connection.execute("COMMIT")


def measure(runs: int) -> list[Figure]:
    """Return the medians of interleaved runs, and their ratio."""
    with tempfile.TemporaryDirectory(dir=on_disk()) as folder:
        ours = Store(Path(folder) / "ours" / "store.db")
        beside = Path(folder) / "bare" / "store.db"
        plain = connect(beside)
        schema.migrate(plain, beside)
        recipients = to(intake.Recipient(1001))
        times: dict[str, list[float]] = {"ours": [], "bare": []}
        for number in range(runs):
            rows = batch(number)
            begin = time.perf_counter()
            ours.submit(partial(intake.accept, rows=rows, recipients=recipients, now=NOW)).result()
            middle = time.perf_counter()
            bare(plain, rows)
            times["ours"].append(middle - begin)
            times["bare"].append(time.perf_counter() - middle)
        ours.close()
        plain.close()
    return [
        *(median_us(f"{name}, an event", values, EVENTS) for name, values in times.items()),
        ratio("stored durably, of a bare transaction", times["ours"], times["bare"], LIMIT),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    return report(measure(given.runs), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
