"""What the bridge does when its files go, its clocks jump, or its store was damaged.

Nobody tells of any of it: it is found by a look whenever the spool was looked at, at most half a minute
apart. A home that was removed takes the lock, the store and `bridge.json` with it. The store's thread writes
the store again from the open connection, and the bridge begins again from the files.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cctelegram.bridge import clock, state
from cctelegram.bridge.jumps import SLEPT, Jump, Jumps
from cctelegram.bridge.verdict import LONGEST_WAIT
from cctelegram.outbox import deliveries

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable, Callable, Coroutine

    from cctelegram.bridge.link import Link
    from cctelegram.bridge.lock import HomeLock
    from cctelegram.bridge.modes import Modes
    from cctelegram.outbox.recovery import Losses
    from cctelegram.outbox.store import Store

# No delivery that may be tried again waits longer than this, in us.
LONGEST_US: Final = int(LONGEST_WAIT * 1_000_000)


class Concerned(NamedTuple):
    """Who is told.

    `settle` gives to the owner what waits for nobody; `wake` lets those who wait for a time look again;
    `rewrite` writes `bridge.json` anew; `begin_again` ends the bridge and starts it from the files; `trouble`
    says why events come late, None when they do not.
    """

    link: Link
    modes: Modes
    settle: Callable[[], Awaitable[None]]
    wake: Callable[[], None]
    rewrite: Callable[[], None]
    begin_again: Callable[[], None]
    trouble: Callable[[], str | None]


class Supervisor:
    """Follows what happens to files, clocks and store from `begin` until `end`."""

    def __init__(self, lock: HomeLock, log: Any, *, jumps: Jumps | None = None) -> None:
        self._lock = lock
        self._log = log
        self._jumps = jumps or Jumps()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._store: Store | None = None
        self._concerned: Concerned | None = None
        self._tasks: set[asyncio.Future[None]] = set()
        self._trouble: str | None = None

    def begin(self, store: Store, concerned: Concerned) -> None:
        """Follow from now on; called in the event loop."""
        self._loop, self._store, self._concerned = asyncio.get_running_loop(), store, concerned

    def end(self) -> None:
        """Look no more: what is removed now is not to be made anew."""
        self._concerned = None

    def look(self) -> None:
        """Look at files and clocks; called whenever the spool was looked at."""
        concerned, store = self._concerned, self._store
        if concerned is None or store is None:
            return
        trouble = store.problem or concerned.trouble()
        if trouble != self._trouble:
            # The status cannot be asked when no connection can be opened either: the log has it.
            self._trouble = trouble
            said = "events come late" if trouble else "events come in time again"
            self._log.warning(said, reason=trouble)
        jump = self._jumps.look()
        if jump is not None:
            self._jumped(concerned, jump)
        if store.look():
            return  # the store's thread has it to write first, and tells then
        if not self._lock.is_held:
            self._begin_again()
            return
        try:
            if not (self._lock.directory / state.NAME).exists():
                concerned.rewrite()
        except OSError as error:  # it may be neither looked at nor written now
            self._log.warning("state/bridge.json not written", reason=str(error))

    def store_changed(self, losses: Losses | None) -> None:
        """Go on with a store that was recovered or written again; called in the store's thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._begin_again if losses is None else self._recovered)

    def _begin_again(self) -> None:
        if self._concerned is not None:
            self._log.warning("home removed", state=str(self._lock.directory), then="begins again")
            self._concerned.begin_again()

    def _recovered(self) -> None:
        if self._concerned is not None:
            self._later(self._go_on(self._concerned))

    async def _go_on(self, concerned: Concerned) -> None:
        # Rows may be gone that those at work hold by number: the link begins again from the store.
        await concerned.modes.keep()
        await concerned.settle()
        concerned.link.renew()
        concerned.wake()

    def _jumped(self, concerned: Concerned, jump: Jump) -> None:
        self._log.warning("time jumped", slept_seconds=round(jump.slept), set_by_seconds=round(jump.set_by))
        self._later(self._clock_set(concerned))
        concerned.wake()
        if jump.slept > SLEPT:
            concerned.link.renew()

    async def _clock_set(self, concerned: Concerned) -> None:
        assert self._store is not None  # noqa: S101 - look() found it
        await self._store.run(lambda c: deliveries.not_later(c, clock.wall() + LONGEST_US))
        await concerned.link.clock_set()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def recover(connection: sqlite3.Connection) -> int:
    """Begin with what an earlier bridge left: in flight, or waiting by a clock that was set since."""
    deliveries.not_later(connection, clock.wall() + LONGEST_US)
    return deliveries.recover(connection)
