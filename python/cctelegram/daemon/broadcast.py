"""Events for the clients of /events: what happens, and all figures each few seconds while one listens."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

from cctelegram.events.lane import LANES
from cctelegram.runtime.component import Component
from cctelegram.runtime.signals import (
    AlertChanged,
    ChatReachable,
    ChatUnreachable,
    DecisionClosed,
    DecisionOpened,
    DeliveryHeld,
    EventsStored,
    MessageSent,
    SendFailed,
    SettingsChanged,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.daemon.dashboard import Dashboard
    from cctelegram.runtime.context import Context
    from cctelegram.web.stream import Streams

# Seconds between two samples while somebody listens, and the least where clients come one after the other.
EVERY: Final = 3.0
LEAST: Final = 0.25
Told = tuple[str, dict[str, Any]]


class Broadcast(Component):
    """Publishes signals as they come, and samples while there are clients."""

    name = "the live events"

    def __init__(self, context: Context, streams: Streams, reports: Callable[[], Dashboard]) -> None:
        super().__init__(context)
        self._streams = streams
        self._reports = reports
        self._health: tuple[str, list[Any]] | None = None

    def _listeners(self) -> dict[type, Callable[[Any], None]]:
        kinds: dict[type, Callable[[Any], Told]] = {
            EventsStored: _stored,
            MessageSent: _sent,
            SendFailed: lambda failed: ("failed", {"classification": failed.classification}),
            DeliveryHeld: lambda _: ("held", {}),
            DecisionOpened: lambda _: ("decision", {"change": "opened"}),
            DecisionClosed: lambda _: ("decision", {"change": "closed"}),
            ChatUnreachable: lambda chat: ("chat", {"chat_id": chat.chat_id, "reason": chat.reason}),
            ChatReachable: lambda chat: ("chat", {"chat_id": chat.chat_id, "reason": None}),
            AlertChanged: lambda alert: ("alert", {"rule": alert.rule, "fires": alert.fires}),
            SettingsChanged: lambda _: ("settings", {"refused": self._context.live.refused}),
        }
        return {kind: self._publishing(told) for kind, told in kinds.items()}

    def _publishing(self, told: Callable[[Any], Told]) -> Callable[[Any], None]:
        return lambda signal: self._streams.publish(*told(signal))

    async def _work(self) -> None:
        joined = self._streams.joined
        while True:
            if not self._streams.count:
                await joined.wait()
            joined.clear()
            await self._sample()
            await asyncio.sleep(LEAST)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY - LEAST):
                    await joined.wait()

    async def _sample(self) -> None:
        told = await self._reports().overview()
        health = (told["health"]["state"], told["health"]["problems"])
        if health != self._health:
            self._health = health
            self._streams.publish("health", told["health"])
        self._streams.publish("sample", told, kept=False)


def _stored(stored: EventsStored) -> Told:
    return "stored", {"accepted": stored.accepted, "rejected": stored.rejected, "last": stored.last}


def _sent(sent: MessageSent) -> Told:
    seconds = None if sent.occurred_at is None else max(0, sent.at - sent.occurred_at) / 1_000_000
    return "sent", {"lane": LANES[sent.lane], "complete": sent.complete, "seconds": seconds}
