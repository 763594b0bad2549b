"""The context: the objects that all components share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cctelegram.monitor.values import Metrics

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.config.live import Live
    from cctelegram.config.settings import Settings
    from cctelegram.runtime.signals import Signals
    from cctelegram.runtime.supervisor import Supervisor
    from cctelegram.store.database import Store


@dataclass(frozen=True, slots=True)
class Context:
    """The shared objects of a bridge, created once at assembly, frozen.

    Attributes:
        home: the directory of this bridge.
        store: the database; `run` writes, `read` reads beside it.
        live: the settings, reloaded when their files change.
        log: a structlog logger.
        signals: the bus of typed messages between components.
        supervisor: restarts failed components, and collects their failures as problems.
        metrics: the values of all metrics; the event loop's thread writes them.
        large_event: held while an event of up to 1 MB is in memory, so that there is one at a time.
    """

    home: Path
    store: Store
    live: Live
    log: Any
    signals: Signals
    supervisor: Supervisor
    metrics: Metrics = field(default_factory=Metrics)
    large_event: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def settings(self) -> Settings:
        """The settings in force now."""
        return self.live.current
