"""Check the store and take snapshots of it, once a day and beside the work."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from typing import TYPE_CHECKING, Final

from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.store import snapshots
from cctelegram.store.connection import Damaged, check

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.runtime.context import Context


# Delay of the first snapshot after the start, in seconds.
AFTER_START: Final = 10.0
# Longest interval between checks whether a snapshot is due, in seconds: machines sleep, clocks are set.
LONGEST_SLEEP: Final = 3600.0
DAY: Final = 86_400_000_000


class StoreChecks(Component):
    """Checks the store after an unclean end and daily, and takes a snapshot each day in which it changed.

    Args:
        unclean: whether the previous bridge ended without removing its state file.
    """

    name = "checking the store"

    def __init__(self, context: Context, *, unclean: bool) -> None:
        super().__init__(context)
        self._unclean = unclean
        self._stopping = threading.Event()
        self._checked_at = clock.wall()

    async def _work(self) -> None:
        try:
            if self._unclean:
                await self._check(quick=True)
                await self._check()
                self._unclean = False
            await asyncio.sleep(AFTER_START)
            while True:
                if clock.wall() - self._checked_at >= DAY:
                    await self._check()
                if await asyncio.to_thread(snapshots.is_due, self._store.path, clock.wall()):
                    await self._take()
                await asyncio.sleep(LONGEST_SLEEP)
        finally:
            # The reading thread then ends after its current step.
            self._stopping.set()

    async def _check(self, *, quick: bool = False) -> None:
        stop = self._stop()
        found = await asyncio.to_thread(lambda: check(self._store.path, quick=quick, stop=stop))
        self._checked_at = clock.wall()
        if found is not None:
            await self._report_damage(found)

    async def _take(self) -> None:
        stop = self._stop()
        try:
            taken = await asyncio.to_thread(snapshots.take, self._store.path, clock.wall(), stop=stop)
        except Damaged as error:
            await self._report_damage(str(error))
        except (OSError, sqlite3.Error) as error:
            # The store itself works; the next check is in an hour.
            self._log.warning("store.snapshot_failed", reason=str(error))
        else:
            self._log.info("store.snapshot", file=taken.name)

    async def _report_damage(self, found: str) -> None:
        self._log.error("store.damaged", reason=found)
        # Shielded: damage that was found is handled even when the bridge stops meanwhile.
        await asyncio.shield(asyncio.wrap_future(self._store.report_damage(found)))

    def _stop(self) -> Callable[[], bool]:
        self._stopping.clear()
        return self._stopping.is_set
