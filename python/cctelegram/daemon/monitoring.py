"""The monitoring of a bridge: a timer that measures the event loop, and samples of all metrics."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from cctelegram.daemon import measurements
from cctelegram.monitor import budgets, catalogue
from cctelegram.monitor.process import Process
from cctelegram.runtime import clock
from cctelegram.runtime.component import Component
from cctelegram.runtime.signals import Sampled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cctelegram.daemon.status import Overview
    from cctelegram.monitor.values import Metrics
    from cctelegram.monitor.window import Windows
    from cctelegram.runtime.context import Context

# Seconds between two measurements of the event loop.
TICK: Final = 1.0
# Seconds of a step of the wall clock, in each of which one sample is taken that nobody asked for.
SAMPLE: Final = 10


class Monitoring(Component):
    """Samples what the components and the process measure.

    Args:
        components: all of the bridge; those added later are included.
        overview: their health.
        windows: what was observed lately; the use of the budgets is taken from it.
    """

    name = "monitoring"

    def __init__(
        self, context: Context, components: Sequence[Component], overview: Overview, windows: Windows
    ) -> None:
        super().__init__(context)
        self._components = components
        self._overview = overview
        self._windows = windows
        self._process = Process(context.metrics)

    def status(self) -> dict[str, Any]:
        """Return the use of each budget."""
        return {"budgets": budgets.report(self._windows, self._context.settings.budgets, _now())}

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        lags: list[float] = []
        sampled = -1
        while True:
            step = int(clock.wall() // 1_000_000 // SAMPLE)
            if step != sampled:
                sampled = step
                await self.sample()
                self._signals.send(Sampled(clock.wall() / 1_000_000, clock.monotonic(), tuple(lags)))
                lags.clear()
            due = loop.time() + TICK
            await asyncio.sleep(TICK)
            lag = max(0.0, loop.time() - due)
            lags.append(lag)
            self._context.metrics.observe(catalogue.LOOP_LAG, lag)

    async def sample(self) -> Metrics:
        """Measure everything now, and return it."""
        metrics, began = self._context.metrics, time.perf_counter()
        self._process.measure()
        metrics.set(catalogue.TASKS, len(asyncio.all_tasks()))
        for component in self._components:
            component.measure(metrics)
        metrics.set(catalogue.FAILING, len(self._context.supervisor.problems))
        answered = await measurements.of_store(self._store, metrics)
        self._overview.measure(metrics, silent=not answered)
        metrics.set(catalogue.SCRAPE, time.perf_counter() - began)
        budgets.measure(self._windows, self._context.settings.budgets, _now())
        return metrics


def _now() -> float:
    return clock.wall() / 1_000_000
