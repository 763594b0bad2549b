"""Check, back up and restore the store of a home.

    cctelegram store check              read all of the store and check it
    cctelegram store backup             take a snapshot in state/snapshots; the newest three are kept
    cctelegram store backup FILE        copy the store to a new file
    cctelegram store restore FILE       replace the store by a snapshot or copy; no bridge may run

`check` and `backup` only read, with or without a running bridge. `restore` checks FILE first and keeps the
present store as state/store.db.replaced-TIME. Deliveries that are queued in FILE may have been sent since it
was taken: they are marked as repeats.
Exit codes: 0 success, 1 the store is damaged or missing, or the file cannot be used.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from cctelegram.cli import FAILED
from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, add_json, home_of
from cctelegram.config import paths
from cctelegram.daemon.bridge_lock import AlreadyRunning, HomeLock
from cctelegram.decisions import answer_files
from cctelegram.store import connection as connections
from cctelegram.store import database as stores
from cctelegram.store import deliveries, recovery, schema, snapshots

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

T = TypeVar("T")
HELD = (
    "The bridge holds its lock but does not answer; nothing was changed. It may be starting or hanging: try "
    "again, or stop it."
)
RUNS = "A bridge serves this home; nothing was changed. Stop the bridge first."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    what = parser.add_subparsers(required=True, dest="what", metavar="{check,backup,restore}")
    check = what.add_parser("check", help="read all of the store and check it; exit code 1 if it is damaged")
    backup = what.add_parser("backup", help="copy the store; also while a bridge runs")
    backup.add_argument(
        "file", nargs="?", metavar="FILE", help="a new file (default: a snapshot in state/snapshots)"
    )
    restore = what.add_parser("restore", help="replace the store by a snapshot or copy")
    restore.add_argument("file", metavar="FILE", help="a snapshot in state/snapshots, or a copy")
    for one in (check, backup, restore):
        add_home(one)
        add_json(one)


def run(parsed: argparse.Namespace) -> int:
    """Run the subcommand."""
    work = {"check": _check, "backup": _backup, "restore": _restore}[parsed.what]
    return work(parsed, home_of(parsed))


def _check(parsed: argparse.Namespace, home: str) -> int:
    path = _path(home)
    try:
        fault = connections.check(path)
        found: dict[str, Any] = {"sound": fault is None, "fault": fault, "bytes": snapshots.size(path)}
        if fault is None:
            with closing(connections.connect_reader(path)) as reader:
                (found["schema"],) = reader.execute("PRAGMA user_version").fetchone()
                (found["events"],) = reader.execute("SELECT count(*) FROM events").fetchone()
    except sqlite3.Error as error:
        raise Failed(f"cannot read {path}: {error}") from None
    found["snapshots"] = [str(file) for file in snapshots.taken(path)]
    if parsed.json:
        _json(found)
    elif fault is None:
        sys.stdout.write(
            f"{path} is sound: {found['events']} events, {found['bytes']} bytes, schema version "
            f"{found['schema']}\n"
        )
        sys.stdout.write("".join(f"snapshot  {file}\n" for file in found["snapshots"]))
    else:
        sys.stderr.write(
            f"cctelegram store: {path} is damaged: {fault}. Nothing was changed. The bridge recovers it when "
            "it starts or detects the damage; `cctelegram store restore FILE` replaces it by a snapshot.\n"
        )
    return 0 if fault is None else FAILED


def _backup(parsed: argparse.Namespace, home: str) -> int:
    path = _path(home)
    target = None if parsed.file is None else Path(parsed.file)
    if target is not None and target.exists():
        raise Failed(f"{target} already exists; nothing was written. Name a new file.")
    try:
        if target is None:
            target = snapshots.take(path, time.time_ns() // 1000)
        else:
            with closing(connections.connect_reader(path)) as reader:
                snapshots.copy(reader, target)
    except sqlite3.Error as error:
        raise Failed(f"{path} cannot be copied: {error}") from None
    size = target.stat().st_size
    if parsed.json:
        return _json({"file": str(target), "bytes": size})
    sys.stdout.write(f"{target}: {size} bytes\n")
    return 0


def _restore(parsed: argparse.Namespace, home: str) -> int:
    file, path = Path(parsed.file), Path(paths.state_dir(home)) / connections.NAME
    if not file.is_file():
        raise Failed(f"there is no file {file}; nothing was changed")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        lock = HomeLock(path.parent)
    except AlreadyRunning:
        raise Failed(RUNS) from None
    try:
        fault = snapshots.fault(file)
        if fault is not None:
            raise Failed(f"{file} cannot be restored: {fault}. Nothing was changed.")
        kept = recovery.restore(path, file, time.time_ns() // 1000)
    except sqlite3.Error as error:
        raise Failed(f"{file} cannot be restored: {error}. Nothing was changed.") from None
    finally:
        lock.unlock()
    if parsed.json:
        return _json({"restored": str(file), "kept": kept})
    sys.stdout.write(f"{path} is restored from {file}\n")
    if kept is not None:
        sys.stdout.write(f"The previous store is kept as {path.with_name(kept)}\n")
    return 0


def _json(content: dict[str, Any]) -> int:
    sys.stdout.write(orjson.dumps(content).decode() + "\n")
    return 0


def exists(home: str) -> bool:
    """Return whether a home has a store."""
    return (Path(paths.state_dir(home)) / connections.NAME).exists()


def reading(home: str, work: Callable[[Path, sqlite3.Connection], T]) -> T:
    """Call `work`, which only reads, with the store's path and a connection.

    Raises:
        Failed: there is no store.
        schema.NewerStore, schema.OlderStore, sqlite3.Error: it cannot be read.
    """
    path = _path(home)
    return stores.reading(path, lambda reader: work(path, reader))


def read(home: str, work: Callable[[sqlite3.Connection], T]) -> T:
    """Call `work`, which only reads. Raises Failed when there is no store, or one of another version."""
    path = _path(home)
    try:
        return stores.reading(path, work)
    except (schema.NewerStore, schema.OlderStore) as error:
        raise Failed(str(error)) from None
    except sqlite3.Error as error:
        raise Failed(f"cannot read {path}: {error}") from None


@contextmanager
def owned(home: str) -> Iterator[stores.Store]:
    """Open the store for writing, with the home locked as by a bridge: no bridge starts meanwhile.

    Raises Failed when a bridge runs, when there is no store, or when it cannot be written.
    """
    path = _path(home)
    try:
        lock = HomeLock(path.parent)
    except AlreadyRunning:
        raise Failed(HELD) from None
    try:
        store = stores.Store(lock)
        try:
            yield store
        finally:
            store.close()
    except schema.NewerStore as error:
        raise Failed(str(error)) from None
    except sqlite3.Error as error:
        raise Failed(f"cannot write {path}: {error}") from None
    finally:
        lock.unlock()


def change(home: str, work: Callable[[sqlite3.Connection], T]) -> T:
    """Do `work` in one transaction, while no bridge runs.

    Raises Failed when one runs, when there is no store, or when it cannot be written.
    """

    def recovered(connection: sqlite3.Connection) -> T:
        # Nothing is sent while we hold the lock: queue what a crash left in flight, marked as a repeat.
        deliveries.recover(connection)
        return work(connection)

    with owned(home) as store:
        result = store.submit(recovered).result()
        # A waiting session sees the answer file; the next bridge writes one that cannot be written now.
        with suppress(OSError):
            store.submit(lambda c: answer_files.write_all(c, paths.responses_dir(home))).result()
        return result


def _path(home: str) -> Path:
    path = Path(paths.state_dir(home)) / connections.NAME
    if not path.exists():
        raise Failed(f"There is no store in {path.parent}: no bridge has run in this home yet.")
    return path
