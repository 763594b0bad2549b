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
from cctelegram.monitor import catalogue, memory
from cctelegram.runtime.problem import Problem
from cctelegram.store import deliveries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cctelegram.config.live import Live
    from cctelegram.daemon.counters import Counters
    from cctelegram.monitor.values import Metrics
    from cctelegram.runtime.component import Component
    from cctelegram.runtime.context import Context
    from cctelegram.store.database import Store

# The longest wait of the status for the store, in seconds.
PATIENCE: Final = 2.0
# The components of problems that no component has.
STORE: Final = "the store"
SETTINGS: Final = "the settings"
SLOW: Final = (
    "See whether the disk that holds the home is full, slow or failing; if it lasts, restart the bridge. "
    "Event files wait meanwhile."
)
CORRECT: Final = "Correct it, and see `cctelegram config check`; the previous settings stay in force."
VARIABLE: Final = "Correct or remove the variable where the bridge is started."


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
        self.components = components
        self._started = time.monotonic()
        self.ready = False

    def problems(self) -> list[tuple[str, Problem]]:
        """Return the problems of all components, each with the name of its component."""
        live, store = self._context.live, self._context.store
        found = [(STORE, Problem(store.problem, SLOW))] if store.problem is not None else []
        found += [(each.name, problem) for each in self.components for problem in each.problems()]
        if live.refused is not None:
            found.append((SETTINGS, Problem(f"the changed settings are rejected: {live.refused}", CORRECT)))
        found += [(SETTINGS, _warning(each)) for each in live.loaded.warnings]
        return [*found, *self._context.supervisor.problems.items()]

    def measure(self, metrics: Metrics, *, silent: bool) -> None:
        """Set the state of health; `silent`: the store has just not answered."""
        health, _ = self._health("the store does not answer" if silent else None)
        metrics.replace(
            catalogue.HEALTH, {(state,): int(state == health) for state in catalogue.HEALTH.labels[0].values}
        )

    def _health(self, silent: str | None) -> tuple[str, list[tuple[str, Problem]]]:
        """Return the state of health, and the problems; `silent` is why the store has just not answered.

        It is judged by what is wrong now, not by counts: an error that is over is no problem.
        """
        problem = self._context.store.problem
        problems = self.problems()
        if silent and problem is None:
            problems.append((STORE, Problem(silent, SLOW)))
        failing = silent or problem or any(each.failing for each in self.components)
        return "failing" if failing else "degraded" if problems else "ok", problems

    async def status(self) -> dict[str, Any]:
        """Return the content of `/status`; every figure is counted or measured at the call."""
        stored, silent = await _asked(self._context.store, from_store)
        return self._told(silent) | (stored or {"queue": {}, "deliveries": {}, "decisions": {}})

    async def uncounted(self) -> dict[str, Any]:
        """Return the content of `/status` without what is counted in the store."""
        _, silent = await _asked(self._context.store, _answers)
        return self._told(silent)

    async def health(self) -> dict[str, Any]:
        """Return `health`, `reasons` and `problems` as in `/status`, without counting anything."""
        _, silent = await _asked(self._context.store, _answers)
        return self._shown(silent)

    def _shown(self, silent: str | None) -> dict[str, Any]:
        health, problems = self._health(silent)
        return {
            "health": health,
            "reasons": [problem.reason for _, problem in problems],
            "problems": [
                {"component": component, "reason": problem.reason, "action": problem.action}
                for component, problem in problems
            ],
        }

    def _told(self, silent: str | None) -> dict[str, Any]:
        parts = {key: value for each in self.components for key, value in each.status().items()}
        return {
            "running": True,
            "ready": self.ready,
            **self._shown(silent),
            "version": version(),
            "home": str(self._context.home),
            **from_process(self._figures, self._started),
            "config": from_settings(self._context.live),
            **parts,
        }


def _warning(sentence: str) -> Problem:
    """Return the problem of a warning of the settings; that of a file's mode says what to do."""
    return Problem(sentence, VARIABLE if sentence.startswith("environment: ") else None)


async def _asked(
    store: Store, work: Callable[[sqlite3.Connection], dict[str, Any]]
) -> tuple[dict[str, Any] | None, str | None]:
    """Read from the store; when it does not answer, return None and the reason."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await store.read(work), None
    except TimeoutError:
        reason = f"the store has not answered for {PATIENCE:.0f} s"
    except sqlite3.Error as error:
        reason = f"the store does not answer: {error}"
    return None, reason


def _answers(connection: sqlite3.Connection) -> dict[str, Any]:
    connection.execute("SELECT 1 FROM facts LIMIT 1").fetchone()
    return {}


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
        "sent": figures.sent,
        "failures": figures.failures,
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
