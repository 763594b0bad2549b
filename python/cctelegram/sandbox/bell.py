"""A revision counter that wakes its waiters: long polls, the page's stream, a test."""

from __future__ import annotations

import asyncio
import time


class Changes:
    """A count of changes to wait on, for one event loop."""

    def __init__(self) -> None:
        self.revision = 0
        self.closed = False
        self._event = asyncio.Event()

    def add(self) -> int:
        """Count a change, wake all waiters, return the new count."""
        self.revision += 1
        self._event.set()
        self._event = asyncio.Event()
        return self.revision

    def close(self) -> None:
        """Wake all waiters for the last time: the server is stopping."""
        self.closed = True
        self.add()

    async def wait(self, after: int, seconds: float) -> int:
        """Return the count once it exceeds `after`, or after `seconds` at the latest."""
        until = time.monotonic() + seconds
        while self.revision <= after and not self.closed:
            left = until - time.monotonic()
            if left <= 0:
                break
            try:
                await asyncio.wait_for(self._event.wait(), left)
            except TimeoutError:
                break
        return self.revision
