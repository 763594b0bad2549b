"""Snapshots of the store: complete, checked copies in `state/snapshots/`, the newest `KEEP` of them.

A snapshot is taken on a reading connection, so that no writer waits for it. It is checked before it counts,
so that copies of a damaged store never replace sound ones.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cctelegram import durable
from cctelegram.store import schema
from cctelegram.store.connection import Damaged, check, connect_reader
from cctelegram.times.instant import compact

if TYPE_CHECKING:
    from collections.abc import Callable

DIRECTORY: Final = "snapshots"
KEEP: Final = 3
# Between two snapshots of a store that changes, in us.
EVERY: Final = 86_400_000_000
# Pages copied between two calls of `stop`: 4 MB.
STEP: Final = 1024
# No snapshot is taken unless the disk has this many times the store's size free.
ROOM: Final = 2


class Stopped(Exception):
    """The copy was stopped before it was complete; nothing of it is left."""


class NoRoom(OSError):
    """The disk does not have enough room for a snapshot."""


def take(path: Path, now: int, *, stop: Callable[[], bool] = lambda: False) -> Path:
    """Take a snapshot of the store at `path`, and remove the surplus ones; return its file.

    Args:
        now: us since the epoch, for its name.
        stop: called every 4 MB; True ends the copy.

    Raises:
        NoRoom: the disk has less than `ROOM` times the store's size free.
        Damaged: the store is damaged; the snapshot is removed.
        Stopped: `stop` returned True.
        OSError, sqlite3.Error: it cannot be taken now.
    """
    folder = path.with_name(DIRECTORY)
    folder.mkdir(mode=0o700, exist_ok=True)
    for temporary in folder.glob(".*.tmp*"):
        temporary.unlink(missing_ok=True)  # from a copy that a kill interrupted
    needed, free = ROOM * size(path), _free(folder)
    if free < needed:
        raise NoRoom(
            f"no snapshot of the store was taken: the disk has {free} bytes free, and {needed} are needed"
        )
    target = folder / f"store-{stamp(now)}.db"
    with closing(connect_reader(path)) as source:
        copy(source, target, stop=stop)
    for old in taken(path)[:-KEEP]:
        old.unlink(missing_ok=True)
    return target


def copy(source: sqlite3.Connection, target: Path, *, stop: Callable[[], bool] = lambda: False) -> None:
    """Copy a store as it is at one moment into the new file `target`: checked, synced, 0600, atomic.

    Raises:
        Damaged: the copy is not sound.
        Stopped: `stop` returned True.
        OSError, sqlite3.Error: it cannot be read or written.
    """

    def check_stop(*_: int) -> None:
        if stop():
            raise Stopped

    with durable.replacing(target) as out:
        beside = Path(out.name)
        with closing(sqlite3.connect(beside, isolation_level=None)) as into:
            into.execute("PRAGMA synchronous = OFF")
            into.execute("PRAGMA cache_size = -64")
            # One transaction makes every step read the same state: otherwise each write restarts the copy.
            source.execute("BEGIN")
            try:
                source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
                source.backup(into, pages=STEP, progress=check_stop)
            finally:
                source.execute("ROLLBACK")
            into.execute("PRAGMA journal_mode = DELETE")  # one file, readable without a log beside it
        found = check(beside, quick=True, stop=stop)
        check_stop()
        if found is not None:
            raise Damaged(found)


def taken(path: Path) -> list[Path]:
    """Return the snapshots of the store at `path`, oldest first."""
    return sorted(path.with_name(DIRECTORY).glob("store-*.db"))


def is_due(path: Path, now: int) -> bool:
    """Whether the newest snapshot is older than a day and the store was written since."""
    found = taken(path)
    if not found:
        return True
    # Not strptime, which would import half a megabyte.
    taken_at = datetime.fromisoformat(found[-1].stem.removeprefix("store-")).timestamp()
    if abs(now / 1_000_000 - taken_at) < EVERY / 1_000_000:
        return False
    return any(file.stat().st_mtime > taken_at for file in _files(path))


def newest_sound(path: Path) -> Path | None:
    """Return the newest snapshot that this program can read completely, or None."""
    return next((file for file in reversed(taken(path)) if fault(file) is None), None)


def fault(file: Path) -> str | None:
    """Return why a file cannot replace the store, or None when it can."""
    try:
        found = check(file)
        if found is not None:
            return f"it is damaged: {found}"
        with closing(connect_reader(file)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    except (OSError, sqlite3.Error) as error:
        return f"it cannot be read: {error}"
    if not {"events", "deliveries", "decisions"} <= tables or version < 1:
        return "it is not a store of CCTelegram"
    if version > schema.VERSION:
        return f"it has schema version {version}; this CCTelegram supports versions up to {schema.VERSION}"
    return None


def size(path: Path) -> int:
    """Return the bytes of a store, with its log."""
    return sum(file.stat().st_size for file in _files(path))


def stamp(now: int) -> str:
    """Format a time (us) for the names of kept files, which sort by it."""
    return f"{compact(now)}.{now % 1_000_000:06d}Z"


def _free(folder: Path) -> int:
    """Return the free bytes of a folder's disk."""
    if sys.platform == "win32":
        from shutil import disk_usage  # noqa: PLC0415 - imports archive modules, which the bridge never uses

        return disk_usage(folder).free
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _files(path: Path) -> list[Path]:
    return [file for file in (path, path.with_name(f"{path.name}-wal")) if file.exists()]
