"""Recovery: a new store from the rows that SQLite still reads of a damaged one, then the newest snapshot.

    store.db                    damaged
    .store.db.recovering        the new store while it is made; worthless yet
    store.db.recovered-<time>   complete: from here on the exchange is always finished, at the next start too
    store.db.damaged-<time>     the damaged store, with its -wal and -shm

A kill at any moment leaves either the damaged store as it was, or a complete new one. Lost rows are counted.
A delivery whose progress is unknown is sent again with the mark of a repeat.
"""

# ruff: noqa: S608  # statements are formatted from names of the schema and constants of this file

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cctelegram import durable
from cctelegram.store import facts, schema, snapshots
from cctelegram.store.connection import connect_reader
from cctelegram.store.intake import NO_USERS
from cctelegram.store.judgement import SILENT_FROM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

LOG_FILES: Final = ("-wal", "-shm")
DAMAGED: Final = "damaged"
REPLACED: Final = "replaced"
FACT: Final = "recovery"
# Maximum number of lost events whose ids are reported to the owner; the rest are counted.
NAMED: Final = 5
# Row numbers tried between two readable rows: in a larger gap, only those that an index knows.
TRIED: Final = 1_000_000
# The bridge does not count a repeat that a crash caused as one that Telegram left unclear.
MARK: Final = "unclear = unclear + 1, crashed = crashed + 1"
UNKNOWN: Final = "the store was damaged: unknown delivery status"
# Columns of JSON text: only parsing reveals damage within it.
JSON: Final = {"events": "body", "parts": "payload", "decisions": "options", "cards": "payload"}


