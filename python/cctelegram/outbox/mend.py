"""Making what was read of a damaged store hold together again, so that nothing that was kept is forgotten.

A delivery of which it is unknown how far it came is sent again with the mark of a repeat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cctelegram.outbox.intake import NOBODY

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

# Read by the bridge: a repeat that a crash caused does not count as one that Telegram left unclear.
MARK: Final = "unclear = unclear + 1, crashed = crashed + 1"
LOST_WAY: Final = "the store was damaged: nobody knows whether it arrived"


def doubt(connection: sqlite3.Connection, delivery: int) -> None:
    """Mark a delivery that waits, and of which a newer state may be lost."""
    connection.execute(
        f"UPDATE deliveries SET {MARK} WHERE id = ? AND state = 'queued'",  # noqa: S608 - a constant
        (delivery,),
    )


def mend(connection: sqlite3.Connection, tables: Iterable[str], *, damaged: bool, now: int) -> None:
    """Let foreign keys hold, and queue again what lost its way.

    Args:
        tables: those to look at.
        damaged: whether there were pages that could not be read: rows may be missing without a trace.
    """
    # A digest that is lost told of nobody knows how many of its events: each is told itself.
    connection.execute(
        f"UPDATE deliveries SET state = 'queued', merged_into = NULL, reason = ?, {MARK} "  # noqa: S608
        "WHERE state = 'digested' AND merged_into NOT IN (SELECT id FROM deliveries)",
        (LOST_WAY,),
    )
    connection.execute(
        "DELETE FROM deliveries WHERE event IS NOT NULL AND event NOT IN (SELECT id FROM events)"
    )
    while _untie(connection, tables):
        pass
    connection.execute(
        "UPDATE bots SET update_offset = max(update_offset, coalesce("
        "(SELECT max(update_id) + 1 FROM updates WHERE bot = bots.id), 0))"
    )
    if damaged:
        _render_anew(connection)
        connection.execute(
            "INSERT INTO deliveries (event, lane, state, silent, unclear, crashed, reason, queued_at) "
            "SELECT id, lane, 'held', lane >= 2, 1, 1, ?, ? FROM events "
            "WHERE id NOT IN (SELECT event FROM deliveries WHERE event IS NOT NULL)",
            (NOBODY, now),
        )
    if connection.execute("SELECT 1 FROM facts WHERE name = 'card_key'").fetchone() is None:
        _ask_anew(connection)


def _untie(connection: sqlite3.Connection, tables: Iterable[str]) -> int:
    """Let go of references to rows that are not there: set to none where that is allowed, else removed."""
    changed = 0
    for table in tables:
        needed = {row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[3]}
        for _, _, other, column, to, *_ in connection.execute(f"PRAGMA foreign_key_list({table})").fetchall():
            gone = f"{column} IS NOT NULL AND {column} NOT IN (SELECT {to or 'rowid'} FROM {other})"  # noqa: S608
            change = f"DELETE FROM {table}" if column in needed else f"UPDATE {table} SET {column} = NULL"  # noqa: S608
            changed += connection.execute(f"{change} WHERE {gone}").rowcount
    return changed


def _render_anew(connection: sqlite3.Connection) -> None:
    """Drop the parts of what waits: one of them may be missing. What was begun is marked as a repeat."""
    waiting = "state IN ('queued', 'sending', 'held') AND event IS NOT NULL"
    connection.execute(
        f"UPDATE deliveries SET {MARK} WHERE {waiting} AND "  # noqa: S608 - constants
        "id IN (SELECT delivery FROM parts WHERE sent_at IS NOT NULL)"
    )
    connection.execute(
        f"DELETE FROM parts WHERE delivery IN (SELECT id FROM deliveries WHERE {waiting})"  # noqa: S608
    )


def _ask_anew(connection: sqlite3.Connection) -> None:
    """Send the cards of open questions again: the key of the buttons on the phone is lost."""
    asked = "state IN ('sent', 'ambiguous') AND event IN (SELECT event FROM decisions WHERE state = 'open')"
    connection.execute(
        f"DELETE FROM parts WHERE delivery IN (SELECT id FROM deliveries WHERE {asked})"  # noqa: S608
    )
    connection.execute(
        f"UPDATE deliveries SET state = 'queued', sent_at = NULL, reason = ?, {MARK} WHERE {asked}",  # noqa: S608
        (LOST_WAY,),
    )
