"""A real bridge without its monitoring, for benches/monitoring.py only.

    python benches/unmonitored.py COMMAND bridge --home HOME --port 0

The components that only measure wait for ever, the table of metrics is not loaded, and counting does nothing.
`/status` therefore says that nothing was sent. The shipped code has no such switch: what counts is what
`/status` and health are made of.
"""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType
from typing import Any

# The components that only measure, by module.
ONLY_MEASURE = {
    "cctelegram.daemon.monitoring": "Monitoring",
    "cctelegram.daemon.directories": "Directories",
    "cctelegram.daemon.sessions": "Sessions",
    "cctelegram.daemon.alerts": "Alerts",
}


class Nothing:
    """Stands for each row of the table of metrics, and for what it has."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _: object) -> Any:
        return self

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0


class NoTable(ModuleType):
    """Stands for the module of the table."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()


def switch_off() -> None:
    sys.modules["cctelegram.monitor.catalogue"] = NoTable("cctelegram.monitor.catalogue")
    sys.modules["cctelegram.monitor.exposition"] = NoTable("cctelegram.monitor.exposition")
    from cctelegram.monitor import values  # noqa: PLC0415 - after the stand-ins

    class Uncounted(values.Metrics):
        """Counts nothing."""

        def add(self, *_: Any) -> None: ...
        def set(self, *_: Any) -> None: ...
        def begin(self, *_: Any) -> None: ...
        def replace(self, *_: Any) -> None: ...
        def observe(self, *_: Any) -> None: ...
        def merge(self, *_: Any) -> None: ...

    values.Metrics = Uncounted  # type: ignore[misc]
    from cctelegram.runtime.component import Component  # noqa: PLC0415 - as above

    class Idle(Component):
        """Waits for ever."""

        name = "not monitoring"

        def __init__(self, context: Any, *_: Any) -> None:
            super().__init__(context)

        async def _work(self) -> None:
            await asyncio.Event().wait()

    for module, name in ONLY_MEASURE.items():
        stand_in = ModuleType(module)
        setattr(stand_in, name, Idle)
        sys.modules[module] = stand_in


if __name__ == "__main__":
    switch_off()
    from cctelegram.cli import main

    sys.argv = sys.argv[1:]
    raise SystemExit(main())
