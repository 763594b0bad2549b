"""Who gets events now: what the settings say, and where Telegram moved the chats they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.bridge import clock
from cctelegram.bridge.routes import Routes
from cctelegram.outbox import chats, intake, reassign

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from cctelegram.config.live import Live
    from cctelegram.config.settings import Settings
    from cctelegram.outbox.store import Store


class Audience:
    """The recipients of a home.

    Args:
        holds: gives the reason for which even questions are held, or None.
        queued: told the chats for which something may wait.
    """

    def __init__(
        self,
        store: Store,
        live: Live,
        *,
        holds: Callable[[], str | None],
        queued: Callable[[set[int]], None],
    ) -> None:
        self._store = store
        self._live = live
        self._holds = holds
        self._queued = queued
        self._moved: dict[int, int] = {}
        self._made: tuple[Settings, Routes] | None = None

    @property
    def routes(self) -> Routes:
        """The recipients as the settings say now."""
        settings = self._live.current
        if self._made is None or self._made[0] is not settings:
            self._made = (settings, Routes(settings, self._moved))
        return self._made[1]

    async def load(self) -> None:
        """Read where the groups of this bot were moved."""
        telegram = self._live.current.telegram
        bot_id = telegram.bot_id
        if bot_id is not None:
            self._moved = await self._store.run(lambda c: chats.moved(c, telegram.api_base, bot_id))
        self._made = None

    async def settle(self) -> None:
        """Give to the owner what waits for nobody, or for a chat that gets nothing any more."""
        routes, allowed, held = self.routes, self._live.current.telegram.allowed_users, self._holds()
        owner = routes.owner
        if owner is None:
            return

        def work(connection: sqlite3.Connection) -> None:
            reassign.reassign(connection, routes.chats, allowed, owner)
            intake.release(connection, owner)
            reassign.ask_the_owner(connection, owner, clock.wall(), held)

        await self._store.run(work)
        # All of them: what waited for want of anybody who may get it goes on too.
        self._queued(set(routes.chats))
