"""What the running bridge counted and measured since its start; nothing else is shown."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any, Final

# Latencies kept for the percentiles; at one message a second this is a quarter of an hour.
KEPT: Final = 1000


class Figures:
    """Plain counts; the monitor reads them, status shows them."""

    def __init__(self) -> None:
        self.accepted = 0
        self.rejected = 0
        self.parts = 0
        self.sent: Counter[int] = Counter()
        self.failures: Counter[str] = Counter()
        self.strangers = 0
        self.last_event: dict[str, Any] | None = None
        self._seconds: deque[float] = deque(maxlen=KEPT)

    def part_sent(self) -> None:
        """Count a message that Telegram took."""
        self.parts += 1

    def delivered(self, lane: int, occurred_at: int | None, now: int) -> None:
        """Count a delivery that is complete; times in us."""
        self.sent[lane] += 1
        if occurred_at is not None:
            self._seconds.append(max(0, now - occurred_at) / 1_000_000)

    def failed(self, verdict: str) -> None:
        """Count a failed try by what followed from it."""
        self.failures[verdict] += 1

    def delivery_seconds(self) -> dict[str, float] | None:
        """Give p50, p95 and the maximum of the time from event to delivered; None before the first."""
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
