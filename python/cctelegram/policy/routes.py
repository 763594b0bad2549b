"""The recipients of an event: the owner, and those that `[[routes]]` adds."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from cctelegram.events.catalogue import BY_NAME
from cctelegram.events.lane import rank
from cctelegram.store import chats, intake, reassign
from cctelegram.store.intake import Recipient

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from cctelegram.config.route import Route
    from cctelegram.config.settings import Settings

# Kinds of events whose recipients are cached; producers choose the sources, so the cache is bounded.
CACHE_SIZE: Final = 1000


class Routes:
    """The recipients by one version of the settings.

    A route to a user who is not allowed is ignored: the bridge drops that user's answers, and a user removed
    from the list must not get further events by a forgotten route. Of several routes to one chat the first
    that matches counts, so that no event appears twice in one chat.

    Args:
        settings: that version.
        moved: the new id of each group to which Telegram gave another one.
    """

    def __init__(self, settings: Settings, moved: Mapping[int, int]) -> None:
        telegram = settings.telegram
        self.owner = telegram.owner
        self._routes: list[tuple[Route, Recipient]] = []
        self.ignored: list[int] = []
        for route in settings.routes:
            chat_id, thread_id = route.chat
            chat_id = moved.get(chat_id, chat_id)
            if chat_id > 0 and chat_id not in telegram.allowed_users:
                self.ignored.append(chat_id)
            else:
                self._routes.append((route, Recipient(chat_id, thread_id)))
        chats = () if self.owner is None else (self.owner, *(to.chat_id for _, to in self._routes))
        self.chats: frozenset[int] = frozenset(chat for chat in chats if chat is not None)
        self._cache: dict[tuple[str, str, str], tuple[Recipient, ...]] = {}

    @property
    def problem(self) -> str | None:
        """The ignored routes, as a sentence; None when none is ignored."""
        if not self.ignored:
            return None
        users = ", ".join(map(str, dict.fromkeys(self.ignored)))
        return f"routes to {users} are ignored: add these users to telegram.allowed_users"

    def recipients(self, row: intake.Row) -> tuple[Recipient, ...]:
        """Return the recipients of an event: the owner first, no chat twice."""
        key = (row[intake.TYPE], row[intake.SOURCE], row[intake.SEVERITY])
        found = self._cache.get(key)
        if found is None:
            if len(self._cache) >= CACHE_SIZE:
                self._cache.clear()
            found = self._cache[key] = self._find(*key)
        return found

    def _find(self, type_: str, source: str, severity: str) -> tuple[Recipient, ...]:
        if self.owner is None:
            return (Recipient(None),)  # nothing is sent before a user is allowed
        found: dict[int | None, Recipient] = {self.owner: Recipient(self.owner)}
        for route, recipient in self._routes:
            if fits(route, type_, source, severity):
                found.setdefault(recipient.chat_id, recipient)
        return tuple(found.values())


def reassigned(connection: sqlite3.Connection, settings: Settings) -> Routes:
    """Reassign waiting deliveries to the current recipients; return the routes.

    The new ids of moved groups are read in the same transaction: by routes from before a move, the queue of
    the new chat would go to the owner, and the old chat would get nothing.
    """
    moved = chats.moved(connection, settings.telegram.api_base, settings.telegram.bot_id)
    chats.follow(connection, moved)
    routes = Routes(settings, moved)
    if routes.owner is not None:
        reassign.reassign(connection, routes.chats, settings.telegram.allowed_users, routes.owner)
    return routes


def fits(route: Route, type_: str, source: str, severity: str) -> bool:
    """Return whether a route matches an event."""
    known = BY_NAME.get(type_)
    names = (type_,) if known is None else (type_, known.category)
    return (
        rank(severity) >= rank(route.min_severity)
        and (not route.types or any(_matches(name, route.types) for name in names))
        and (not route.sources or _matches(source, route.sources))
    )


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
