"""The status of the bridge; every figure is measured or counted."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from typing import TYPE_CHECKING, Any, Final

from cctelegram import version
from cctelegram.decisions import ledger
from cctelegram.events.lane import LANES
from cctelegram.monitor import memory
from cctelegram.store import deliveries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cctelegram.config.live import Live
    from cctelegram.daemon.counters import Counters
    from cctelegram.runtime.component import Component
    from cctelegram.runtime.context import Context
    from cctelegram.store.database import Store

# The longest wait of the status for the store, in seconds.
PATIENCE: Final = 2.0


def from_store(connection: sqlite3.Connection) -> dict[str, Any]:
    """Read the figures of the store: queue by lane, deliveries by state, decisions by state."""
    queue = deliveries.queue_by_lane(connection)
    states = deliveries.count_states(connection)
    return {
        "queue": {lane: queue.get(number, 0) for number, lane in enumerate(LANES)},
        "deliveries": states,
        "decisions": ledger.counts(connection),
    }


class Overview:
    """The status and problems of all components.

    Args:
        components: the source of problems and status; components added later are included.
    """

    def __init__(self, context: Context, figures: Counters, components: Sequence[Component]) -> None:
        self._context = context
        self._figures = figures
        self._components = components
        self._started = time.monotonic()
        self.ready = False

    def problems(self) -> list[str]:
        """Return the problems of all components, each as a sentence; empty when there are none."""
        live, store = self._context.live, self._context.store
        found = [problem for component in self._components for problem in component.problems()]
        if store.problem is not None:
            found.append(store.problem)
        if live.refused is not None:
            found.append(f"the changed settings are rejected: {live.refused}")
        return [*found, *live.loaded.warnings, *self._context.supervisor.problems]

    async def status(self) -> dict[str, Any]:
        """Return the content of `/status`; every figure is counted or measured at the call."""
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
    """Read `from_store`; when the store does not answer, return empty figures and the reason."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await store.read(from_store), None
    except TimeoutError:
        reason = f"the store has not answered for {PATIENCE:.0f} s"
    except sqlite3.Error as error:
        reason = f"the store does not answer: {error}"
    return {"queue": {}, "deliveries": {}, "decisions": {}}, reason


def from_settings(live: Live) -> dict[str, Any]:
    """Return the state of the settings, and which changes wait for a restart."""
    waiting = [
        {"key": each.key, "in_force": each.in_force, "written": each.written, "origin": each.origin}
        for each in live.restart
    ]
    return {**live.figures(), "problem": live.refused, "restart": waiting}


def from_process(figures: Counters, started: float) -> dict[str, Any]:
    """Return the figures of this process: uptime, memory, deliveries."""
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