class Losses(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a recovery.

    `recovered`, `restored` and `lost` count rows by table: all that exist now, those of them from the
    snapshot, and those that are gone. `lost` is a lower bound unless `exact`: where the indexes of a table
    are damaged too, it is unknown how many rows it had. `events` are ids of lost events.
    """

    at: int
    kept: str
    recovered: dict[str, int]
    lost: dict[str, int]
    exact: bool
    events: list[str]
    restored: dict[str, int] = {}
    snapshot: str | None = None


def recover(path: Path) -> Losses:
    """Replace a damaged store by a new one with all readable rows; no one else may have it open.

    Raises:
        OSError, sqlite3.Error: the disk cannot be written now; the damaged store is unchanged.
    """
    now = time.time_ns() // 1000
    kept = f"{path.name}.{DAMAGED}-{snapshots.stamp(now)}"
    snapshot = snapshots.newest_sound(path)
    making = fresh(path)
    with closing(sqlite3.connect(making, isolation_level=None, uri=True)) as new:
        new.execute("PRAGMA auto_vacuum = INCREMENTAL")  # as in `connection.connect_writer`
        new.execute("PRAGMA journal_mode = OFF")
        new.execute("PRAGMA synchronous = OFF")
        new.execute("PRAGMA cache_size = -2048")
        old = _readable(path)
        try:
            schema.migrate(new, making, _version(old))
            losses = _Recovery(new, old, snapshot).run(now, kept)
        finally:
            if old is not None:
                old.close()
        schema.migrate(new, making)
        facts.put(new, FACT, msgspec.json.encode(losses))
    replace(path, making, DAMAGED, now)
    return losses


def restore(path: Path, snapshot: Path, now: int) -> str | None:
    """Replace the store by a copy of a sound snapshot; the owner calls it, with the store closed.

    Returns:
        The name under which the present store is kept beside it; None when there was none.

    Raises:
        OSError, sqlite3.Error: it cannot be read or written; the present store is unchanged.
    """
    finish(path)
    making = fresh(path)
    with closing(connect_reader(snapshot)) as source:
        snapshots.copy(source, making)
    with closing(sqlite3.connect(making, isolation_level=None)) as new:
        doubt(new)
    kept = f"{path.name}.{REPLACED}-{snapshots.stamp(now)}"
    replace(path, making, REPLACED, now)
    return kept if path.with_name(kept).exists() else None


def fresh(path: Path) -> Path:
    """Return an empty file for a new store; remove the remains of an earlier try."""
    making = path.with_name(f".{path.name}.recovering")
    for left in path.parent.glob(f"*{making.name}*"):  # with logs, and copies that a kill cut short
        left.unlink(missing_ok=True)
    making.touch(mode=0o600)
    return making


def replace(path: Path, making: Path, word: str, now: int) -> None:
    """Replace the store at `path` by the one at `making`; keep the old one under another name."""
    durable.sync(making)
    making.rename(path.with_name(f"{path.name}.recovered-{word}-{snapshots.stamp(now)}"))
    durable.sync(path.parent)
    finish(path)


def finish(path: Path) -> bool:
    """Finish an exchange that a crash cut short; return whether there was one.

    An exchange that an earlier version of this program began is finished too.
    """
    # An earlier version kept a second name of the log while it opened the store.
    path.with_name(f"{path.name}-wal.look").unlink(missing_ok=True)
    found = sorted(path.parent.glob(f"{path.name}.recovered-*"))
    for made in found:
        *_, words = made.name.partition(".recovered-")
        kept = words if "-" in words else f"{DAMAGED}-{words}"  # an earlier version wrote the time alone
        for end in (*LOG_FILES, ""):
            old = path.with_name(path.name + end)
            if old.exists():
                old.chmod(0o600)
                old.rename(path.with_name(f"{path.name}.{kept}{end}"))
        made.rename(path)
        durable.sync(path.parent)
    return bool(found)


def losses(connection: sqlite3.Connection) -> Losses | None:
    """Return the result of the last recovery of this store, or None."""
    kept = facts.get(connection, FACT)
    return None if kept is None else msgspec.json.decode(kept, type=Losses)


def doubt(connection: sqlite3.Connection, which: str = "1") -> None:
    """Mark a snapshot's waiting deliveries, which may have been sent since; none stays in flight."""
    connection.execute(
        f"UPDATE deliveries SET {MARK}, state = CASE state WHEN 'sending' THEN 'queued' ELSE state END "
        f"WHERE state IN ('queued', 'sending', 'held') AND {which}"
    )


def _readable(path: Path) -> sqlite3.Connection | None:
    """Open a damaged store; return None when SQLite can read nothing of it."""
    try:
        connection = connect_reader(path)
    except sqlite3.DatabaseError:
        return None
    try:
        # Read a file that is truncated, or has an odd schema, all the same.
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.DatabaseError:
        connection.close()
        return None
    return connection


def _version(old: sqlite3.Connection | None) -> int:
    (found,) = (0,) if old is None else old.execute("PRAGMA user_version").fetchone()
    return found if 0 < found <= schema.VERSION else schema.VERSION


class _Recovery:
    """Fills the new store."""

    def __init__(
        self, new: sqlite3.Connection, old: sqlite3.Connection | None, snapshot: Path | None
    ) -> None:
        self._new = new
        self._old = old
        self._snapshot = snapshot
        # Tables of the search are left out: their index is filled again from the events.
        self._tables = [
            name
            for (name,) in new.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' "
                "AND name NOT LIKE 'search%' ORDER BY rootpage"
            )
        ]
        self._exact = True

    def run(self, now: int, kept: str) -> Losses:
        new = self._new
        new.execute("PRAGMA foreign_keys = OFF")
        new.execute("CREATE TEMP TABLE known (owner TEXT, row INTEGER, PRIMARY KEY (owner, row))")
        new.execute("CREATE TEMP TABLE named (row INTEGER PRIMARY KEY, event_id TEXT)")
        new.execute("CREATE TEMP TABLE filled (row INTEGER PRIMARY KEY)")
        if self._snapshot is not None:
            new.execute("ATTACH ? AS snap", (f"{self._snapshot.absolute().as_uri()}?mode=ro",))
        new.execute("BEGIN")
        damaged = {name: gaps for name in self._tables if (gaps := self._copy(name))}
        for name in damaged:
            self._note(name)
        # Only unreadable ranges: elsewhere, a row that only the snapshot has was removed.
        restored = {name: self._fill(name, gaps) for name, gaps in damaged.items() if self._snapshot}
        repair(new, self._tables, damaged, now)
        lost = {name: self._count(GONE.format(name), (name,)) for name in damaged}
        found = Losses(
            at=now,
            kept=kept,
            recovered={name: self._count(f"SELECT count(*) FROM {name}") for name in self._tables},
            lost={name: count for name, count in lost.items() if count},
            exact=self._exact,
            events=[event_id for (event_id,) in new.execute(LOST_EVENTS, (NAMED,))],
            restored={name: count for name, count in restored.items() if count},
            snapshot=None if self._snapshot is None else self._snapshot.name,
        )
        new.execute("COMMIT")
        if self._snapshot is not None:
            new.execute("DETACH snap")
        for name in ("known", "named", "filled"):
            new.execute(f"DROP TABLE temp.{name}")
        return found

    def _copy(self, table: str) -> list[tuple[int, int]]:
        """Copy the rows that SQLite reads; return the first and last numbers of each unreadable range."""
        last = -(1 << 63)
        first = (1 << 63) - 1
        columns = self._columns(table, self._old, "main")
        if self._old is None or not columns:
            return [(last, first)]
        text = JSON.get(table)
        valid = "1" if text is None else f"iif({text} IS NULL, 1, json_valid({text}))"
        query = f"SELECT rowid, {', '.join(columns)}, {valid} FROM {table} NOT INDEXED"
        insert = (
            f"INSERT OR IGNORE INTO {table} (rowid, {', '.join(columns)}) VALUES (?{', ?' * len(columns)})"
        )
        odd: list[tuple[int, int]] = []
        rows = _Rows(self._old)

        def copy(which: str, *values: int) -> int | None:
            read = rows.read(f"{query} {which}", *values)
            self._new.executemany(insert, self._fitting(table, columns, read, odd))
            return rows.last

        last = copy("ORDER BY rowid") or last
        if not rows.broken:
            return odd
        # Python's module reads ahead and loses the last row before the damage: read that row separately.
        last = copy("WHERE rowid >= ? ORDER BY rowid LIMIT 1", last + 1) or last
        # Read from the other end back to the damage, then between the two from each number on.
        first = copy("WHERE rowid > ? ORDER BY rowid DESC", last) or first
        first = copy("WHERE rowid > ? AND rowid <= ? ORDER BY rowid DESC LIMIT 1", last, first - 1) or first
        gap = (last + 1, first - 1)
        if first - last > TRIED:
            for number in self._numbers(table, last, first):
                copy("WHERE rowid = ?", number)
            return [gap, *odd]
        while last < first - 1:
            at = last + 1  # sought by its own number: its page may be intact where the one before is not
            found = copy("WHERE rowid >= ? AND rowid < ? ORDER BY rowid", at, first)
            if not rows.broken:
                break
            last = last if found is None else found
            found = copy("WHERE rowid >= ? AND rowid < ? ORDER BY rowid LIMIT 1", last + 1, first)
            last = max(at, last if found is None else found)
        return [gap, *odd]

    def _fitting(
        self,
        table: str,
        columns: list[str],
        rows: Iterator[tuple[Any, ...]],
        odd: list[tuple[int, int]],
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the rows that have the types of their table: a page of another table may be in its place."""
        kinds = {row[1]: row[2] for row in self._new.execute(f"PRAGMA main.table_info({table})")}
        types = [int, *(TYPES.get(kinds[name], object) for name in columns)]
        for *row, valid in rows:
            if valid and all(
                value is None or isinstance(value, kind) for value, kind in zip(row, types, strict=True)
            ):
                yield tuple(row)
            else:
                odd.append((row[0], row[0]))

    def _numbers(self, table: str, last: int, first: int) -> list[int]:
        """Return the row numbers between two others that an index or the snapshot has."""
        assert self._old is not None  # noqa: S101 - `_copy` checked
        rows = _Rows(self._old)
        found: set[int] = set()
        for index in self._indexes(table):
            found.update(number for (number,) in rows.read(f"SELECT rowid FROM {table} INDEXED BY {index}"))
        if self._snapshot is not None and self._columns(table, self._new, "snap"):
            found.update(number for (number,) in self._new.execute(f"SELECT rowid FROM snap.{table}"))
        return sorted(number for number in found if last < number < first)

    def _note(self, table: str) -> None:
        """Note which rows the table had, according to the indexes and the snapshot."""
        exact = False
        rows = _Rows(self._old)
        for index, first in self._indexes(table).items():
            self._new.executemany(
                "INSERT OR IGNORE INTO known VALUES (?, ?)",
                ((table, row) for (row,) in rows.read(f"SELECT rowid FROM {table} INDEXED BY {index}")),
            )
            exact |= not rows.broken
            if first == "event_id":
                named = rows.read(f"SELECT rowid, event_id FROM {table} INDEXED BY {index}")
                self._new.executemany("INSERT OR IGNORE INTO named VALUES (?, ?)", named)
        self._exact &= exact

    def _fill(self, table: str, gaps: list[tuple[int, int]]) -> int:
        """Copy from the snapshot the rows that could not be read; return how many."""
        columns = self._columns(table, self._new, "snap")
        if not columns:
            return 0
        self._new.execute("DELETE FROM filled")
        self._new.executemany(
            f"INSERT OR IGNORE INTO filled SELECT rowid FROM snap.{table} WHERE rowid BETWEEN ? AND ? "
            f"AND rowid NOT IN (SELECT rowid FROM main.{table})",
            gaps,
        )
        names = ", ".join(("rowid", *columns))
        count = self._new.execute(
            f"INSERT OR IGNORE INTO main.{table} ({names}) SELECT {names} FROM snap.{table} "
            "WHERE rowid IN (SELECT row FROM filled)"
        ).rowcount
        if table == "deliveries":
            doubt(self._new, "id IN (SELECT row FROM filled)")
        return count

    def _columns(self, table: str, connection: sqlite3.Connection | None, place: str) -> list[str]:
        """Return the columns that the table has both there and in the new store, without the row number."""
        if connection is None:
            return []
        try:
            there = {row[1] for row in connection.execute(f"PRAGMA {place}.table_info({table})")}
        except sqlite3.DatabaseError:
            return []
        ours = self._new.execute(f"PRAGMA main.table_info({table})").fetchall()
        keys = [name for _, name, kind, _, _, key in ours if key and kind == "INTEGER"]
        return [name for _, name, *_ in ours if name in there and name not in keys]

    def _indexes(self, table: str) -> dict[str, str]:
        """Return the indexes that have every row of a table, and the first column of each."""
        found = self._new.execute(f"PRAGMA main.index_list({table})").fetchall()
        return {
            name: self._new.execute(f"PRAGMA main.index_info({name})").fetchone()[2]
            for _, name, _, _, partial in found
            if not partial
        }

    def _count(self, query: str, values: tuple[str, ...] = ()) -> int:
        return int(self._new.execute(query, values).fetchone()[0])


TYPES: Final[dict[str, type]] = {"INTEGER": int, "TEXT": str, "BLOB": bytes}
GONE: Final = "SELECT count(*) FROM known WHERE owner = ? AND row NOT IN (SELECT rowid FROM {})"
LOST_EVENTS: Final = (
    "SELECT event_id FROM named WHERE row NOT IN (SELECT id FROM events) ORDER BY row LIMIT ?"
)


class _Rows:
    """Rows read until SQLite raises; `last` is the number of the last row, `broken` whether it raised."""

    def __init__(self, connection: sqlite3.Connection | None) -> None:
        self._connection = connection
        self.last: int | None = None
        self.broken = False

    def read(self, query: str, *values: int) -> Iterator[tuple[Any, ...]]:
        self.last, self.broken = None, self._connection is None
        with suppress(sqlite3.DatabaseError):
            self.broken = True
            for row in () if self._connection is None else self._connection.execute(query, values):
                yield row
                self.last = row[0]
            self.broken = self._connection is None


def repair(connection: sqlite3.Connection, tables: Iterable[str], damaged: Iterable[str], now: int) -> None:
    """Make foreign keys hold, and queue again the deliveries whose path to a message is lost."""
    # It is unknown which events a lost digest reported: send each by itself.
    connection.execute(
        f"UPDATE deliveries SET state = 'queued', merged_into = NULL, reason = ?, {MARK} "
        "WHERE state = 'digested' AND merged_into NOT IN (SELECT id FROM deliveries)",
        (UNKNOWN,),
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
    # Do not ask a question again that the snapshot has open, when its answer is there.
    connection.execute(
        "UPDATE decisions SET state = 'answered', closed_at = ?1, text = (SELECT coalesce("
        "json_extract(body, '$.text'), json_extract(body, '$.option')) FROM answers "
        "WHERE answers.event = decisions.event AND kind = 'decision') WHERE state = 'open' "
        "AND event IN (SELECT event FROM answers WHERE kind = 'decision')",
        (now,),
    )
    if {"events", "deliveries", "parts"} & set(damaged):
        _discard_parts(connection)
        connection.execute(
            "INSERT INTO deliveries (event, lane, state, silent, unclear, crashed, reason, queued_at) "
            "SELECT id, lane, 'held', lane >= ?, 1, 1, ?, ? FROM events "
            "WHERE id NOT IN (SELECT event FROM deliveries WHERE event IS NOT NULL)",
            (SILENT_FROM, NO_USERS, now),
        )
    if connection.execute("SELECT 1 FROM facts WHERE name = 'card_key'").fetchone() is None:
        _ask_again(connection)


def _untie(connection: sqlite3.Connection, tables: Iterable[str]) -> int:
    """Set references to missing rows to null, or delete rows where null is not allowed; return how many."""
    changed = 0
    for table in tables:
        needed = {row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[3]}
        for _, _, other, column, to, *_ in connection.execute(f"PRAGMA foreign_key_list({table})").fetchall():
            gone = f"{column} IS NOT NULL AND {column} NOT IN (SELECT {to or 'rowid'} FROM {other})"
            change = f"DELETE FROM {table}" if column in needed else f"UPDATE {table} SET {column} = NULL"
            changed += connection.execute(f"{change} WHERE {gone}").rowcount
    return changed


def _discard_parts(connection: sqlite3.Connection) -> None:
    """Delete the parts of waiting deliveries: one may be missing. Mark those partly sent as repeats."""
    waiting = "state IN ('queued', 'sending', 'held') AND event IS NOT NULL"
    connection.execute(
        f"UPDATE deliveries SET {MARK} WHERE {waiting} AND "
        "id IN (SELECT delivery FROM parts WHERE sent_at IS NOT NULL)"
    )
    connection.execute(f"DELETE FROM parts WHERE delivery IN (SELECT id FROM deliveries WHERE {waiting})")


def _ask_again(connection: sqlite3.Connection) -> None:
    """Queue the cards of open questions again: the key of the buttons on the phone is lost."""
    asked = "state IN ('sent', 'ambiguous') AND event IN (SELECT event FROM decisions WHERE state = 'open')"
    connection.execute(f"DELETE FROM parts WHERE delivery IN (SELECT id FROM deliveries WHERE {asked})")
    connection.execute(
        f"UPDATE deliveries SET state = 'queued', sent_at = NULL, reason = ?, {MARK} WHERE {asked}",
        (UNKNOWN,),
    )
