"""A damaged store made whole: what SQLite still reads of it, then what the newest snapshot has.

    store.db                    damaged
    .store.db.recovering        the new one while it is made; worth nothing yet
    store.db.recovered-<time>   complete: from here on the exchange goes to its end, at the next start too
    store.db.damaged-<time>     what was damaged, with its -wal and -shm

A kill at any moment leaves either the damaged store as it was, or a complete new one. What is lost is
counted. A delivery of which it is unknown how far it came is sent again with the mark of a repeat.
"""

# ruff: noqa: S608  # what is put into a statement is names of the schema and constants of this file

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cctelegram.store import facts, schema, snapshots
from cctelegram.store.connection import connect_reader
from cctelegram.store.intake import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

LOG_FILES: Final = ("-wal", "-shm")
DAMAGED: Final = "damaged"
REPLACED: Final = "replaced"
FACT: Final = "recovery"
# The owner is told the ids of so many events that were lost; the rest are counted.
NAMED: Final = 5
# Row numbers between two rows that can be read: of more, only those that an index knows are tried.
TRIED: Final = 1_000_000
# Read by the bridge: a repeat that a crash caused does not count as one that Telegram left unclear.
MARK: Final = "unclear = unclear + 1, crashed = crashed + 1"
UNKNOWN: Final = "the store was damaged: nobody knows whether it arrived"
# Text that is JSON: damage within it shows here and nowhere else.
JSON: Final = {"events": "body", "parts": "payload", "decisions": "options", "cards": "payload"}


