"""What every component is given."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.config.live import Live
    from cctelegram.config.settings import Settings
    from cctelegram.runtime.signals import Signals
    from cctelegram.runtime.supervisor import Supervisor
    from cctelegram.store.database import Store


@dataclass(frozen=True, slots=True)
class Context:
    """Made once, when the bridge is assembled, and never changed.

    Attributes:
        home: the directory of this bridge.
        store: the database; `run` writes, `read` reads beside it.
        live: the settings, read again when their files change.
        log: a structlog logger.
        signals: what happened, from one component to others.
        supervisor: restarts components, and collects what keeps them from their work.
        large_event: held while an event of up to a megabyte is in memory, so that it is one at a time.
    """

    home: Path
    store: Store
    live: Live
    log: Any
    signals: Signals
    supervisor: Supervisor
    large_event: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def settings(self) -> Settings:
        """The settings in force now."""
        return self.live.current
