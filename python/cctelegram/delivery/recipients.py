"""The current recipients: the chats that the settings name, at the ids to which Telegram moved them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cctelegram.policy.routes import Routes, reassigned
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.problem import Problem
from cctelegram.runtime.signals import DeliveriesQueued, SettingsChanged, StoreReplaced
from cctelegram.store import chats, intake, reassign

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.config.settings import Settings
    from cctelegram.delivery.modes import Modes
    from cctelegram.runtime.context import Context


NO_USER: Final = (
    "no allowed users configured: set TELEGRAM_ALLOWED_USERS=<your user id> in .env in the home; "
    "events are queued until then"
)


class Recipients(Component):
    """The recipients of a home."""

    name = "assigning recipients"
    wakes_on = (SettingsChanged, StoreReplaced)

    def __init__(self, context: Context, modes: Modes) -> None:
        super().__init__(context)
        self._live = context.live
        self._modes = modes
        self._moved: dict[int, int] = {}
        self._cached: tuple[Settings, Routes] | None = None

    def problems(self) -> list[Problem]:
        """Return the problems: no user is allowed, routes are ignored."""
        missing = [] if self._live.current.telegram.allowed_users else [NO_USER]
        routes = self.routes.problem
        return [Problem(each) for each in (*missing, routes) if each is not None]

    async def _work(self) -> None:
        while True:
            await self.reassign()
            await self._wake.wait()

    @property
    def routes(self) -> Routes:
        """The recipients by the current settings."""
        settings = self._live.current
        if self._cached is None or self._cached[0] is not settings:
            self._cached = (settings, Routes(settings, self._moved))
        return self._cached[1]

    async def load(self) -> None:
        """Load the ids to which this bot's groups were moved."""
        telegram = self._live.current.telegram
        self._moved = await self._store.run(lambda c: chats.moved(c, telegram.api_base, telegram.bot_id))
        self._cached = None

    async def reassign(self) -> None:
        """Reassign to the owner what has no recipient, or one that no longer gets events."""
        settings, held = self._live.current, self._modes.holds()
        owner = settings.telegram.owner
        if owner is None:
            return

        def work(connection: sqlite3.Connection) -> Routes:
            routes = reassigned(connection, settings)
            intake.release(connection, owner)
            reassign.ask_the_owner(connection, owner, clock.wall(), held)
            return routes

        routes = await self._store.run(work)
        # All chats: what waited because no user was allowed may be sent now too.
        self._signals.send(DeliveriesQueued(routes.chats))
