"""What the bridge says of itself: measured, counted, or not said."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from typing import TYPE_CHECKING, Any, Final

from cctelegram.config.rules import LANES
from cctelegram.decisions import ledger
from cctelegram.monitor import memory
from cctelegram.outbox import deliveries

if TYPE_CHECKING:
    from cctelegram.bridge.figures import Figures
    from cctelegram.config.live import Live
    from cctelegram.outbox.store import Store

# The status waits no longer than this for the store, in seconds.
PATIENCE: Final = 2.0


def from_store(connection: sqlite3.Connection) -> dict[str, Any]:
    """Read what the store knows: the queue by lane, deliveries that need a look, decisions."""
    queue = deliveries.queue_by_lane(connection)
    states = deliveries.count_states(connection)
    return {
        "queue": {lane: queue.get(number, 0) for number, lane in enumerate(LANES)},
        "deliveries": states,
        "decisions": ledger.counts(connection),
    }


async def stored(store: Store) -> tuple[dict[str, Any], str | None]:
    """Ask the store what `from_store` says; when it does not answer, nothing, and the reason."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await store.read(from_store), None
    except TimeoutError:
        reason = f"the store has not answered for {PATIENCE:.0f} s"
    except sqlite3.Error as error:
        reason = f"the store does not answer: {error}"
    return {"queue": {}, "deliveries": {}, "decisions": {}}, reason


def from_settings(live: Live) -> dict[str, Any]:
    """Read how the settings were read, and which of them wait for a restart."""
    waiting = [
        {"key": each.key, "in_force": each.in_force, "written": each.written, "origin": each.origin}
        for each in live.restart
    ]
    return {**live.figures(), "problem": live.refused, "restart": waiting}


def from_process(figures: Figures, started: float) -> dict[str, Any]:
    """Read what this process knows: since when it runs, its memory, what it delivered."""
    delivery: dict[str, Any] = {
        "accepted": figures.accepted,
        "rejected": figures.rejected,
        "sent": sum(figures.sent.values()),
        "failures": dict(figures.failures),
        "strangers": figures.strangers,
    }
    seconds = figures.delivery_seconds()
    if seconds is not None:
        delivery["seconds"] = seconds
    return {
        "pid": os.getpid(),
        "uptime_seconds": round(time.monotonic() - started, 3),
        "memory": {"rss_bytes": memory.resident()},
        "last_event": figures.last_event,
        "delivery": delivery,
    }
