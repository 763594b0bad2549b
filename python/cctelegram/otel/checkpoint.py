"""How far store and log are exported: `state/otel.db`, so that a restart exports nothing twice.

An event is exported once, when it is finished. Until then it waits in `pending`.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

NAME: Final = "otel.db"
SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS pending (event INTEGER PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, number INTEGER NOT NULL, content BLOB)",
)


class Mark(NamedTuple):
    """A position: a number, and what was there, to notice that it is something else now."""

    number: int
    content: bytes | None


class Checkpoint:
    """The checkpoint of one home, created when missing, with mode 0600. Use it in one thread.

    Args:
        patience: seconds to wait for another exporter to end.

    Raises:
        OSError, sqlite3.Error: it cannot be opened or written, or another exporter has it.
    """

    def __init__(self, directory: Path, *, patience: float = 10.0) -> None:
        path = directory / NAME
        path.touch(mode=0o600, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=patience)
        # One exporter at a time: that of a bridge that was killed may still be ending.
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("BEGIN EXCLUSIVE")
        for statement in SCHEMA:
            self._connection.execute(statement)
        self._connection.execute("COMMIT")

    def mark(self, name: str) -> Mark | None:
        """Return a position, None before the first."""
        row = self._connection.execute("SELECT number, content FROM marks WHERE name = ?", (name,)).fetchone()
        return None if row is None else Mark(*row)

    def move(self, marks: Mapping[str, Mark], waiting: Iterable[int] = ()) -> None:
        """Store positions by name, together with the events that wait from now on."""
        with self._transaction():
            self._connection.executemany(
                "INSERT OR REPLACE INTO marks VALUES (?, ?, ?)",
                ((name, *mark) for name, mark in marks.items()),
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO pending VALUES (?)", ((event,) for event in waiting)
            )

    def pending(self, after: int, limit: int) -> list[int]:
        """Return the first events that wait and are not exported yet, with numbers above `after`."""
        found = self._connection.execute(
            "SELECT event FROM pending WHERE event > ? ORDER BY event LIMIT ?", (after, limit)
        )
        return [event for (event,) in found]

    def count(self) -> int:
        """Return how many events wait."""
        (count,) = self._connection.execute("SELECT count(*) FROM pending").fetchone()
        return int(count)

    def done(self, events: Iterable[int]) -> None:
        """Record that events are exported."""
        with self._transaction():
            self._connection.executemany(
                "DELETE FROM pending WHERE event = ?", ((event,) for event in events)
            )

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:  # commits, or rolls back after an error
            yield
