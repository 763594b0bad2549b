"""Answers for agents: the ledger is the truth, the files under `responses/` are copies of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3


class Answer(NamedTuple):
    """An answer whose file is not on the disk yet; `body` is its JSON."""

    answer: int
    name: str
    body: str


def add(
    connection: sqlite3.Connection, kind: str, event: int | None, name: str, body: str, now: int
) -> Answer:
    """Enter an answer, in the transaction of what it answers."""
    cursor = connection.execute(
        "INSERT INTO answers (kind, event, name, body, created_at) VALUES (?, ?, ?, ?, ?)",
        (kind, event, name, body, now),
    )
    return Answer(int(cursor.lastrowid or 0), name, body)


def unwritten(connection: sqlite3.Connection, limit: int = 100) -> list[Answer]:
    """Give the answers whose files are still to be written, oldest first."""
    found = connection.execute(
        "SELECT id, name, body FROM answers WHERE written_at IS NULL ORDER BY id LIMIT ?", (limit,)
    )
    return [Answer(*row) for row in found]


def written(connection: sqlite3.Connection, answer: int, now: int) -> None:
    """Note that an answer's file is on the disk."""
    connection.execute("UPDATE answers SET written_at = ? WHERE id = ?", (now, answer))
