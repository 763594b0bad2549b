"""Measures the directories of the home and the disk, each minute and when asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from cctelegram.cleanup import sizes
from cctelegram.monitor import catalogue
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component

if TYPE_CHECKING:
    from cctelegram.cleanup.sizes import Size
    from cctelegram.monitor.values import Metrics
    from cctelegram.runtime.context import Context

# Seconds between two measurements: a scan of 100,000 files takes a tenth of a second of a worker thread.
EVERY: Final = 60.0


class Directories(Component):
    """Scans the directories in a worker thread."""

    name = "measuring directories"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._sizes: dict[str, Size] = {}
        self._free: int | None = None

    async def _work(self) -> None:
        while True:
            await self.scan()
            await self._wake.wait(EVERY)

    async def scan(self) -> None:
        """Scan now."""
        settings = self._context.settings
        self._sizes = await asyncio.to_thread(sizes.sizes, settings, clock.wall())
        self._free = await asyncio.to_thread(sizes.free, settings.home)

    def measure(self, metrics: Metrics) -> None:
        """Set what the last scan found; ages are those of now."""
        now = clock.wall()
        found = self._sizes
        ages: dict[tuple[str, ...], float] = {
            (name,): max(0, now - size.oldest) / 1_000_000
            for name, size in found.items()
            if size.oldest is not None
        }
        metrics.replace(catalogue.FILES, {(name,): size.files for name, size in found.items()})
        metrics.replace(catalogue.DIRECTORY_BYTES, {(name,): size.bytes for name, size in found.items()})
        metrics.replace(catalogue.OLDEST, ages)
        events, answers = found.get("events"), found.get("responses")
        metrics.set(catalogue.FILES_WAITING, None if events is None else events.files)
        metrics.set(catalogue.OLDEST_FILE, ages.get(("events",)))
        metrics.set(catalogue.ANSWERS_WAITING, None if answers is None else answers.files)
        metrics.set(catalogue.FREE, self._free)
