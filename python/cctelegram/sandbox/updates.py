"""The queue of updates: kept in order, given again until a higher offset is asked."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

KEPT: Final = 10
# So far beyond the next id an offset may be (tdlib, TQueue::get).
FUTURE: Final = 10
# What Telegram leaves out unless it is named in `allowed_updates`.
_ONLY_WHEN_NAMED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


class Updates:
    """Updates that the bot has not confirmed yet."""

    def __init__(self, first_id: int) -> None:
        self.pending: list[dict[str, Any]] = []
        self.confirmed: deque[dict[str, Any]] = deque(maxlen=KEPT)
        """The last that were confirmed, for a fault that gives them again."""
        self.allowed: frozenset[str] = frozenset()
        """Kinds to keep from now on; empty for Telegram's default."""
        self._next_id = first_id

    def add(self, kind: str, content: dict[str, Any]) -> dict[str, Any] | None:
        """Queue an update and return it; None when its kind is not asked for."""
        if kind not in self.allowed if self.allowed else kind in _ONLY_WHEN_NAMED:
            return None
        return self.add_raw({kind: content})

    def add_raw(self, update: dict[str, Any]) -> dict[str, Any]:
        """Queue an update as it is; one with an `update_id` keeps it, however often it was given before."""
        if "update_id" not in update:
            update = {"update_id": self._next_id} | update
        self._next_id = max(self._next_id, update["update_id"] + 1)
        self.pending.append(update)
        return update

    def confirm(self, offset: int) -> None:
        """Drop what comes before `offset`; a negative one keeps that many from the end.

        An offset far beyond the newest id is none to Telegram, which then begins at the oldest update: so a
        bot that kept an offset from before the ids began anew hears on.
        """
        if offset > self._next_id + FUTURE:
            return
        if offset > 0:
            self.confirmed.extend(update for update in self.pending if update["update_id"] < offset)
            self.pending = [update for update in self.pending if update["update_id"] >= offset]
        elif offset < 0:
            self.pending = self.pending[offset:]
