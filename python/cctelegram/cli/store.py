"""The store of a home for commands: to read whether a bridge runs or not, to change only when none does."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cctelegram.bridge import lock, replies
from cctelegram.bridge.run import STORE
from cctelegram.cli.failed import Failed
from cctelegram.config import place
from cctelegram.outbox import deliveries, schema, store

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
HELD = (
    "The bridge holds its lock but does not answer; nothing was changed. It may be starting or hanging: try "
    "again, or stop it."
)


def read(home: str, work: Callable[[sqlite3.Connection], T]) -> T:
    """Do what only reads. Raises Failed when there is no store, or one of another version."""
    path = _path(home)
    try:
        return store.reading(path, work)
    except (schema.NewerStore, schema.OlderStore) as error:
        raise Failed(str(error)) from None
    except sqlite3.Error as error:
        raise Failed(f"cannot read {path}: {error}") from None


def change(home: str, work: Callable[[sqlite3.Connection], T]) -> T:
    """Do `work` in one transaction, with the home locked as by a bridge: none starts meanwhile.

    Raises Failed when one runs, when there is no store, or when it cannot be written.
    """
    path = _path(home)
    try:
        held = lock.hold_home(Path(place.state_dir(home)))
    except lock.AlreadyRunning:
        raise Failed(HELD) from None
    try:
        connection = store.connect(path)
        try:
            schema.migrate(connection, path)
            connection.execute("BEGIN IMMEDIATE")
            # Nobody sends while we hold the lock: what a crash left in flight is queued, with its mark.
            deliveries.recover(connection)
            result = work(connection)
            connection.execute("COMMIT")
            # Who waits for an answer sees its file; one that cannot be written is written by the next bridge.
            with contextlib.suppress(OSError):
                replies.write_all(connection, place.responses_dir(home))
            return result
        finally:
            connection.close()
    except schema.NewerStore as error:
        raise Failed(str(error)) from None
    except sqlite3.Error as error:
        raise Failed(f"cannot write {path}: {error}") from None
    finally:
        held.unlock()


def _path(home: str) -> Path:
    path = Path(place.state_dir(home)) / STORE
    if not path.exists():
        raise Failed(f"There is no store in {path.parent}: no bridge has run in this home yet.")
    return path
