"""The store's history as cleanup sees it: a directory of events."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cctelegram.cleanup.policies import HISTORY
from cctelegram.cleanup.reports import Amount, Report
from cctelegram.spool import inbox
from cctelegram.store import retention

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from cctelegram.store.database import Store
    from cctelegram.store.retention import Held

AGE: Final = "age"


class Archive:
    """Clean the history, in steps between which others can write. Blocks: not for the event loop's thread."""

    def __init__(self, store: Store, events_dir: str) -> None:
        self._store = store
        self._events_dir = events_dir

    def plan(self, now: int, age: int) -> Report:
        """Report the finished events older than `age` at `now` (us)."""
        return planned(self._store.path, self._measure(now, age))

    def run(self, now: int, age: int, stop: Callable[[], bool]) -> Report:
        """Remove the finished events older than `age` at `now` (us), and release free pages."""
        held = self._measure(now, age)
        events = 0

        def step(connection: sqlite3.Connection) -> dict[str, int]:
            return retention.purge(connection, now, age, lambda: inbox.has_events(self._events_dir))

        while not stop():
            gone = self._store.submit(step).result()
            events += gone.get("events", 0)
            if not gone:
                break
        while not stop() and self._store.submit(retention.shrink).result():
            pass
        after = self._measure(now, age)
        freed = max(0, held.bytes - after.bytes)
        by_rule = {AGE: Amount(events, freed)} if events else {}
        return _report(self._store.path, held, by_rule=by_rule, more=after.finished > 0)

    def _measure(self, now: int, age: int) -> Held:
        return self._store.submit(partial(retention.measure, now=now, age=age)).result()


def planned(path: Path, held: Held) -> Report:
    """Report what a round would remove from the store at `path`, which holds `held`."""
    return _report(path, held, by_rule={AGE: Amount(held.finished, 0)} if held.finished else {})


def _report(path: Path, held: Held, **more: Any) -> Report:
    return Report(
        directory=HISTORY,
        path=str(path),
        files=held.events,
        bytes=held.bytes,
        oldest=held.oldest,
        newest=held.newest,
        **more,
    )
