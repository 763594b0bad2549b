"""Typed signals between components, each with its senders and listeners.

A signal wakes; the store is the truth. A listener is called in the event loop before `send` returns; it must
not block, and only sets an event or counts. An exception in one is logged and stops no other.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence  # noqa: TC004 - never decoded

    from cctelegram.store.recovery import Losses  # noqa: TC004


class Signal(msgspec.Struct, frozen=True):
    """Base of all signals; a Struct takes less than half of the memory of a NamedTuple."""


class EventsStored(Signal, frozen=True):
    """Events became durable.

    Sent by the intake. Listeners: the modes (an event may be held), the counters, the telemetry.
    """

    accepted: int
    rejected: int
    last: dict[str, Any] | None  # event_id, type and title of the last one
    rows: tuple[int, int] | None = None  # the first and the last row of a batch; None without events
    at: int = 0  # when they were durable, in us


class DeliveriesQueued(Signal, frozen=True):
    """Deliveries were queued for these chats.

    Sent by the intake, chat, modes, operator actions, notices, recipients. Listener: the sender.
    """

    chat_ids: Collection[int]


class DeliveryHeld(Signal, frozen=True):
    """Deliveries were held: as they were stored, when their turn came, or as a mode began.

    Sent by the intake, the sender, the modes. Listeners: the modes, which make the digest; the counters.
    """

    reasons: Mapping[str, int]  # how many, by reason as in the store


class EventsDigested(Signal, frozen=True):
    """Events were merged into digests.

    Sent by the sender, the modes, the chat. Listener: the counters.
    """

    events: int


class DeliveriesEnded(Signal, frozen=True):
    """Deliveries ended without an arrival, `dead` or `ambiguous`.

    Sent by the sender, the intake, the operator actions. Listener: the counters.
    """

    state: str
    reason: str  # as in the label of the metric of dead deliveries
    deliveries: int = 1


class MessageSent(Signal, frozen=True):
    """Telegram accepted one part of a delivery.

    Sent by the sender. Listener: the counters.
    """

    lane: int
    complete: bool  # whether it was the last part, and no part is unclear
    occurred_at: int | None  # the event's time in us; None for a notice
    at: int
    silent: bool = False
    edited: bool = False  # whether an earlier message shows it


class SendFailed(Signal, frozen=True):
    """A request to send failed.

    Sent by the sender. Listener: the counters.
    """

    classification: str


class CardSent(Signal, frozen=True):
    """A card was sent; its decision may have been closed meanwhile.

    Sent by the sender. Listener: the cards.
    """


class DecisionOpened(Signal, frozen=True):
    """Decisions were stored, open or closed at once.

    Sent by the intake. Listeners: the expiry, the answer files, the audit log, the counters.
    """

    decisions: int = 1


class DecisionClosed(Signal, frozen=True):
    """Decisions were closed, or a message filed for the agent: then `closed` is empty.

    Sent by the intake (a question that arrives too late), the chat, the expiry, the operator actions.
    Listeners: the answer files, the audit log, the cards, the counters.
    """

    closed: Sequence[Closed] = ()


class Closed(msgspec.Struct, frozen=True):
    """How a decision was closed (`answered`, `expired`, `cancelled`), and how long it was open."""

    outcome: str
    seconds: float


class ChatUnreachable(Signal, frozen=True):
    """A chat became unreachable.

    Sent by the chat, when Telegram reports a change of membership. Listener: the sender.
    """

    chat_id: int
    reason: str


class ChatReachable(Signal, frozen=True):
    """A chat became reachable again.

    Sent by the chat. Listener: the sender.
    """

    chat_id: int


class StrangerRejected(Signal, frozen=True):
    """An update from a user that is not allowed was dropped.

    Sent by the chat. Listener: the counters.
    """

    user_id: int


class TokenRejected(Signal, frozen=True):
    """Telegram rejected the token.

    Sent by the sender. Listener: the connection to Telegram.
    """

    reason: str


class SettingsChanged(Signal, frozen=True):
    """The settings were reloaded, or a change to them was rejected.

    Sent by the watch of the settings. Any component may listen.
    """


class ClockJumped(Signal, frozen=True):
    """The machine slept, or the wall clock was set; both in seconds.

    Sent by the watch of files and clocks. Listeners: the components that wait for a time.
    """

    slept: float
    set_by: float


class StoreReplaced(Signal, frozen=True):
    """The store was recovered, and rows may be gone; or its file was removed and written again.

    Sent by the store's thread. Listeners: the connection to Telegram, the modes, the notices (recovered); the
    watch of the home (written again).
    """

    losses: Losses | None  # None when it was written again


class Sampled(Signal, frozen=True):
    """All metrics were measured.

    Sent by the monitoring, once in each step of the history. Listeners: the alerts, the history.
    """

    at: float  # seconds since the epoch
    monotonic: float
    lags: tuple[float, ...]  # how late the event loop ran its timers since the last one, in seconds


class HomeRemoved(Signal, frozen=True):
    """The home was removed while the bridge runs; the bridge restarts from the files.

    Sent by the watch of the home. Listener: the bridge.
    """


class AlertChanged(Signal, frozen=True):
    """An alert rule began to fire, or ended.

    Sent by the alerts. Listener: the stream of events.
    """

    rule: str
    fires: bool


class Signals:
    """The bus of one bridge. Use it in the event loop only, except `send_threadsafe`."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._listeners: dict[type, list[Callable[[Any], None]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def listen(self, kind: type, listener: Callable[[Any], None]) -> None:
        """Call `listener` with each later signal of this kind."""
        self._listeners.setdefault(kind, []).append(listener)

    @contextlib.contextmanager
    def listening(self, listeners: dict[type, Callable[[Any], None]]) -> Iterator[None]:
        """Call the listeners, one for each kind of signal, until the block ends.

        A component listens while it runs and starts by reading the store, so it misses nothing.
        """
        for kind, listener in listeners.items():
            self.listen(kind, listener)
        try:
            yield
        finally:
            for kind, listener in listeners.items():
                self._listeners[kind].remove(listener)

    def send(self, signal: Signal) -> None:
        """Call the listeners of this kind of signal, in the order of their registration."""
        for listener in tuple(self._listeners.get(type(signal), ())):
            try:
                listener(signal)
            except Exception as error:  # noqa: BLE001 - one listener must not stop the others
                self._log.error("signal.listener_failed", signal=type(signal).__name__, exc_info=error)

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Set the loop in which `send_threadsafe` calls listeners."""
        self._loop = loop

    def send_threadsafe(self, signal: Signal) -> None:
        """Send from another thread; do nothing before `bind`."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.send, signal)
