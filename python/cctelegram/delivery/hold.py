"""The last look before a message leaves: what was queued before the mode or the hours that keep it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.policy.judge import MUTED, stops
from cctelegram.store import deliveries, intake
from cctelegram.store import operator_actions as orders

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.policy.judge import PolicyState
    from cctelegram.store.deliveries import Waiting


def may_stop(standing: PolicyState) -> bool:
    """Whether `stop` can stop anything now; if not, there is no need to ask the store."""
    return standing.mode == MUTED or standing.quiet is not None


def stop(connection: sqlite3.Connection, standing: PolicyState, waiting: Waiting) -> bool:
    """Hold a delivery whose turn it is, if it may not go now; returns whether it was held.

    What an operator ordered to be sent goes.
    """
    severity = None if waiting.event is None else intake.severity(connection, waiting.event)
    reason = stops(standing, waiting.lane, severity, silent=bool(waiting.silent))
    if reason is None or orders.is_ordered(connection, waiting.delivery):
        return False
    deliveries.hold(connection, waiting.delivery, reason)
    return True
