"""A bell that one task waits at and anybody may ring, with a deadline."""

from __future__ import annotations

import asyncio


class Wake:
    """Rings are kept until the waiter comes, so that none is missed between two waits."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self, _signal: object = None) -> None:
        """Wake the waiter, now or when it next waits. Serves as the listener for a signal."""
        self._rung.set()

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait until it was rung, at most `seconds`; returns whether it was."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True
