"""`getUpdates`: long polling."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cctelegram.sandbox.refused import OTHER_POLL, OTHER_WEBHOOK, Refused

if TYPE_CHECKING:
    from cctelegram.sandbox.methods.kind import Parameters
    from cctelegram.sandbox.state import State

LONGEST_POLL = 50.0


async def get_updates(state: State, params: Parameters) -> list[dict[str, Any]]:
    """Return updates from `offset` on, as soon as there are any; an older poll still waiting gets a 409."""
    if state.webhook is not None:
        raise Refused(409, OTHER_WEBHOOK)
    state.polls += 1
    mine = state.polls
    # Wakes an older poll, which then sees that it is superseded.
    revision = state.changes.add()
    if "allowed_updates" in params:
        state.updates.allowed = frozenset(params["allowed_updates"])
    state.updates.confirm(params.get("offset", 0))
    limit = max(1, min(100, params.get("limit", 100)))
    until = time.monotonic() + max(0.0, min(LONGEST_POLL, params.get("timeout", 0)))
    while not state.updates.pending and not state.changes.closed:
        left = until - time.monotonic()
        if left <= 0:
            break
        revision = await state.changes.wait(revision, left)
        if state.webhook is not None:
            raise Refused(409, "Conflict: terminated by setWebhook request")
        if state.polls != mine:
            raise Refused(409, OTHER_POLL)
    return state.updates.pending[:limit]
