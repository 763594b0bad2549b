"""Updates from Telegram: stored before the offset moves, handled once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

# Telegram keeps an update for 24 hours, so none arrives twice after that; ids may restart at any number after
# a week without updates. An id seen longer ago than this (us) names another update.
SAME_ID: Final = 2 * 86_400_000_000


class Update(NamedTuple):
    """A stored update; `payload` is Telegram's JSON, `received_at` in us since the epoch."""

    row: int
    update_id: int
    payload: str
    received_at: int


def store(connection: sqlite3.Connection, bot: int, updates: Iterable[tuple[int, str]], now: int) -> None:
    """Store (update id, JSON) pairs that are new, and the offset behind them, in one transaction.

    The offset follows the batch down as well as up: one that only grows would ask for ids that Telegram no
    longer uses. `now` in us since the epoch.
    """
    last = None
    for update_id, payload in updates:
        connection.execute(
            "DELETE FROM updates WHERE bot = ? AND update_id = ? AND handled_at IS NOT NULL "
            "AND abs(? - received_at) > ?",
            (bot, update_id, now, SAME_ID),
        )
        connection.execute(
            "INSERT INTO updates (bot, update_id, payload, received_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            (bot, update_id, payload, now),
        )
        last = update_id if last is None else max(last, update_id)
    if last is not None:
        connection.execute("UPDATE bots SET update_offset = ? WHERE id = ?", (last + 1, bot))


def offset(connection: sqlite3.Connection, bot: int) -> int:
    """Return the update offset: the id of the next update to ask for."""
    return int(connection.execute("SELECT update_offset FROM bots WHERE id = ?", (bot,)).fetchone()[0])


def unhandled(connection: sqlite3.Connection, bot: int, limit: int = 100) -> list[Update]:
    """Return the updates that are stored and not handled yet, oldest first."""
    found = connection.execute(
        "SELECT id, update_id, payload, received_at FROM updates "
        "WHERE handled_at IS NULL AND bot = ? ORDER BY id LIMIT ?",
        (bot, limit),
    )
    return [Update(*row) for row in found]


def handled(connection: sqlite3.Connection, row: int, now: int) -> None:
    """Record that an update was handled; call it in the transaction of its effects."""
    connection.execute("UPDATE updates SET handled_at = ?, payload = NULL WHERE id = ?", (now, row))


def stranger(connection: sqlite3.Connection, user_id: int, now: int) -> bool:
    """Count a message of a user who is not allowed; return whether it is the first of this user."""
    (tries,) = connection.execute(
        "INSERT INTO strangers (user_id, tries, first_at, last_at) VALUES (?, 1, ?, ?) "
        "ON CONFLICT (user_id) DO UPDATE SET tries = tries + 1, last_at = excluded.last_at RETURNING tries",
        (user_id, now, now),
    ).fetchone()
    return int(tries) == 1
