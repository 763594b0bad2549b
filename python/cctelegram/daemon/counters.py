"""Counts and measurements since the start of the bridge; no other figure is shown."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Final

from cctelegram.runtime.signals import EventsStored, MessageSent, SendFailed, StrangerRejected

if TYPE_CHECKING:
    from cctelegram.runtime.signals import Signals

# Latencies kept for the percentiles; at one message a second, a quarter of an hour.
KEPT: Final = 1000


class Counters:
    """Counts signals from the start of the bridge to its end."""

    def __init__(self, signals: Signals) -> None:
        self.accepted = 0
        self.rejected = 0
        self.parts = 0
        self.sent: Counter[int] = Counter()
        self.failures: Counter[str] = Counter()
        self.strangers = 0
        self.last_event: dict[str, Any] | None = None
        self._seconds: deque[float] = deque(maxlen=KEPT)
        signals.listen(EventsStored, self._stored)
        signals.listen(MessageSent, self._sent)
        signals.listen(SendFailed, self._failed)
        signals.listen(StrangerRejected, self._stranger)

    def _stored(self, stored: EventsStored) -> None:
        self.accepted += stored.accepted
        self.rejected += stored.rejected
        self.last_event = stored.last or self.last_event

    def _sent(self, sent: MessageSent) -> None:
        self.parts += 1
        if not sent.complete:
            return
        self.sent[sent.lane] += 1
        if sent.occurred_at is not None:
            self._seconds.append(max(0, sent.at - sent.occurred_at) / 1_000_000)

    def _failed(self, failed: SendFailed) -> None:
        self.failures[failed.classification] += 1

    def _stranger(self, _: StrangerRejected) -> None:
        self.strangers += 1

    def delivery_seconds(self) -> dict[str, float] | None:
        """Return p50, p95 and maximum of the seconds from event to delivery; None before the first."""
        if not self._seconds:
            return None
        ordered = sorted(self._seconds)
        last = len(ordered) - 1
        return {
            "p50": ordered[round(last * 0.50)],
            "p95": ordered[round(last * 0.95)],
            "max": ordered[last],
            "count": len(ordered),
        }
