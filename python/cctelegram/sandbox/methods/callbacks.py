"""`answerCallbackQuery`: the answers to taps."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cctelegram.sandbox.parameters import QUERY_TOO_OLD
from cctelegram.sandbox.refused import bad

if TYPE_CHECKING:
    from cctelegram.sandbox.methods.kind import Parameters
    from cctelegram.sandbox.state import State

ANSWER_LIMIT = 200


async def answer_callback_query(state: State, params: Parameters) -> bool:
    """Answer a tap, with a text of up to 200 characters; once, and soon after the tap."""
    query = state.queries.get(params["callback_query_id"])
    late = query is not None and time.monotonic() - query.at > state.callback_seconds
    if query is None or late or query.answer is not None:
        raise bad(QUERY_TOO_OLD)
    if len(params.get("text", "")) > ANSWER_LIMIT:
        raise bad("MESSAGE_TOO_LONG")
    if params.get("url"):
        raise bad("URL_INVALID")  # only for games and links to the bot itself
    query.answer = {key: value for key, value in params.items() if key != "callback_query_id"}
    query.revision = state.changes.add()
    return True
