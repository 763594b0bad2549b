"""A damaged store made whole: what can be read goes into a new one, the damaged one is kept aside.

    store.db              damaged
    store.db.recovering   the new one while it is made; worth nothing yet
    store.db.recovered-<time>   complete: from here on the exchange goes to its end, at the next start too
    store.db.damaged-<time>     what was damaged, with its -wal and -shm

A kill at any moment leaves either the damaged store as it was, or a complete new one.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from cctelegram.outbox import facts, mend, schema
from cctelegram.outbox.image import Image
from cctelegram.outbox.salvage import Column, Salvage, Table

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.outbox.salvage import Row

LOG_FILES: Final = ("-wal", "-shm")
DAMAGED: Final = "damaged-"
FACT: Final = "recovery"
# The owner is told the ids of so many events that were lost; the rest are counted.
NAMED: Final = 5
# Rows that can be made anew from an index, since all else in them has a default.
FROM_INDEX: Final = "sqlite_autoindex_bots_1"


class Losses(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a recovery.

    `recovered` and `lost` count rows by table. `lost` is a least count unless `exact`: of rows that no index
    tells of either, nobody knows. `events` are ids of events that were lost.
    """

    at: int
    kept: str
    recovered: dict[str, int]
    lost: dict[str, int]
    exact: bool
    events: list[str]


