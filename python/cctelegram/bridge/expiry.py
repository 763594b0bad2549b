"""Decisions whose time is over, closed when it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cctelegram.bridge import clock, close
from cctelegram.bridge.wake import Wake
from cctelegram.decisions import ledger

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from cctelegram.outbox.store import Store

# The wall clock may step while we sleep: look again at least this often, in seconds, while one is open.
LONGEST_SLEEP = 60.0


class Expiry:
    """Closes what is due until it is cancelled; `closed` is told when something was."""

    def __init__(self, store: Store, *, closed: Callable[[], None], log: Any) -> None:
        self._store = store
        self._closed = closed
        self._log = log
        self._bell = Wake()

    def wake(self) -> None:
        """Tell that a decision was opened."""
        self._bell.ring()

    async def run(self) -> None:
        """Sleep until the next one is due, close it, and again."""
        while True:
            due, following = await self._store.run(lambda c: _expire(c, clock.wall()))
            if due:
                self._closed()
                self._log.info("expired", decisions=due)
            if following is None:
                await self._bell.wait()
            else:
                await self._bell.wait(min(LONGEST_SLEEP, max(0.0, (following - clock.wall()) / 1_000_000)))


def _expire(connection: sqlite3.Connection, now: int) -> tuple[list[int], int | None]:
    closed = []
    for decision in ledger.due(connection, now):
        gone = ledger.expire(connection, decision, now)
        if gone is not None:
            close.answer_file(connection, gone, now)
            closed.append(gone.id)
    return closed, ledger.next_expiry(connection)
