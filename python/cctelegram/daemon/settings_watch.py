"""Watch the settings' files; read and signal each change at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.monitor import catalogue
from cctelegram.runtime.component import Component
from cctelegram.runtime.signals import SettingsChanged

if TYPE_CHECKING:
    import asyncio

    from cctelegram.monitor.values import Metrics
    from cctelegram.runtime.context import Context


class SettingsWatch(Component):
    """Watches the settings until the bridge stops."""

    name = "watching the settings"

    def __init__(self, context: Context, stop: asyncio.Event) -> None:
        super().__init__(context)
        self._live = context.live
        self._stop = stop
        self._live.on_change(self._changed)

    def measure(self, metrics: Metrics) -> None:
        """Set the totals of the cache of settings."""
        figures = self._live.figures()
        metrics.set(catalogue.CACHE_HITS, figures["hits"])
        metrics.set(catalogue.CACHE_MISSES, figures["misses"])
        metrics.set(catalogue.RELOADS, figures["reloads"])
        metrics.set(catalogue.REFUSED, figures["refused"])
        metrics.set(catalogue.INVALID, int(self._live.refused is not None))
        metrics.set(catalogue.SETTINGS_AGE, figures["compared_seconds"])

    async def _work(self) -> None:
        await self._live.watch(self._stop)

    def _changed(self) -> None:
        if self._live.refused is not None:
            self._log.error("settings.rejected", reason=self._live.refused)
        else:
            self._log.info("settings.reloaded", restart=[each.key for each in self._live.restart])
        self._signals.send(SettingsChanged())
