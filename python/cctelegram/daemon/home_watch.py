"""Watch the home's files and the clocks: recreate removed files, signal clock jumps.

The operating system reports neither, so both are checked after each scan of the spool, at most half a minute
apart. Removing a home removes the lock, the store and `bridge.json`. The store's thread then writes the store
again from the open connection, and the bridge restarts from the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cctelegram.daemon import state_file
from cctelegram.retry import REQUEST
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.jumps import Jumps
from cctelegram.runtime.signals import ClockJumped, HomeRemoved, StoreReplaced
from cctelegram.store import deliveries

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.daemon.bridge_lock import HomeLock
    from cctelegram.daemon.state_file import StateFile
    from cctelegram.runtime.context import Context
    from cctelegram.spool.inbox import Inbox

# The longest wait of a delivery before its retry, in us.
LONGEST_US: Final = int(REQUEST.longest * 1_000_000)


class HomeWatch(Component):
    """Checks files and clocks from its start until `end`.

    Args:
        jumps: compares the clocks; a seam for tests.
    """

    name = "watching files and clocks"
    wakes_on = (ClockJumped,)

    def __init__(
        self,
        context: Context,
        lock: HomeLock,
        file: StateFile,
        inbox: Inbox,
        *,
        jumps: Jumps | None = None,
    ) -> None:
        super().__init__(context)
        self._lock = lock
        self._file = file
        self._inbox = inbox
        self._jumps = jumps or Jumps()
        self._ended = False
        self._trouble: str | None = None

    def end(self) -> None:
        """Stop checking: files removed from now on are not recreated."""
        self._ended = True

    def check(self) -> None:
        """Check files and clocks; called after each scan of the spool."""
        if self._ended:
            return
        trouble = self._store.problem or self._inbox.trouble
        if trouble != self._trouble:
            # Logged, because `/status` is out of reach as well when no connection can be opened.
            self._trouble = trouble
            key = "intake.delayed" if trouble else "intake.recovered"
            self._log.warning(key, reason=trouble)
        jump = self._jumps.check()
        if jump is not None:
            slept, set_by = round(jump.slept), round(jump.set_by)
            self._log.warning("clock.jumped", slept_seconds=slept, set_by_seconds=set_by)
            self._signals.send(ClockJumped(*jump))
        if self._store.check_file():
            return  # the store's thread writes the store first, then signals
        if not self._lock.is_held:
            self._report_removed()
            return
        try:
            if not (self._lock.directory / state_file.NAME).exists():
                self._file.write(force=True)
        except OSError as error:  # neither readable nor writable now
            self._log.warning("bridge.state_file_failed", reason=str(error))

    async def _work(self) -> None:
        """Shorten retry waits that a change of the wall clock made longer than `LONGEST_US`."""
        with self._signals.listening({StoreReplaced: self._replaced}):
            while True:
                await self._wake.wait()
                await self._store.run(lambda c: deliveries.cap_waits(c, clock.wall() + LONGEST_US))

    def _replaced(self, replaced: StoreReplaced) -> None:
        if replaced.losses is None and not self._ended:
            self._report_removed()

    def _report_removed(self) -> None:
        self._log.warning("bridge.home_removed", state=str(self._lock.directory), then="the bridge restarts")
        self._signals.send(HomeRemoved())


def recover(connection: sqlite3.Connection) -> int:
    """Recover deliveries left in flight by an earlier bridge, and waits from before a clock change."""
    deliveries.cap_waits(connection, clock.wall() + LONGEST_US)
    return deliveries.recover(connection)
