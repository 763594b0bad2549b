"""A component: a part of the bridge with one life cycle."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from cctelegram.runtime.wake import Wake

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.monitor.values import Metrics
    from cctelegram.runtime.context import Context
    from cctelegram.runtime.problem import Problem


class Component(ABC):
    """One of the bridge's list of parts; start, status, problems and stop are loops over that list.

    A component holds no state that is not in the store or can be read again: `run` starts by reading the
    store, and can be restarted after any failure.

    Attributes:
        name: names it in the log and in problems; a phrase such as "writing answers".
        wakes_on: the signals that wake it.
    """

    name: ClassVar[str]
    wakes_on: ClassVar[tuple[type, ...]] = ()

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._log = context.log
        self._signals = context.signals
        self._wake = Wake()

    async def run(self) -> None:
        """Work and listen to signals until cancelled; the supervisor restarts it after an exception."""
        with self._signals.listening(self._listeners()):
            await self._work()

    def problems(self) -> list[Problem]:
        """Return what keeps it from its work now, and what to do."""
        return []

    @property
    def failing(self) -> bool:
        """Whether its problem stops delivery: `/health` then reports "failing", not "degraded"."""
        return False

    def status(self) -> dict[str, Any]:
        """Return its counts and measurements, as keys of `/status`."""
        return {}

    def measure(self, metrics: Metrics) -> None:  # noqa: B027 - most components set nothing
        """Set the gauges of this component, and the totals that it counts itself, as they are now."""

    @abstractmethod
    async def _work(self) -> None:
        """Do the work, until cancelled."""

    def _listeners(self) -> dict[type, Callable[[Any], None]]:
        """Return the listener for each signal; by default, each of `wakes_on` wakes the component."""
        return dict.fromkeys(self.wakes_on, self._wake.set)
