"""The last check before a send: hold what was queued before the mode or quiet hours that now hold it."""

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
    """Return whether `stop` can hold anything now; if not, the store need not be asked."""
    return standing.mode == MUTED or standing.quiet is not None


def stop(connection: sqlite3.Connection, standing: PolicyState, waiting: Waiting) -> bool:
    """Hold the next delivery if it may not be sent now; return whether it was held.

    A delivery that an operator ordered to be sent is not held.
    """
    severity = None if waiting.event is None else intake.severity(connection, waiting.event)
    reason = stops(standing, waiting.lane, severity, silent=bool(waiting.silent))
    if reason is None or orders.is_ordered(connection, waiting.delivery):
        return False
    deliveries.hold(connection, waiting.delivery, reason)
    return True
