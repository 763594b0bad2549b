"""A context with a real store and real settings, and an inbox, for tests of a component without a bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from cctelegram.config.live import Live
from cctelegram.config.load import load
from cctelegram.runtime.context import Context
from cctelegram.runtime.signals import Signals
from cctelegram.runtime.supervisor import Supervisor
from cctelegram.spool.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cctelegram.store.database import Store


def context(home: Path, store: Store, environ: Mapping[str, str] | None = None, log: Any = None) -> Context:
    """Make one; the settings are those of the home and of `environ`."""
    log = structlog.get_logger() if log is None else log
    return Context(home, store, Live(str(home), environ or {}, {}), log, Signals(log), Supervisor(log))


def open_inbox(home: Path, **changed: Any) -> Inbox:
    """Open the inbox of a home with default settings, but for those of the spool that are `changed`."""
    spool = load(str(home), {}, {}).settings.spool
    return Inbox(msgspec.structs.replace(spool, **changed), str(home / "rejected"))
