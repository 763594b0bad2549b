"""Who has to wait, and until when: Telegram's `retry_after`, whole, kept over restarts.

A 429 does not say whether it is about the chat or about the bot. It is taken for the chat's; when a second
chat is refused while the first still waits, it is the bot's, and everything waits for the longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cctelegram.outbox import chats

if TYPE_CHECKING:
    from cctelegram.outbox.store import Store

MICROSECONDS: Final = 1_000_000


class Pauses:
    """The pauses of one bot; `bot` is its row in the store."""

    def __init__(self, store: Store, bot: int) -> None:
        self._store = store
        self._bot = bot
        self._whole = 0
        self._chats: dict[int, int] = {}

    async def load(self) -> None:
        """Read what was kept."""
        self._whole, self._chats = await self._store.run(lambda c: chats.pauses(c, self._bot))

    def seconds(self, chat_id: int, now: int) -> float:
        """Give how long nothing may go to `chat_id`; `now` in us."""
        until = max(self._whole, self._chats.get(chat_id, 0))
        return max(0, until - now) / MICROSECONDS

    def longest(self, now: int) -> float:
        """Give the longest pause that is in force, in seconds; 0 when none is."""
        return max(0, max((self._whole, *self._chats.values())) - now) / MICROSECONDS

    async def begin(self, chat_id: int, seconds: float, now: int) -> None:
        """Pause a chat for all of `seconds`; durable when it returns."""
        until = now + int(seconds * MICROSECONDS)
        others = [end for chat, end in self._chats.items() if chat != chat_id and end > now]
        self._chats[chat_id] = max(until, self._chats.get(chat_id, 0))
        await self._store.run(lambda c: chats.pause(c, self._bot, chat_id, until))
        if others:
            self._whole = max(self._whole, until, *others)
            await self._store.run(lambda c: chats.pause(c, self._bot, None, self._whole))
