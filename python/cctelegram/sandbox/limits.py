"""Telegram's rate limits, with time as an argument.

Telegram publishes only rough figures: about one message a second in one chat, where short bursts pass,
about thirty a second over all chats, twenty a minute in one group, where edits count as well. A refusal
states whole seconds; until they have passed, every further call of that scope is refused too, as in a
flood wait: a client that ignores `retry_after` gains nothing.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

MINUTE = 60.0
MOST_TIMES = 10_000
"""No window of a limit in use holds more."""


@dataclass(slots=True)
class Rates:
    """The limits, each 0 for "no limit"."""

    chat_per_second: float = 1.0
    chat_burst: int = 5
    """Messages that one chat takes at once after a rest. Telegram publishes none; bursts of a few pass."""
    group_per_minute: int = 20
    total_per_second: int = 30


@dataclass(slots=True)
class Bucket:
    """A token bucket of `burst` messages, refilled at `rate` a second."""

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
    """A sliding window: at most so many in any interval of a length; exact, stored as times."""

    times: deque[float] = field(default_factory=deque)

    def wait(self, now: float, seconds: float, most: int) -> float:
        """Return seconds until one more passes, 0.0 when it passes now."""
        while self.times and self.times[0] <= now - seconds:
            self.times.popleft()
        if len(self.times) < most:
            return 0.0
        # After the limit is lowered, the window may hold more than it allows.
        return self.times[len(self.times) - most] + seconds - now

    def take(self, now: float) -> None:
        """Count one message."""
        self.times.append(now)
        if len(self.times) > MOST_TIMES:  # without a limit `wait`, which drops the old ones, is never called
            self.times.popleft()


class Limits:
    """The limits of one bot: per chat, per group, and over all chats."""

    def __init__(self, rates: Rates | None = None) -> None:
        self.rates = rates or Rates()
        self.clear()

    def clear(self) -> None:
        """Clear all counts and waits; called when the rates change."""
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
        pace, window = self._counts(chat_id, now)
        waits: dict[int | None, float] = {
            chat_id: max(self._chat_wait(pace, now, edit=edit), self._group_wait(window, now, group=group)),
            None: self._total_wait(now),
        }
        waits = {scope: max(wait, self._paused.get(scope, now) - now) for scope, wait in waits.items()}
        longest = max(waits.values())
        if longest > 0:
            seconds = max(1, math.ceil(longest))
            for scope, wait in waits.items():
                # A call during a wait does not extend it.
                if wait > 0 and self._paused.get(scope, now) <= now:
                    self._paused[scope] = now + seconds
            return seconds
        if not edit:
            pace.take(now, self.rates.chat_per_second)
        if group:
            window.take(now)
        self._total.take(now)
        return 0

    def _counts(self, chat_id: int, now: float) -> tuple[Bucket, Window]:
        return self._chats.setdefault(chat_id, Bucket(at=now)), self._groups.setdefault(chat_id, Window())

    def _chat_wait(self, pace: Bucket, now: float, *, edit: bool) -> float:
        # In a group an edit counts against the limit per minute; the limit per second is for messages only.
        rates = self.rates
        return (
            0.0
            if edit or not rates.chat_per_second
            else pace.wait(now, rates.chat_per_second, rates.chat_burst)
        )

    def _group_wait(self, window: Window, now: float, *, group: bool) -> float:
        most = self.rates.group_per_minute
        return window.wait(now, MINUTE, most) if group and most else 0.0

    def _total_wait(self, now: float) -> float:
        most = self.rates.total_per_second
        return self._total.wait(now, 1.0, most) if most else 0.0
