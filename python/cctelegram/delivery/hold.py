"""The last check before a send: hold what was queued before the mode or quiet hours that now hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.policy.judge import MUTED, hold_reason
from cctelegram.store import deliveries, intake, operator_actions

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.policy.judge import PolicyState
    from cctelegram.store.deliveries import Waiting


def may_hold(policy: PolicyState) -> bool:
    """Return whether `hold` can hold anything now; if not, the store need not be asked."""
    return policy.mode == MUTED or policy.quiet is not None


def hold(connection: sqlite3.Connection, policy: PolicyState, waiting: Waiting) -> bool:
    """Hold the next delivery if it may not be sent now; return whether it was held.

    A delivery that an operator ordered to be sent is not held.
    """
    severity = None if waiting.event is None else intake.severity(connection, waiting.event)
    reason = hold_reason(policy, waiting.lane, severity, silent=bool(waiting.silent))
    if reason is None or operator_actions.is_ordered(connection, waiting.delivery):
        return False
    deliveries.hold(connection, waiting.delivery, reason)
    return True
