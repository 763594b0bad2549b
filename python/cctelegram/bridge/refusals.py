"""Telling the owner's phone of settings that are refused: one message, however often they are saved.

Not at once: an editor may write half of a file first. Status and log have it at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cctelegram import render
from cctelegram.bridge import clock
from cctelegram.bridge.payload import Payload, pack
from cctelegram.bridge.wake import Wake
from cctelegram.outbox import deliveries

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from cctelegram.config.live import Live
    from cctelegram.outbox.store import Store

# Settings that stay invalid for so many seconds are told.
PATIENCE: Final = 2.0
# Alerts: a person has to mend it.
LANE: Final = 1


class Refusals:
    """Tells of refused settings until it is cancelled.

    Args:
        holds: gives the reason for which notices are held, or None.
        queued: told the chats for which something was queued.
    """

    def __init__(
        self,
        store: Store,
        live: Live,
        *,
        holds: Callable[[], str | None],
        queued: Callable[[set[int]], None],
        log: Any,
    ) -> None:
        self._store = store
        self._live = live
        self._holds = holds
        self._queued = queued
        self._log = log
        self._bell = Wake()

    def look(self) -> None:
        """Tell that the settings were read again."""
        self._bell.ring()

    async def run(self) -> None:
        """Wait for a refusal, tell of it, wait until it is mended."""
        while True:
            while self._live.refused is None:
                await self._bell.wait()
            if await self._stays():
                await self._tell()
            while self._live.refused is not None:
                await self._bell.wait()

    async def _stays(self) -> bool:
        deadline = clock.monotonic() + PATIENCE
        while (left := deadline - clock.monotonic()) > 0 and self._live.refused is not None:
            await self._bell.wait(left)
        return self._live.refused is not None

    async def _tell(self) -> None:
        owner, reason = self._live.current.telegram.owner, self._live.refused
        if owner is None or reason is None:
            return
        text = render.notice(
            "The changed settings are refused",
            [*reason.split("\n"), "What was in force before stays in force."],
        )
        held = self._holds()

        def work(connection: sqlite3.Connection) -> None:
            deliveries.enqueue(
                connection, owner, [pack(Payload(text=text))], clock.wall(), lane=LANE, held=held
            )

        await self._store.run(work)
        self._log.info("refused settings told", held=held)
        self._queued({owner})
