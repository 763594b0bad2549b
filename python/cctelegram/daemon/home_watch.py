"""The watch of the home's files and of the clocks: what is gone is made again, a jump is signalled.

The operating system reports neither. Both are found by a check whenever the spool was scanned, at most half a
minute apart. A home that was removed takes the lock, the store and `bridge.json` with it. The store's thread
writes the store again from the open connection, and the bridge begins again from the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cctelegram.daemon import state_file
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.jumps import Jumps
from cctelegram.runtime.retry import REQUEST
from cctelegram.runtime.signals import ClockJumped, HomeRemoved, StoreReplaced
from cctelegram.store import deliveries

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.daemon.lock import HomeLock
    from cctelegram.daemon.state_file import StateFile
    from cctelegram.runtime.context import Context
    from cctelegram.spool.inbox import Inbox

# No delivery that may be tried again waits longer than this, in us.
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
        self._over = False
        self._trouble: str | None = None

    def end(self) -> None:
        """Check no more: what is removed now is not to be made again."""
        self._over = True

    def check(self) -> None:
        """Check files and clocks; called whenever the spool was scanned."""
        if self._over:
            return
        trouble = self._store.problem or self._inbox.trouble
        if trouble != self._trouble:
            # The status cannot be asked when no connection can be opened either: the log has it.
            self._trouble = trouble
            key = "intake.delayed" if trouble else "intake.recovered"
            self._log.warning(key, reason=trouble)
        jump = self._jumps.look()
        if jump is not None:
            slept, set_by = round(jump.slept), round(jump.set_by)
            self._log.warning("clock.jumped", slept_seconds=slept, set_by_seconds=set_by)
            self._signals.send(ClockJumped(*jump))
        if self._store.look():
            return  # the store's thread has it to write first, and signals then
        if not self._lock.is_held:
            self._begin_again()
            return
        try:
            if not (self._lock.directory / state_file.NAME).exists():
                self._file.write(anew=True)
        except OSError as error:  # it may be neither looked at nor written now
            self._log.warning("bridge.state_file_failed", reason=str(error))

    async def _work(self) -> None:
        """Let nothing wait for longer than it may by a clock that was set."""
        with self._signals.listening({StoreReplaced: self._replaced}):
            while True:
                await self._wake.wait()
                await self._store.run(lambda c: deliveries.not_later(c, clock.wall() + LONGEST_US))

    def _replaced(self, replaced: StoreReplaced) -> None:
        if replaced.losses is None and not self._over:
            self._begin_again()

    def _begin_again(self) -> None:
        self._log.warning("bridge.home_removed", state=str(self._lock.directory), then="begins again")
        self._signals.send(HomeRemoved())


def recover(connection: sqlite3.Connection) -> int:
    """Begin with what an earlier bridge left: in flight, or waiting by a clock that was set since."""
    deliveries.not_later(connection, clock.wall() + LONGEST_US)
    return deliveries.recover(connection)
