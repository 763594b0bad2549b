"""Telegram calls that give feedback and nothing depends on: answering a tap, reacting to a message.

They run a few at once beside the updates, whose effects are durable before, and never delay one. They are
dropped when too many wait and after a 429. A 429 to a courtesy says nothing about the chat's messages, so it
pauses courtesies only.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.telegram import errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cctelegram.runtime.context import Context

# Concurrent calls, out of the connections that messages also use.
CONCURRENT_CALLS: Final = 3
# Length of the queue; Telegram accepts the answer to a tap for about a minute only.
QUEUE_LENGTH: Final = 64
# Timeout of a call, in seconds.
CALL_TIMEOUT: Final = 20.0


class Courtesies(Component):
    """Runs courtesies.

    Args:
        elapsed: returns seconds of a clock that never steps.
    """

    name = "courtesies"

    def __init__(self, context: Context, *, elapsed: Callable[[], float] = clock.elapsed) -> None:
        super().__init__(context)
        self._elapsed = elapsed
        self._calls: asyncio.Queue[Callable[[], Awaitable[object]]] = asyncio.Queue(QUEUE_LENGTH)
        self._paused_until = 0.0
        self.dropped = 0

    def submit(self, call: Callable[[], Awaitable[object]]) -> None:
        """Queue a call, or drop it."""
        if self._elapsed() < self._paused_until:
            self._drop("Telegram asks to wait")
            return
        try:
            self._calls.put_nowait(call)
        except asyncio.QueueFull:
            self._drop("the queue is full")

    async def _work(self) -> None:
        """Run queued calls, a few at once."""
        async with asyncio.TaskGroup() as group:
            for _ in range(CONCURRENT_CALLS):
                group.create_task(self._run_calls(), name="courtesies")

    async def _run_calls(self) -> None:
        while True:
            call = await self._calls.get()
            if self._elapsed() < self._paused_until:
                self._drop("Telegram asks to wait")
                continue
            try:
                async with asyncio.timeout(CALL_TIMEOUT):
                    await call()
            except errors.RetryAfter as error:
                self._paused_until = max(self._paused_until, self._elapsed() + error.seconds)
                self._drop(str(error))
            except (errors.TelegramError, TimeoutError) as error:
                self._log.warning("courtesy.failed", reason=str(error) or "timed out")

    def _drop(self, reason: str) -> None:
        self.dropped += 1
        self._log.warning("courtesy.dropped", reason=reason, dropped=self.dropped)
