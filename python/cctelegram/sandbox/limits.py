"""The pace that Telegram allows, with time as an argument.

Telegram publishes only rough figures: about one message a second in one chat, where short bursts pass,
about thirty a second over all chats, twenty a minute in one group, where edits count as well. A refused
call names whole seconds; until they are over every further call of that scope is refused too, as a
flood wait is: who does not obey `retry_after` gains nothing.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

MINUTE = 60.0


@dataclass(slots=True)
class Rates:
    """The figures, each 0 for "no limit"."""

    chat_per_second: float = 1.0
    chat_burst: int = 5
    """Messages that one chat takes at once after a rest. Telegram publishes none; bursts of a few pass."""
    group_per_minute: int = 20
    total_per_second: int = 30


@dataclass(slots=True)
class Bucket:
    """A burst of `burst`, refilled at `rate` a second."""

    level: float = 0.0
    """Messages' worth of room in use."""
    at: float = 0.0

    def wait(self, now: float, rate: float, burst: int) -> float:
        """Return seconds until one more passes, 0.0 when it passes now."""
        level = max(0.0, self.level - (now - self.at) * rate)
        return max(0.0, (level + 1.0 - max(burst, 1)) / rate)

    def take(self, now: float, rate: float) -> None:
        """Count one message."""
        self.level = max(0.0, self.level - (now - self.at) * rate) + 1.0
        self.at = now


@dataclass(slots=True)
class Window:
    """At most so many in any window of a length; exact, kept as times."""

    times: deque[float] = field(default_factory=deque)

    def wait(self, now: float, seconds: float, most: int) -> float:
        """Return seconds until one more passes, 0.0 when it passes now."""
        while self.times and self.times[0] <= now - seconds:
            self.times.popleft()
        if len(self.times) < most:
            return 0.0
        # With the limit just lowered there may be more in the window than may stay.
        return self.times[len(self.times) - most] + seconds - now

    def take(self, now: float) -> None:
        """Count one message."""
        self.times.append(now)


class Limits:
    """All scopes of one bot: each chat, each group, and the whole."""

    def __init__(self, rates: Rates | None = None) -> None:
        self.rates = rates or Rates()
        self.clear()

    def clear(self) -> None:
        """Forget what was counted and every wait; called when the rates change."""
        self._chats: dict[int, Bucket] = {}
        self._groups: dict[int, Window] = {}
        self._total = Window()
        self._paused: dict[int | None, float] = {}

    def admit(self, chat_id: int, now: float, *, group: bool, edit: bool = False) -> int:
        """Count a message to `chat_id` at `now` (seconds); return 0, or the whole seconds to wait.

        A refused message is not counted. Edits count in groups only.
        """
        if edit and not group:
            return 0
        rates = self.rates
        chat = self._chats.setdefault(chat_id, Bucket(at=now))
        window = self._groups.setdefault(chat_id, Window())
        waits: dict[int | None, float] = {
            scope: self._paused.get(scope, now) - now for scope in (chat_id, None)
        }
        # In a group an edit counts against the minute; the pace of single messages is for messages.
        if rates.chat_per_second and not edit:
            waits[chat_id] = max(waits[chat_id], chat.wait(now, rates.chat_per_second, rates.chat_burst))
        if rates.group_per_minute and group:
            waits[chat_id] = max(waits[chat_id], window.wait(now, MINUTE, rates.group_per_minute))
        if rates.total_per_second:
            waits[None] = max(waits[None], self._total.wait(now, 1.0, rates.total_per_second))
        longest = max(waits.values())
        if longest > 0:
            seconds = max(1, math.ceil(longest))
            for scope, wait in waits.items():
                # A wait under way is not drawn out by who knocks meanwhile.
                if wait > 0 and self._paused.get(scope, now) <= now:
                    self._paused[scope] = now + seconds
            return seconds
        if rates.chat_per_second and not edit:
            chat.take(now, rates.chat_per_second)
        if rates.group_per_minute and group:
            window.take(now)
        if rates.total_per_second:
            self._total.take(now)
        return 0
