"""Single values that outlive a restart: the key of the cards' buttons, the mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable


def get(connection: sqlite3.Connection, name: str) -> bytes | None:
    """Return a value, or None when it was never set."""
    row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else bytes(row[0])


def put(connection: sqlite3.Connection, name: str, value: bytes) -> None:
    """Set a value."""
    connection.execute(
        "INSERT INTO facts (name, value) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def get_or_make(connection: sqlite3.Connection, name: str, make: Callable[[], bytes]) -> bytes:
    """Return a value; make and store it the first time."""
    value = get(connection, name)
    if value is None:
        value = make()
        put(connection, name, value)
    return value