def recover(path: Path) -> Losses:
    """Put a new store with all that can be read in the place of a damaged one; nobody else may have it open.

    Raises:
        OSError, sqlite3.Error: a disk that cannot be read or written; the damaged store is as it was.
    """
    now = time.time_ns() // 1000
    making = fresh(path)
    with Image(path) as image, closing(sqlite3.connect(making, isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # as `opened.connect` has it
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -2048")
        version = image.version if image.version and image.version <= schema.VERSION else schema.VERSION
        schema.migrate(connection, making, version)
        losses = _fill(connection, image, now, f"{path.name}.{DAMAGED}{stamp(now)}")
        schema.migrate(connection, making)
        facts.put(connection, FACT, msgspec.json.encode(losses))
    complete(making, path, stamp(now))
    finish(path)
    return losses


def stamp(now: int) -> str:
    """Give a time (us) as the names of kept files have it."""
    return datetime.fromtimestamp(now / 1_000_000, UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def fresh(path: Path) -> Path:
    """Give an empty file for the store that is to be made; what was left of another try is removed."""
    making = path.with_name(f"{path.name}.recovering")
    for end in ("", *LOG_FILES, "-journal"):
        making.with_name(making.name + end).unlink(missing_ok=True)
    making.touch(mode=0o600)
    return making


def complete(making: Path, path: Path, time: str) -> None:
    """Let a store that was made be the one that takes the place of `path`, durably."""
    with making.open("rb+") as file:
        os.fsync(file.fileno())
    making.rename(path.with_name(f"{path.name}.recovered-{time}"))
    _sync(path.parent)


def finish(path: Path) -> bool:
    """Go to the end of an exchange that was begun; returns whether there was one."""
    for recovered in sorted(path.parent.glob(f"{path.name}.recovered-*")):
        when = recovered.name.rpartition("-")[2]
        for end in (*LOG_FILES, ""):
            old = path.with_name(path.name + end)
            if old.exists():
                old.chmod(0o600)
                old.rename(path.with_name(f"{path.name}.{DAMAGED}{when}{end}"))
        recovered.rename(path)
        _sync(path.parent)
        return True
    return False


def losses(connection: sqlite3.Connection) -> Losses | None:
    """Give what came of the last recovery of this store, if there was one."""
    kept = facts.get(connection, FACT)
    return None if kept is None else msgspec.json.decode(kept, type=Losses)


def _fill(connection: sqlite3.Connection, image: Image, now: int, kept: str) -> Losses:
    tables = tables_of(connection)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("CREATE TEMP TABLE known (owner TEXT, row INTEGER, PRIMARY KEY (owner, row))")
    connection.execute("CREATE TEMP TABLE named (row INTEGER PRIMARY KEY, event_id TEXT)")
    salvage = Salvage(image, tables, indexes_of(connection, tables))
    connection.execute("BEGIN")
    for row in salvage.rows():
        _insert(connection, row)
        if row.adrift and row.table.name == "deliveries":
            mend.doubt(connection, row.rowid)
    for entry in salvage.entries():
        connection.execute("INSERT OR IGNORE INTO known VALUES (?, ?)", (entry.table, entry.rowid))
        if entry.name == FROM_INDEX:
            connection.execute(
                "INSERT OR IGNORE INTO bots (id, api_base, bot_id) VALUES (?, ?, ?)",
                (entry.rowid, *entry.values),
            )
        if entry.table == "events" and len(entry.values) == 1 and isinstance(entry.values[0], str):
            connection.execute("INSERT OR IGNORE INTO named VALUES (?, ?)", (entry.rowid, entry.values[0]))
    for name in tables:
        connection.execute(f"INSERT OR IGNORE INTO known SELECT ?, rowid FROM {name}", (name,))  # noqa: S608
    mend.mend(connection, tables, damaged=salvage.unreadable > 0 or bool(image.stale), now=now)
    lost = {name: _count(connection, GONE.format(name), (name,)) for name in tables}
    events = connection.execute(
        "SELECT event_id FROM named WHERE row NOT IN (SELECT id FROM events) ORDER BY row LIMIT ?", (NAMED,)
    )
    found = Losses(
        at=now,
        kept=kept,
        recovered={name: _count(connection, f"SELECT count(*) FROM {name}") for name in tables},  # noqa: S608
        lost={name: count for name, count in lost.items() if count},
        exact=not salvage.unreadable and not image.stale,
        events=[event_id for (event_id,) in events],
    )
    connection.execute("COMMIT")
    connection.execute("DROP TABLE known")
    connection.execute("DROP TABLE named")
    return found


GONE: Final = "SELECT count(*) FROM known WHERE owner = ? AND row NOT IN (SELECT rowid FROM {})"


def _count(connection: sqlite3.Connection, query: str, values: tuple[str, ...] = ()) -> int:
    return int(connection.execute(query, values).fetchone()[0])


def tables_of(connection: sqlite3.Connection) -> dict[str, Table]:
    """Give the tables of a sound store, each that others refer to before those.

    Those of the search are left out: their index is filled anew from the events.
    """
    names = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' "
            "AND name NOT LIKE 'search%' "
            "ORDER BY rootpage"
        )
    ]
    return {name: Table(name, _columns(connection, name)) for name in names}


def indexes_of(connection: sqlite3.Connection, tables: dict[str, Table]) -> dict[str, Table]:
    """Give the shape of each index: its columns, then the rowid."""
    found = {}
    for table in tables.values():
        by_name = {column.name: column for column in table.columns}
        for _, index, *_ in connection.execute(f"PRAGMA index_list({table.name})").fetchall():
            names = [row[2] for row in connection.execute(f"PRAGMA index_info({index})")]
            columns = (*(by_name[name] for name in names if name in by_name), ROWID)
            if len(columns) == len(names) + 1 and not any(column.is_rowid for column in columns):
                found[index] = Table(index, columns)
    return found


ROWID: Final = Column("rowid", "INTEGER", needed=True, has_default=False, is_rowid=False)


def _columns(connection: sqlite3.Connection, table: str) -> tuple[Column, ...]:
    found = connection.execute(f"PRAGMA table_info({table})").fetchall()
    return tuple(
        Column(
            name,
            kind,
            needed=bool(needed or key),  # SQLite lets a key of text be empty; ours never is
            has_default=default is not None,
            is_rowid=bool(key) and kind == "INTEGER" and sum(bool(other[5]) for other in found) == 1,
        )
        for _, name, kind, needed, default, key in found
    )


def _insert(connection: sqlite3.Connection, row: Row) -> None:
    given = [
        (column.name, value)
        for column, value in zip(row.table.columns, row.values, strict=False)
        if not column.is_rowid
    ]
    names = ", ".join(("rowid", *(name for name, _ in given)))
    marks = ", ".join("?" * (len(given) + 1))
    connection.execute(
        f"INSERT OR IGNORE INTO {row.table.name} ({names}) VALUES ({marks})",  # noqa: S608 - our own names
        (row.rowid, *(value for _, value in given)),
    )


def _sync(directory: Path) -> None:
    """Make renames durable; where a directory cannot be opened (Windows) they are so by themselves."""
    try:
        handle = os.open(directory, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
