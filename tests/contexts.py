"""A context with a real store and real settings, for tests of a component without a bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from cctelegram.config.live import Live
from cctelegram.runtime.context import Context
from cctelegram.runtime.signals import Signals
from cctelegram.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cctelegram.store.database import Store


def context(home: Path, store: Store, environ: Mapping[str, str] | None = None, log: Any = None) -> Context:
    """Make one; the settings are those of the home and of `environ`."""
    log = structlog.get_logger() if log is None else log
    return Context(home, store, Live(str(home), environ or {}, {}), log, Signals(log), Supervisor(log))
