"""What the bridge does when its ground moves: a clock that was set, a machine that slept, another store.

Found by looks whenever something wakes anyway (`ground`), and told by the store's own thread.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cctelegram.bridge import clock
from cctelegram.bridge.jumps import SLEPT
from cctelegram.bridge.verdict import LONGEST_WAIT
from cctelegram.outbox import deliveries, opened

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable, Callable, Coroutine

    from cctelegram.bridge.ground import Ground
    from cctelegram.bridge.jumps import Jump
    from cctelegram.bridge.link import Link
    from cctelegram.bridge.modes import Modes
    from cctelegram.outbox.recovery import Losses
    from cctelegram.outbox.store import Store

# No delivery that may be tried again waits longer than this, in us.
LONGEST_US: Final = int(LONGEST_WAIT * 1_000_000)


class Moved(NamedTuple):
    """Whom an upheaval concerns.

    `settle` gives to the owner what waits for nobody; `wake` lets those who wait for a time look again;
    `rewrite` writes `bridge.json` anew; `trouble` says why events come late, None when they do not.
    """

    link: Link
    modes: Modes
    settle: Callable[[], Awaitable[None]]
    wake: Callable[[], None]
    rewrite: Callable[[], None]
    trouble: Callable[[], str | None]


class Upheaval:
    """Follows what happens to files, clocks and store from `begin` on."""

    def __init__(self, ground: Ground, log: Any) -> None:
        self._ground = ground
        self._log = log
        self._loop: asyncio.AbstractEventLoop | None = None
        self._store: Store | None = None
        self._moved: Moved | None = None
        self._tasks: set[asyncio.Future[None]] = set()
        self._over = False
        self._trouble: str | None = None

    def begin(self, store: Store, moved: Moved) -> None:
        """Follow from now on; called in the event loop."""
        self._loop, self._store, self._moved = asyncio.get_running_loop(), store, moved

    def end(self) -> None:
        """Look no more: what is removed now is not to be made anew."""
        self._over = True

    def look(self) -> None:
        """Look at files and clocks; called whenever the spool was looked at."""
        if self._store is not None and self._moved is not None and not self._over:
            trouble = self._moved.trouble()
            if trouble != self._trouble:
                # The status cannot be asked when no connection can be opened either: the log has it.
                self._trouble = trouble
                said = "events come late" if trouble else "events come in time again"
                self._log.warning(said, reason=trouble)
            self._ground.look(self._store, self._moved.rewrite, self._jumped, self._log)

    def store_changed(self, losses: Losses | None) -> None:
        """Go on with a store that was recovered or written anew; called in the store's thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._after_change, losses)

    async def read_through(self) -> None:
        """Look for damage after an end that was none, without holding anything up."""
        assert self._store is not None  # noqa: S101 - begin() gave it
        found = await asyncio.to_thread(opened.check, self._store.path)
        if found is not None:
            self._log.error("store damaged", reason=found)
            await asyncio.wrap_future(self._store.distrust(found))

    def _jumped(self, jump: Jump) -> None:
        assert self._moved is not None  # noqa: S101 - look() found it
        self._later(self._clock_set())
        self._moved.wake()
        if jump.slept > SLEPT:
            self._moved.link.renew()

    async def _clock_set(self) -> None:
        assert self._store is not None  # noqa: S101 - begin() gave both
        assert self._moved is not None  # noqa: S101
        await self._store.run(lambda c: deliveries.not_later(c, clock.wall() + LONGEST_US))
        await self._moved.link.clock_set()

    def _after_change(self, losses: Losses | None) -> None:
        if losses is None:
            self._log.warning("store written anew")
            return
        # Rows may be gone that those at work hold by number: the link begins again from the store.
        self._later(self._recovered())

    async def _recovered(self) -> None:
        assert self._moved is not None  # noqa: S101 - begin() gave it
        await self._moved.modes.keep()
        await self._moved.settle()
        self._moved.link.renew()
        self._moved.wake()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def recover(connection: sqlite3.Connection) -> int:
    """Begin with what an earlier bridge left: in flight, or waiting by a clock that was set since."""
    deliveries.not_later(connection, clock.wall() + LONGEST_US)
    return deliveries.recover(connection)
