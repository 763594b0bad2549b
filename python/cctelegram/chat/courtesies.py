"""Calls that a person likes to see and nothing depends on: answering a tap, a reaction to a message.

They run beside what they are about, a few at once, and never hold up an update: what was done is durable
before. Too many, or a 429 to one of them, and they are dropped. A 429 to a courtesy says nothing of the
chat's messages, so it pauses courtesies alone.
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

# At once, of the connections that messages use as well.
AT_ONCE: Final = 3
# Wait for their turn; Telegram takes the answer to a tap for about a minute only.
WAITING: Final = 64
# One that takes longer is given up, in seconds.
LONGEST: Final = 20.0


class Courtesies(Component):
    """Does courtesies.

    Args:
        elapsed: gives seconds of a clock that never steps.
    """

    name = "courtesies"

    def __init__(self, context: Context, *, elapsed: Callable[[], float] = clock.elapsed) -> None:
        super().__init__(context)
        self._elapsed = elapsed
        self._calls: asyncio.Queue[Callable[[], Awaitable[object]]] = asyncio.Queue(WAITING)
        self._paused_until = 0.0
        self.dropped = 0

    def do(self, call: Callable[[], Awaitable[object]]) -> None:
        """Do a call soon, or drop it."""
        if self._elapsed() < self._paused_until:
            self._drop("Telegram asks to wait")
            return
        try:
            self._calls.put_nowait(call)
        except asyncio.QueueFull:
            self._drop("too many wait")

    async def _work(self) -> None:
        """Do what is asked for, a few at once."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._serve(), name="courtesies")

    async def _serve(self) -> None:
        while True:
            call = await self._calls.get()
            if self._elapsed() < self._paused_until:
                self._drop("Telegram asks to wait")
                continue
            try:
                async with asyncio.timeout(LONGEST):
                    await call()
            except errors.RetryAfter as error:
                self._paused_until = max(self._paused_until, self._elapsed() + error.seconds)
                self._drop(str(error))
            except (errors.TelegramError, TimeoutError) as error:
                self._log.warning("courtesy.failed", reason=str(error) or "no answer in time")

    def _drop(self, reason: str) -> None:
        self.dropped += 1
        self._log.warning("courtesy.dropped", reason=reason, dropped=self.dropped)
