"""Telegram's rate limits: a token bucket per chat, sliding windows for groups and the whole bot.

Limits as in Telegram's FAQ ("My bot is hitting limits"): about one message a second in a chat with short
bursts, 20 a minute in a group, about 30 a second overall. Time is an argument (seconds, monotonic).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cctelegram.config.settings import Pacing as Rates


class Bucket:
    """`rate` tokens a second, at most `burst` of them; full at the start.

    The level is a real number stored with the time of its last reading, so that frequent readings neither
    lose nor gain a token.
    """

    __slots__ = ("_level", "_since", "burst", "rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self._level = burst
        self._since = now

    def wait(self, now: float) -> float:
        """Return the seconds until one token is available; 0 when one is available now."""
        level = self._filled(now)
        return 0.0 if level >= 1.0 - 1e-9 else (1.0 - level) / self.rate

    def take(self, now: float) -> None:
        """Take one token, available or not; if not, the next one waits longer."""
        self._level = self._filled(now) - 1.0
        self._since = max(now, self._since)

    def answered(self, taken: float, now: float) -> None:
        """Undo the refill since `taken`: the token counts as taken at `now`."""
        self._level = self._filled(now) - max(0.0, now - taken) * self.rate
        self._since = max(now, self._since)

    def change(self, rate: float, burst: float, now: float) -> None:
        """Set another rate and burst from now on; an idle chat may use all of a larger burst."""
        level = self._filled(now) + max(0.0, burst - self.burst)
        self.rate, self.burst = rate, burst
        self._level, self._since = min(burst, level), max(now, self._since)

    def _filled(self, now: float) -> float:
        # A clock that stepped back adds nothing.
        return min(self.burst, self._level + max(0.0, now - self._since) * self.rate)


class Window:
    """At most `count` messages in any period of `seconds`.

    A bucket of that rate and burst would let twice as many through in its first period.
    """

    __slots__ = ("_taken", "count", "seconds")

    def __init__(self, count: int, seconds: float) -> None:
        self.count = count
        self.seconds = seconds
        self._taken: deque[float] = deque(maxlen=count)

    def wait(self, now: float) -> float:
        """Return the seconds until one more may be sent; 0 when it may be sent now."""
        if len(self._taken) < self.count:
            return 0.0
        return max(0.0, self._taken[0] + self.seconds - now)

    def take(self, now: float) -> None:
        """Count one message."""
        self._taken.append(now)

    def answered(self, taken: float, now: float) -> None:
        """Count the message taken at `taken` from `now` on."""
        if taken in self._taken:
            self._taken.remove(taken)
            self._taken.append(now)

    def change(self, count: int, seconds: float) -> None:
        """Set another count and period; messages already sent count."""
        self.count, self.seconds = count, seconds
        self._taken = deque(self._taken, maxlen=count)


class Pacing:
    """The rate limits of all chats and of the bot; a group is a chat with a negative id."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._total = Window(*_per_second(rates.total_per_second))
        self._chats: dict[int, tuple[Bucket | Window, ...]] = {}

    def change(self, rates: Rates, now: float) -> None:
        """Apply other limits from now on; messages already sent count towards them too."""
        self._rates = rates
        self._total.change(*_per_second(rates.total_per_second))
        for limits in self._chats.values():
            for limit in limits:
                if isinstance(limit, Bucket):
                    limit.change(rates.chat_per_second, rates.chat_burst, now)
                elif limit is not self._total:
                    limit.change(*_per_minute(rates.group_per_minute))

    def wait(self, chat_id: int, now: float) -> float:
        """Return the seconds until a message may be sent to `chat_id`."""
        return max(limit.wait(now) for limit in self._limits(chat_id, now))

    def try_take(self, chat_id: int, now: float) -> bool:
        """Count a message to `chat_id` if one may go now: check and count are one step for all senders."""
        if self.wait(chat_id, now) > 0:
            return False
        self.take(chat_id, now)
        return True

    def answered(self, chat_id: int, taken: float, now: float) -> None:
        """Count the message taken at `taken` from `now` on, when its response arrived.

        Telegram counted it at some time between the two. Counted from `taken`, a slow message and a fast one
        after it would be too close together for Telegram.
        """
        for limit in self._limits(chat_id, now):
            limit.answered(taken, now)

    def take(self, chat_id: int, now: float) -> None:
        """Count a message to `chat_id`."""
        for limit in self._limits(chat_id, now):
            limit.take(now)

    def _limits(self, chat_id: int, now: float) -> tuple[Bucket | Window, ...]:
        found = self._chats.get(chat_id)
        if found is None:
            rates = self._rates
            found = (Bucket(rates.chat_per_second, rates.chat_burst, now), self._total)
            if chat_id < 0:
                found = (*found, Window(*_per_minute(rates.group_per_minute)))
            self._chats[chat_id] = found
        return found


def _per_minute(rate: float) -> tuple[int, float]:
    """Return a whole number of messages and its window: a minute."""
    return max(1, int(rate)), 60.0


def _per_second(rate: float) -> tuple[int, float]:
    """Return a whole number of messages and its window: a second, or longer for less than one a second."""
    count = max(1, int(rate))
    return count, max(1.0, count / rate)
