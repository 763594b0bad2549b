"""Typed signals between components: what happened, who sends it, who listens.

A signal wakes; the store is the truth. A listener is called in the event loop before `send` returns, and does
no more than set an event or count: it must not block. An exception in one is logged and stops no other.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection, Iterator

    from cctelegram.store.recovery import Losses


class EventsStored(NamedTuple):
    """Events became durable.

    Sent by the intake. Listeners: the modes (an event may be held), the counters.
    """

    accepted: int
    rejected: int
    last: dict[str, Any] | None  # event_id, type and title of the last one


class DeliveriesQueued(NamedTuple):
    """Something waits for these chats.

    Sent by whatever queues: intake, chat, modes, operator actions, notices, recipients. Listener: the sender.
    """

    chat_ids: Collection[int]


class DeliveryHeld(NamedTuple):
    """A delivery was held when its turn came.

    Sent by the sender. Listener: the modes, which make the digest of it.
    """


class MessageSent(NamedTuple):
    """Telegram took one message of a delivery.

    Sent by the sender. Listener: the counters.
    """

    lane: int
    complete: bool  # whether it was the delivery's last part
    occurred_at: int | None  # the event's time in us; None for a notice
    at: int


class SendFailed(NamedTuple):
    """A request to send failed.

    Sent by the sender. Listener: the counters.
    """

    classification: str


class CardSent(NamedTuple):
    """A card arrived on the phone; its decision may have been closed meanwhile.

    Sent by the sender. Listener: the cards.
    """


class DecisionOpened(NamedTuple):
    """A question was stored, open or closed at once.

    Sent by the intake. Listeners: the expiry, the answer files, the audit log.
    """


class DecisionClosed(NamedTuple):
    """A decision was closed, or a message filed for the agent.

    Sent by the chat, the expiry, the operator actions. Listeners: the answer files, the audit log, the cards.
    """


class ChatUnreachable(NamedTuple):
    """A chat cannot be written to.

    Sent by the chat, from what Telegram says of the bot's membership. Listener: the sender.
    """

    chat_id: int
    reason: str


class ChatReachable(NamedTuple):
    """A chat can be written to again.

    Sent by the chat. Listener: the sender.
    """

    chat_id: int


class StrangerRejected(NamedTuple):
    """An update of a user who is not allowed was dropped.

    Sent by the chat. Listener: the counters.
    """

    user_id: int


class TokenRejected(NamedTuple):
    """Telegram does not accept the token.

    Sent by the sender. Listener: the connection to Telegram.
    """

    reason: str


class SettingsChanged(NamedTuple):
    """The settings were read again: they changed, or the change was rejected.

    Sent by the watch of the settings. Any component may listen.
    """


class ClockJumped(NamedTuple):
    """The machine slept, or the wall clock was set; in seconds.

    Sent by the watch of files and clocks. Listeners: whatever waits for a time.
    """

    slept: float
    set_by: float


class StoreReplaced(NamedTuple):
    """The store was recovered, and rows may be gone; or its file was removed and written again.

    Sent by the store's thread. Listeners: the connection to Telegram, the modes, the notices (recovered); the
    watch of the home (written again).
    """

    losses: Losses | None  # None when it was written again


class HomeRemoved(NamedTuple):
    """The home was removed under the bridge, which begins again from the files.

    Sent by the watch of the home. Listener: the bridge.
    """


class Signals:
    """The bus of one bridge. Used in the event loop only, but for `send_threadsafe`."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._listeners: dict[type, list[Callable[[Any], None]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def listen(self, kind: type, listener: Callable[[Any], None]) -> None:
        """Call `listener` with each signal of this kind from now on."""
        self._listeners.setdefault(kind, []).append(listener)

    @contextlib.contextmanager
    def listening(self, listeners: dict[type, Callable[[Any], None]]) -> Iterator[None]:
        """Call the listeners, one for each kind of signal, until the block ends.

        A component listens while it runs and begins with a look at the store, so it misses nothing.
        """
        for kind, listener in listeners.items():
            self.listen(kind, listener)
        try:
            yield
        finally:
            for kind, listener in listeners.items():
                self._listeners[kind].remove(listener)

    def send(self, signal: NamedTuple) -> None:
        """Call those that listen for this kind of signal, in the order in which they began to."""
        for listener in tuple(self._listeners.get(type(signal), ())):
            try:
                listener(signal)
            except Exception as error:  # noqa: BLE001 - one listener must not stop the others
                self._log.error("signal.listener_failed", signal=type(signal).__name__, exc_info=error)

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Set the loop in which listeners are called by `send_threadsafe`."""
        self._loop = loop

    def send_threadsafe(self, signal: NamedTuple) -> None:
        """Send from another thread; before `bind` nobody listens, and nothing is sent."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.send, signal)
