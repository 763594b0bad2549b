"""The last look before a message leaves: what was queued before the mode or the hours that keep it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.bridge.judge import MUTED, stops
from cctelegram.outbox import deliveries, intake, orders

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.bridge.judge import Standing
    from cctelegram.outbox.deliveries import Waiting


def may_stop(standing: Standing) -> bool:
    """Whether `stop` can stop anything now; if not, there is no need to ask the store."""
    return standing.mode == MUTED or standing.quiet is not None


def stop(connection: sqlite3.Connection, standing: Standing, waiting: Waiting) -> bool:
    """Hold a delivery whose turn it is, if it may not go now; returns whether it was held.

    What an operator ordered to be sent goes.
    """
    severity = None if waiting.event is None else intake.severity(connection, waiting.event)
    reason = stops(standing, waiting.lane, severity, silent=bool(waiting.silent))
    if reason is None or orders.is_ordered(connection, waiting.delivery):
        return False
    deliveries.hold(connection, waiting.delivery, reason)
    return True
