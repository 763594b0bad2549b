"""What the bridge says of itself: measured, counted, or not said."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from typing import TYPE_CHECKING, Any, Final

from cctelegram import version
from cctelegram.config.rules import LANES
from cctelegram.decisions import ledger
from cctelegram.monitor import memory
from cctelegram.store import deliveries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cctelegram.config.live import Live
    from cctelegram.daemon.counters import Counters
    from cctelegram.runtime.component import Component
    from cctelegram.runtime.context import Context
    from cctelegram.store.database import Store

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


class Overview:
    """What all components say together.

    Args:
        components: those whose problems and status count; one that is added later counts too.
    """

    def __init__(self, context: Context, figures: Counters, components: Sequence[Component]) -> None:
        self._context = context
        self._figures = figures
        self._components = components
        self._started = time.monotonic()
        self.ready = False

    def problems(self) -> list[str]:
        """Return what keeps the bridge from its whole work, each in a sentence; empty when nothing does."""
        live, store = self._context.live, self._context.store
        found = [problem for component in self._components for problem in component.problems()]
        if store.problem is not None:
            found.append(store.problem)
        if live.refused is not None:
            found.append(f"the changed settings are refused: {live.refused}")
        return [*found, *live.loaded.warnings, *self._context.supervisor.problems]

    async def status(self) -> dict[str, Any]:
        """Return what /status says; every figure was counted or measured just now."""
        stored, silent = await _stored(self._context.store)
        problem = self._context.store.problem
        reasons = [*self.problems(), *([silent] if silent and problem is None else [])]
        failing = silent or problem or any(each.failing for each in self._components)
        parts = {key: value for each in self._components for key, value in each.status().items()}
        return {
            "running": True,
            "ready": self.ready,
            "health": "failing" if failing else "degraded" if reasons else "ok",
            "reasons": reasons,
            "version": version(),
            "home": str(self._context.home),
            **from_process(self._figures, self._started),
            "config": from_settings(self._context.live),
            **stored,
            **parts,
        }


async def _stored(store: Store) -> tuple[dict[str, Any], str | None]:
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


def from_process(figures: Counters, started: float) -> dict[str, Any]:
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
