"""Notify the owner of rejected settings: one message, however often they are saved.

Delayed, because an editor may write half of a file first; status and log report it at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cctelegram import render
from cctelegram.delivery.payload import Payload, pack
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.signals import DeliveriesQueued, SettingsChanged
from cctelegram.store import deliveries

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.delivery.modes import Modes
    from cctelegram.runtime.context import Context


# Seconds for which settings must stay invalid before the notice.
PATIENCE: Final = 2.0


class SettingsNotice(Component):
    """Notifies the owner of rejected settings."""

    name = "reporting rejected settings"
    wakes_on = (SettingsChanged,)

    def __init__(self, context: Context, modes: Modes) -> None:
        super().__init__(context)
        self._live = context.live
        self._modes = modes

    async def _work(self) -> None:
        """Wait for rejected settings, notify, wait until they are valid."""
        while True:
            while self._live.refused is None:
                await self._wake.wait()
            if await self._is_lasting():
                await self._notify()
            while self._live.refused is not None:
                await self._wake.wait()

    async def _is_lasting(self) -> bool:
        deadline = clock.monotonic() + PATIENCE
        while (left := deadline - clock.monotonic()) > 0 and self._live.refused is not None:
            await self._wake.wait(left)
        return self._live.refused is not None

    async def _notify(self) -> None:
        owner, reason = self._live.current.telegram.owner, self._live.refused
        if owner is None or reason is None:
            return
        text = render.notice(
            "The changed settings are rejected",
            [*reason.split("\n"), "The previous settings stay in force."],
        )
        held = self._modes.holds()

        def work(connection: sqlite3.Connection) -> None:
            deliveries.enqueue(connection, owner, [pack(Payload(text=text))], clock.wall(), held=held)

        await self._store.run(work)
        self._log.info("settings.owner_notified", held=held)
        self._signals.send(DeliveriesQueued((owner,)))
