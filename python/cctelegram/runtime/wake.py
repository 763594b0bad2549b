"""A wake-up for one waiting task, with a deadline."""

from __future__ import annotations

import asyncio


class Wake:
    """Wakes one task; a wake-up between two waits is kept for the next wait."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self, _signal: object = None) -> None:
        """Wake the waiting task, now or at its next wait. Usable as the listener for a signal."""
        self._event.set()

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait for a wake-up, at most `seconds`; return whether there was one."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True
