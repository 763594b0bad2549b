"""Audit log entries that are stored and not in a file yet, and the head of their chain.

An entry is made in the transaction that closes its decision, so neither exists without the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cctelegram.store import facts

if TYPE_CHECKING:
    import sqlite3

HEAD: Final = "audit_head"
SINCE: Final = "audit_since"


class Waiting(NamedTuple):
    """An entry that is not in a file yet."""

    number: int
    line: str


class Closed(NamedTuple):
    """A closed decision from the ledger, and its event as the producer wrote it."""

    decision: int
    event_id: str
    state: str
    option: int | None
    text: str | None
    user_id: int | None
    body: str


def head(connection: sqlite3.Connection) -> tuple[int, str] | None:
    """Return the number and digest of the newest entry; None before the first."""
    stored = facts.get(connection, HEAD)
    if stored is None:
        return None
    number, _, digest = stored.decode().partition(" ")
    return int(number), digest


def add(connection: sqlite3.Connection, number: int, digest: str, line: str, now: int) -> None:
    """Store an entry, in the transaction of what it records; `now` in us."""
    connection.execute("INSERT INTO audit (number, line) VALUES (?, ?)", (number, line))
    facts.put(connection, HEAD, f"{number} {digest}".encode())
    facts.get_or_make(connection, SINCE, lambda: str(now).encode())


def waiting(connection: sqlite3.Connection, limit: int = 100) -> list[Waiting]:
    """Return the entries that are not in a file yet, in order."""
    found = connection.execute("SELECT number, line FROM audit ORDER BY number LIMIT ?", (limit,))
    return [Waiting(*row) for row in found]


def written(connection: sqlite3.Connection, number: int) -> None:
    """Record that the entries up to `number` are in a file."""
    connection.execute("DELETE FROM audit WHERE number <= ?", (number,))


def closed_since(connection: sqlite3.Connection, moment: int) -> list[Closed]:
    """Return the decisions that were closed at `moment` (us) or later, and after the log began."""
    began = facts.get(connection, SINCE)
    if began is None:
        return []
    found = connection.execute(
        "SELECT decisions.id, events.event_id, decisions.state, decisions.option, decisions.text, "
        "decisions.user_id, events.body "
        "FROM decisions JOIN events ON events.id = decisions.event "
        "WHERE decisions.state != 'open' AND decisions.closed_at >= ? ORDER BY decisions.id",
        (max(moment, int(began)),),
    )
    return [Closed(*row) for row in found]
