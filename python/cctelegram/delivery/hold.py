"""The last check before a send: hold what was queued before the mode or quiet hours that now hold it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cctelegram.policy.judge import LOCAL, MUTED, QUIET, RULE_DIGEST, hold_reason
from cctelegram.store import deliveries, intake, operator_actions

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.policy.judge import PolicyState
    from cctelegram.store.deliveries import Waiting

# A word for each reason in the store: what holds a delivery.
HELD_BY: Final = {
    MUTED: "muted",
    LOCAL: "local",
    QUIET: "quiet hours",
    RULE_DIGEST: "rule",
    intake.NO_USERS: "user",
}


def may_hold(policy: PolicyState) -> bool:
    """Return whether `hold` can hold anything now; if not, the store need not be asked."""
    return policy.mode == MUTED or policy.quiet is not None


def hold(connection: sqlite3.Connection, policy: PolicyState, waiting: Waiting) -> str | None:
    """Hold the next delivery if it may not be sent now; return the reason, None when it was not held.

    A delivery that an operator ordered to be sent is not held.
    """
    severity = None if waiting.event is None else intake.severity(connection, waiting.event)
    reason = hold_reason(policy, waiting.lane, severity, silent=bool(waiting.silent))
    if reason is None or operator_actions.is_ordered(connection, waiting.delivery):
        return None
    deliveries.hold(connection, waiting.delivery, reason)
    return reason
