"""What reaches the phone: everything (nomad), what matters (local), nothing (muted).

The mode is kept over restarts. What a mode keeps back is held in the store, with the mode as its reason, and
told of when the mode ends; in `local` a silent digest tells of it from time to time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from cctelegram.bridge import clock, digests
from cctelegram.bridge.wake import Wake
from cctelegram.outbox import digest, facts, intake

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from cctelegram.bridge.compose import Manner
    from cctelegram.outbox.store import Store

NOMAD: Final = "nomad"
LOCAL: Final = "local"
MUTED: Final = "muted"
# What each does, as the change of mode is confirmed.
MODES: Final = {
    NOMAD: "everything reaches the phone, with sound for what needs you",
    LOCAL: "what needs you, completions and failures reach the phone; one silent digest tells of the rest",
    MUTED: "nothing reaches the phone until you end it; all of it is kept",
}
FACT: Final = "mode"
ALERTS: Final = 1
FINISHED: Final = ("_completion", "_completed")
SERIOUS: Final = ("high", "critical")


def kept_back(mode: str, row: intake.Row) -> str | None:
    """Give the reason for which a mode holds an event, or None when it goes to the phone."""
    if mode == NOMAD:
        return None
    if mode == MUTED:
        return MUTED
    matters = (
        row[intake.LANE] <= ALERTS
        or row[intake.SEVERITY] in SERIOUS
        or str(row[intake.TYPE]).endswith(FINISHED)
    )
    return None if matters else LOCAL


class Modes:
    """The mode of a home.

    Args:
        initial: the mode before anybody has set one.
        digest_seconds: gives how long `local` gathers before its digest.
        queued: told the chats for which something was queued.
    """

    def __init__(
        self,
        store: Store,
        *,
        initial: str,
        manner: Callable[[], Manner],
        digest_seconds: Callable[[], float],
        queued: Callable[[set[int]], None],
        log: Any,
    ) -> None:
        self._store = store
        self._manner = manner
        self._digest_seconds = digest_seconds
        self._queued = queued
        self._log = log
        self._bell = Wake()
        self.current = initial

    async def load(self) -> None:
        """Read the mode that was set before."""
        kept = await self._store.run(lambda c: facts.get(c, FACT))
        if kept is not None and kept.decode() in MODES:
            self.current = kept.decode()

    def held(self) -> None:
        """Tell that something was held."""
        self._bell.ring()

    async def change(self, mode: str) -> str:
        """Change the mode; durable when it returns. Gives the sentence that confirms it.

        Raises:
            ValueError: there is no such mode.
        """
        if mode not in MODES:
            raise ValueError(f"there is no mode {mode!r}; there are: {', '.join(MODES)}")
        # Events that are stored from now on are judged by the new mode; the rest is settled below.
        self.current = mode
        chats = await self._store.run(lambda c: self._enter(c, mode))
        self._log.info("mode", mode=mode)
        self._queued(chats)
        self._bell.ring()
        return f"Mode {mode}: {MODES[mode]}."

    async def run(self) -> None:
        """Tell from time to time of what `local` holds."""
        while True:
            if self.current != LOCAL or not await self._store.run(lambda c: digest.count_held(c, LOCAL)):
                await self._bell.wait()
                continue
            await asyncio.sleep(self._digest_seconds())
            if self.current == LOCAL:
                chats = await self._store.run(lambda c: self._tell(c, LOCAL))
                self._queued(chats)

    def _enter(self, connection: sqlite3.Connection, mode: str) -> set[int]:
        facts.put(connection, FACT, mode.encode())
        if mode == MUTED:
            digest.hold_queued(connection, MUTED)
            return set()
        chats = self._tell(connection, MUTED)
        return chats if mode == LOCAL else chats | self._tell(connection, LOCAL)

    def _tell(self, connection: sqlite3.Connection, reason: str) -> set[int]:
        title = (
            "{count} events while muted"
            if reason == MUTED
            else "{count} events kept back while you are local"
        )
        zone = self._manner().zone
        return digests.of_held(connection, reason, title, clock.wall(), zone, silent=True)