class Losses(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a recovery.

    `recovered`, `restored` and `lost` count rows by table: all that are there now, those of them that the
    snapshot gave, and those that are gone. `lost` is a least count unless `exact`: where the indexes of a
    table are damaged too, nobody knows how many rows it had. `events` are ids of events that were lost.
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
    """Put a new store with all that can be read in the place of a damaged one; nobody else may have it open.

    Raises:
        OSError, sqlite3.Error: the disk cannot be written now; the damaged store is as it was.
    """
    now = time.time_ns() // 1000
    kept = f"{path.name}.{DAMAGED}-{snapshots.stamp(now)}"
    snapshot = snapshots.newest_sound(path)
    making = fresh(path)
    with closing(sqlite3.connect(making, isolation_level=None, uri=True)) as new:
        new.execute("PRAGMA auto_vacuum = INCREMENTAL")  # as `connection.connect_writer` has it
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
    """Put a copy of a sound snapshot in the place of the store; the owner calls it, with the store closed.

    Returns:
        The name under which the present store is kept beside it; None when there was none.

    Raises:
        OSError, sqlite3.Error: it cannot be read or written; the present store is as it was.
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
    """Return an empty file for the store that is to be made; what was left of another try is removed."""
    making = path.with_name(f".{path.name}.recovering")
    for end in ("", *LOG_FILES, "-journal"):
        making.with_name(making.name + end).unlink(missing_ok=True)
    making.touch(mode=0o600)
    return making


def replace(path: Path, making: Path, word: str, now: int) -> None:
    """Let a store that was made take the place of the one at `path`, which is kept under another name."""
    snapshots.sync(making)
    making.rename(path.with_name(f"{path.name}.recovered-{word}-{snapshots.stamp(now)}"))
    snapshots.sync(path.parent)
    finish(path)


def finish(path: Path) -> bool:
    """Go to the end of an exchange that a crash cut short; return whether there was one.

    One that an earlier version of this program began is finished too.
    """
    # An earlier version kept a second name of the log while it opened the store.
    path.with_name(f"{path.name}-wal.look").unlink(missing_ok=True)
    found = sorted(path.parent.glob(f"{path.name}.recovered-*"))
    for made in found:
        *_, words = made.name.partition(".recovered-")
        kept = words if "-" in words else f"{DAMAGED}-{words}"  # the earlier version gave the time alone
        for end in (*LOG_FILES, ""):
            old = path.with_name(path.name + end)
            if old.exists():
                old.chmod(0o600)
                old.rename(path.with_name(f"{path.name}.{kept}{end}"))
        made.rename(path)
        snapshots.sync(path.parent)
    return bool(found)


def losses(connection: sqlite3.Connection) -> Losses | None:
    """Return what came of the last recovery of this store, if there was one."""
    kept = facts.get(connection, FACT)
    return None if kept is None else msgspec.json.decode(kept, type=Losses)


def doubt(connection: sqlite3.Connection, which: str = "1") -> None:
    """Mark what a snapshot has waiting, since it may have been sent later; nothing of it is in flight."""
    connection.execute(
        f"UPDATE deliveries SET {MARK}, state = CASE state WHEN 'sending' THEN 'queued' ELSE state END "
        f"WHERE state IN ('queued', 'sending', 'held') AND {which}"
    )


def _readable(path: Path) -> sqlite3.Connection | None:
    """Open what is damaged, as far as SQLite goes along; None when it reads nothing of it."""
    try:
        connection = connect_reader(path)
    except sqlite3.DatabaseError:
        return None
    try:
        # A file that is cut short, or has an odd schema, is read all the same.
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
        # Those of the search are left out: their index is filled anew from the events.
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
        # Only where the table could not be read: else a row of the snapshot that it lacks was removed.
        restored = {name: self._fill(name, gaps) for name, gaps in damaged.items() if self._snapshot}
        mend(new, self._tables, damaged, now)
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
        """Copy the rows that SQLite reads; return the first and last numbers of where it does not."""
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
        # Python's module looks ahead, and loses the last row before the damage: it is read by itself.
        last = copy("WHERE rowid >= ? ORDER BY rowid LIMIT 1", last + 1) or last
        # Behind the damage from the other end, then between the two from each number on.
        first = copy("WHERE rowid > ? ORDER BY rowid DESC", last) or first
        first = copy("WHERE rowid > ? AND rowid <= ? ORDER BY rowid DESC LIMIT 1", last, first - 1) or first
        gap = (last + 1, first - 1)
        if first - last > TRIED:
            for number in self._numbers(table, last, first):
                copy("WHERE rowid = ?", number)
            return [gap, *odd]
        while last < first - 1:
            at = last + 1  # sought by its own number: its page may be whole where the one before is not
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
        """Give the rows that have the types of their table, since another page may stand in its place."""
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
        """Return the row numbers between two that an index or the snapshot knows."""
        assert self._old is not None  # noqa: S101 - `_copy` looked
        rows = _Rows(self._old)
        found: set[int] = set()
        for index in self._indexes(table):
            found.update(number for (number,) in rows.read(f"SELECT rowid FROM {table} INDEXED BY {index}"))
        if self._snapshot is not None and self._columns(table, self._new, "snap"):
            found.update(number for (number,) in self._new.execute(f"SELECT rowid FROM snap.{table}"))
        return sorted(number for number in found if last < number < first)

    def _note(self, table: str) -> None:
        """Note which rows there were, as the indexes and the snapshot tell."""
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
        """Take from the snapshot what could not be read; return how many rows."""
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
        """Return the columns that the table has there and in the new store, without the row's number."""
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
        """Return the indexes that tell of every row of a table, and the first column of each."""
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
    """Reads rows until SQLite raises; `last` is the number of the last one, `broken` whether it raised."""

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


def mend(connection: sqlite3.Connection, tables: Iterable[str], damaged: Iterable[str], now: int) -> None:
    """Let foreign keys hold, and queue again what lost its way."""
    # A digest that is lost told of nobody knows how many of its events: each is told itself.
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
    # A question that the snapshot has open, and whose answer is there, is not asked twice.
    connection.execute(
        "UPDATE decisions SET state = 'answered', closed_at = ?1, text = (SELECT coalesce("
        "json_extract(body, '$.text'), json_extract(body, '$.option')) FROM answers "
        "WHERE answers.event = decisions.event AND kind = 'decision') WHERE state = 'open' "
        "AND event IN (SELECT event FROM answers WHERE kind = 'decision')",
        (now,),
    )
    if {"events", "deliveries", "parts"} & set(damaged):
        _render_anew(connection)
        connection.execute(
            "INSERT INTO deliveries (event, lane, state, silent, unclear, crashed, reason, queued_at) "
            "SELECT id, lane, 'held', lane >= 2, 1, 1, ?, ? FROM events "
            "WHERE id NOT IN (SELECT event FROM deliveries WHERE event IS NOT NULL)",
            (NOBODY, now),
        )
    if connection.execute("SELECT 1 FROM facts WHERE name = 'card_key'").fetchone() is None:
        _ask_again(connection)


def _untie(connection: sqlite3.Connection, tables: Iterable[str]) -> int:
    """Let go of references to rows that are not there: set to none where that is allowed, else removed."""
    changed = 0
    for table in tables:
        needed = {row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[3]}
        for _, _, other, column, to, *_ in connection.execute(f"PRAGMA foreign_key_list({table})").fetchall():
            gone = f"{column} IS NOT NULL AND {column} NOT IN (SELECT {to or 'rowid'} FROM {other})"
            change = f"DELETE FROM {table}" if column in needed else f"UPDATE {table} SET {column} = NULL"
            changed += connection.execute(f"{change} WHERE {gone}").rowcount
    return changed


def _render_anew(connection: sqlite3.Connection) -> None:
    """Drop the parts of what waits: one of them may be missing. What was begun is marked as a repeat."""
    waiting = "state IN ('queued', 'sending', 'held') AND event IS NOT NULL"
    connection.execute(
        f"UPDATE deliveries SET {MARK} WHERE {waiting} AND "
        "id IN (SELECT delivery FROM parts WHERE sent_at IS NOT NULL)"
    )
    connection.execute(f"DELETE FROM parts WHERE delivery IN (SELECT id FROM deliveries WHERE {waiting})")


def _ask_again(connection: sqlite3.Connection) -> None:
    """Send the cards of open questions again: the key of the buttons on the phone is lost."""
    asked = "state IN ('sent', 'ambiguous') AND event IN (SELECT event FROM decisions WHERE state = 'open')"
    connection.execute(f"DELETE FROM parts WHERE delivery IN (SELECT id FROM deliveries WHERE {asked})")
    connection.execute(
        f"UPDATE deliveries SET state = 'queued', sent_at = NULL, reason = ?, {MARK} WHERE {asked}",
        (UNKNOWN,),
    )
