"""Wait until everything deliverable is delivered: the end of `bridge --once`."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cctelegram.daemon import status
from cctelegram.store import deliveries

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection

    from cctelegram.daemon.telegram import TelegramConnection
    from cctelegram.intake.intake import Intake
    from cctelegram.store.database import Store

# Poll interval, in seconds.
INTERVAL: Final = 0.05


async def drained(
    store: Store,
    intake: Intake,
    telegram: TelegramConnection,
    stuck: Callable[[], str | None],
    stop: asyncio.Event,
) -> str:
    """Wait until spool and queue are empty; return a description of what cannot be delivered.

    Args:
        stuck: returns the problem that stops all sending until a person fixes it, as a sentence, or None.
        stop: ends the wait.
    """
    while not stop.is_set():
        stored, queued = await store.read(partial(_undelivered, dead=telegram.dead_chats))
        files, why = intake.waiting(), stuck()
        if not files and (why or not queued):
            counts = {**stored["deliveries"], "queued": sum(stored["queue"].values())}
            counts.pop("dropped", None)  # dropped by a rule, as configured
            text = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
            return f"{text} ({why})" if text and why else text
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(INTERVAL):
                await stop.wait()
    return "stopped before everything was delivered"


def _undelivered(connection: sqlite3.Connection, dead: Collection[int]) -> tuple[dict[str, Any], int]:
    """Return the figures of the store and the number of pending deliveries, from one read."""
    return status.from_store(connection), deliveries.count_pending(connection, dead)
