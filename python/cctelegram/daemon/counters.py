"""Counts what the signals report, from the start of the bridge to its end; no other figure is shown."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from cctelegram.delivery.hold import HELD_BY
from cctelegram.monitor import catalogue
from cctelegram.runtime.signals import (
    DecisionClosed,
    DecisionOpened,
    DeliveriesEnded,
    DeliveryHeld,
    EventsDigested,
    EventsStored,
    MessageSent,
    SendFailed,
    StrangerRejected,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.monitor.values import Metrics
    from cctelegram.runtime.signals import Signals

# Latencies kept for the percentiles; at one message a second, a quarter of an hour.
KEPT: Final = 1000


class Counters:
    """Listens to signals; every count but those below is kept in the metrics.

    Attributes:
        accepted, rejected: events.
        last_event: event_id, type and title of the last event; None before the first.
    """

    def __init__(self, signals: Signals, metrics: Metrics) -> None:
        self._metrics = metrics
        self.accepted = 0
        self.rejected = 0
        self.last_event: dict[str, Any] | None = None
        self._seconds: deque[float] = deque(maxlen=KEPT)
        metrics.begin(
            catalogue.SENT,
            catalogue.PARTS,
            catalogue.SILENT,
            catalogue.EDITED,
            catalogue.FAILURES,
            catalogue.UNAUTHORIZED,
            catalogue.HELD,
            catalogue.DIGESTED,
            catalogue.DEAD,
            catalogue.AMBIGUOUS,
            catalogue.OPENED,
            catalogue.CLOSED,
        )
        listeners: dict[type, Callable[[Any], None]] = {
            EventsStored: self._stored,
            MessageSent: self._sent,
            SendFailed: self._failed,
            StrangerRejected: self._stranger,
            DeliveryHeld: self._held,
            EventsDigested: self._digested,
            DeliveriesEnded: self._ended,
            DecisionOpened: self._opened,
            DecisionClosed: self._closed,
        }
        for signal, listener in listeners.items():
            signals.listen(signal, listener)

    @property
    def sent(self) -> int:
        """Deliveries that arrived."""
        return int(self._metrics.total(catalogue.SENT) or 0)

    @property
    def failures(self) -> dict[str, int]:
        """Failed requests by classification."""
        found = ((each.labels[0], each.value) for each in self._metrics.of(catalogue.FAILURES))
        return {name: int(count) for name, count in found if count}  # type: ignore[arg-type]  # of a counter

    @property
    def strangers(self) -> int:
        """Updates of users that are not allowed."""
        return int(self._metrics.total(catalogue.UNAUTHORIZED) or 0)

    def _stored(self, stored: EventsStored) -> None:
        self.accepted += stored.accepted
        self.rejected += stored.rejected
        self.last_event = stored.last or self.last_event

    def _sent(self, sent: MessageSent) -> None:
        metrics = self._metrics
        metrics.add(catalogue.PARTS)
        if not sent.complete:
            return
        lane = catalogue.LANE.values[sent.lane]
        metrics.add(catalogue.SENT, 1, lane)
        if sent.edited:
            metrics.add(catalogue.EDITED)
        elif sent.silent:
            metrics.add(catalogue.SILENT)
        if sent.occurred_at is not None:
            seconds = max(0, sent.at - sent.occurred_at) / 1_000_000
            self._seconds.append(seconds)
            metrics.observe(catalogue.DELIVERED, seconds, lane)

    def _failed(self, failed: SendFailed) -> None:
        self._metrics.add(catalogue.FAILURES, 1, failed.classification)

    def _stranger(self, _: StrangerRejected) -> None:
        self._metrics.add(catalogue.UNAUTHORIZED)

    def _held(self, held: DeliveryHeld) -> None:
        for reason, count in held.reasons.items():
            self._metrics.add(catalogue.HELD, count, HELD_BY.get(reason, reason))

    def _digested(self, digested: EventsDigested) -> None:
        self._metrics.add(catalogue.DIGESTED, digested.events)

    def _ended(self, ended: DeliveriesEnded) -> None:
        if ended.state == "ambiguous":
            self._metrics.add(catalogue.AMBIGUOUS, ended.deliveries)
        else:
            self._metrics.add(catalogue.DEAD, ended.deliveries, ended.reason)

    def _opened(self, opened: DecisionOpened) -> None:
        self._metrics.add(catalogue.OPENED, opened.decisions)

    def _closed(self, closed: DecisionClosed) -> None:
        for each in closed.closed:
            self._metrics.add(catalogue.CLOSED, 1, each.outcome)
            if each.outcome == "answered":
                self._metrics.observe(catalogue.RESPONSE, each.seconds)

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
