"""The queue of updates: in order, returned again until a higher offset confirms them."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

KEPT: Final = 10
# How far beyond the next id an offset may be (tdlib, TQueue::get).
FUTURE: Final = 10
# Kinds that Telegram leaves out unless `allowed_updates` names them.
_ONLY_WHEN_NAMED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


class Updates:
    """Updates that the bot has not confirmed yet."""

    def __init__(self, first_id: int) -> None:
        self.pending: list[dict[str, Any]] = []
        self.confirmed: deque[dict[str, Any]] = deque(maxlen=KEPT)
        """The last that were confirmed, for a fault that returns them again."""
        self.allowed: frozenset[str] = frozenset()
        """Kinds to keep from now on; empty for Telegram's default."""
        self._next_id = first_id

    def add(self, kind: str, content: dict[str, Any]) -> dict[str, Any] | None:
        """Queue an update and return it, or None if its kind is not allowed."""
        if kind not in self.allowed if self.allowed else kind in _ONLY_WHEN_NAMED:
            return None
        return self.add_raw({kind: content})

    def add_raw(self, update: dict[str, Any]) -> dict[str, Any]:
        """Queue an update as it is, with its own `update_id` if it has one, even a repeated one."""
        if "update_id" not in update:
            update = {"update_id": self._next_id} | update
        self._next_id = max(self._next_id, update["update_id"] + 1)
        self.pending.append(update)
        return update

    def confirm(self, offset: int) -> None:
        """Drop the updates before `offset`; a negative offset retains that many from the end.

        Telegram ignores an offset far beyond the newest id and starts at the oldest update: so a bot whose
        offset predates a reset of the ids still receives updates.
        """
        if offset > self._next_id + FUTURE:
            return
        if offset > 0:
            self.confirmed.extend(update for update in self.pending if update["update_id"] < offset)
            self.pending = [update for update in self.pending if update["update_id"] >= offset]
        elif offset < 0:
            self.pending = self.pending[offset:]
