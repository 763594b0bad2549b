"""Pauses: Telegram's `retry_after`, observed in full and kept across restarts.

A 429 does not say whether it concerns the chat or the bot. It is taken as the chat's; when a second chat is
refused during the pause of the first, it is the bot's, and every chat waits for the longer pause.

While the bridge runs, a pause ends by a clock that cannot be set. Only the copy stored for the next start
uses the wall clock, with the length of the pause beside it: a clock set back in between adds nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cctelegram.runtime import clock
from cctelegram.store import chats

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from cctelegram.store.database import Store

MICROSECONDS: Final = 1_000_000


class Pauses:
    """The pauses of one bot.

    Args:
        bot: the bot's row in the store.
        wall: returns the wall clock, in us.
        elapsed: returns seconds of a clock that never steps.
    """

    def __init__(
        self,
        store: Store,
        bot: int,
        *,
        wall: Callable[[], int] = clock.wall,
        elapsed: Callable[[], float] = clock.elapsed,
    ) -> None:
        self._store = store
        self._bot = bot
        self._wall = wall
        self._elapsed = elapsed
        self._bot_until = 0.0
        self._chats: dict[int, float] = {}

    async def load(self) -> None:
        """Load the stored pauses."""
        bot_pause, chat_pauses = await self._store.run(lambda c: chats.pauses(c, self._bot))
        self._bot_until = self._end(bot_pause)
        self._chats = {chat_id: self._end(pause) for chat_id, pause in chat_pauses.items()}

    def seconds(self, chat_id: int) -> float:
        """Return how long, in seconds, nothing may be sent to `chat_id`."""
        return max(0.0, max(self._bot_until, self._chats.get(chat_id, 0.0)) - self._elapsed())

    def longest(self) -> float:
        """Return the longest current pause, in seconds; 0 when there is none."""
        return max(0.0, max((self._bot_until, *self._chats.values())) - self._elapsed())

    def each(self) -> dict[int | None, float]:
        """Return the current pauses in seconds, by chat; None for all chats."""
        now = self._elapsed()
        ends: list[tuple[int | None, float]] = [(None, self._bot_until), *self._chats.items()]
        return {chat_id: end - now for chat_id, end in ends if end > now}

    async def begin(self, chat_id: int, seconds: float) -> None:
        """Pause a chat for all of `seconds`, durably on return."""
        now = self._elapsed()
        until = now + seconds
        others = [end for chat, end in self._chats.items() if chat != chat_id and end > now]
        self._chats[chat_id] = max(until, self._chats.get(chat_id, 0.0))
        if others:
            self._bot_until = max(self._bot_until, until, *others)
        await self.store()

    async def store(self) -> None:
        """Store the current pauses by the wall clock as it is now: it may have been set."""
        now, wall = self._elapsed(), self._wall()
        bot_left = self._left(self._bot_until, now)
        chats_left = {chat: left for chat, end in self._chats.items() if (left := self._left(end, now))}

        def work(connection: sqlite3.Connection) -> None:
            chats.forget_pauses(connection, self._bot)
            if bot_left:
                chats.pause(connection, self._bot, None, wall + bot_left, bot_left)
            for chat_id, left in chats_left.items():
                chats.pause(connection, self._bot, chat_id, wall + left, left)

        await self._store.run(work)

    def _left(self, end: float, now: float) -> int:
        return max(0, round((end - now) * MICROSECONDS))

    def _end(self, pause: chats.Pause) -> float:
        left = min(pause.until - self._wall(), pause.length)
        return self._elapsed() + max(0, left) / MICROSECONDS
