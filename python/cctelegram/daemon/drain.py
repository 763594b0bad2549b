"""Waiting until all that can be delivered is: what `bridge --once` ends with."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cctelegram.daemon import overview
from cctelegram.store import deliveries

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection

    from cctelegram.daemon.telegram import TelegramConnection
    from cctelegram.intake.intake import Intake
    from cctelegram.store.database import Store

# How often to look, in seconds.
LOOK: Final = 0.05


async def drained(
    store: Store,
    intake: Intake,
    link: TelegramConnection,
    stuck: Callable[[], str | None],
    stop: asyncio.Event,
) -> str:
    """Wait until nothing waits in the spool and the queue; give what cannot be delivered, in words.

    Args:
        stuck: gives why nothing is sent until a person mends it, in a sentence, or None.
        stop: ends the wait.
    """
    while not stop.is_set():
        stored, queued = await store.read(partial(_left, dead=link.dead_chats))
        files, why = intake.waiting(), stuck()
        if not files and (why or not queued):
            left = {**stored["deliveries"], "queued": sum(stored["queue"].values())}
            left.pop("dropped", None)  # as a rule wants it
            words = ", ".join(f"{count} {state}" for state, count in left.items() if count)
            return f"{words} ({why})" if words and why else words
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await stop.wait()
    return "stopped before all was delivered"


def _left(connection: sqlite3.Connection, dead: Collection[int]) -> tuple[dict[str, Any], int]:
    """Give what the store knows, and how many deliveries are on their way, at one moment."""
    return overview.from_store(connection), deliveries.on_their_way(connection, dead)
