"""Taps on the buttons of cards: genuine or not, first or late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cctelegram import render
from cctelegram.decisions import close, codes, ledger, outcomes
from cctelegram.store import intake

if TYPE_CHECKING:
    import sqlite3
    from datetime import tzinfo

# answerCallbackQuery.text: 0-200 characters (Bot API).
MAX_TEXT: Final = 200

NOT_OURS: Final = "This button does not belong to a question of this bridge."


class Reply(NamedTuple):
    """The immediate reply to the tap; the decision and its event if the tap closed it."""

    text: str
    closed: ledger.Decision | None = None
    event: intake.Head | None = None


def handle_tap(
    connection: sqlite3.Connection, bot: int, key: bytes, query: dict[str, Any], now: int, zone: tzinfo
) -> Reply:
    """Record an allowed user's callback query in the ledger, inside the caller's transaction.

    The button must carry our MAC for this chat, in a message that is a card of its decision: a copied or
    replayed one has no effect.
    """
    message = query.get("message")
    if not isinstance(message, dict) or "chat" not in message:
        return Reply(NOT_OURS)
    chat_id, message_id = int(message["chat"]["id"]), int(message["message_id"])
    button = codes.read(key, str(query.get("data", "")), chat_id)
    decision = None if button is None else ledger.by_code(connection, button.code)
    if button is None or decision is None or button.option >= len(decision.options):
        return Reply(NOT_OURS)
    if ledger.card_at(connection, bot, decision.id, chat_id, message_id, now) is None:
        return Reply(NOT_OURS)
    person = query["from"]
    responder = ledger.Responder(
        int(person["id"]), person.get("username"), person.get("first_name"), chat_id, message_id
    )
    closed = close.answer(connection, decision, responder, now, option=button.option)
    if closed is None:
        return Reply(_late(ledger.by_id(connection, decision.id) or decision, zone))
    event = intake.event_head(connection, closed.event)
    if closed.state != "answered":
        return Reply(_late(closed, zone), closed, event)
    return Reply(render.labels(closed.options)[button.option][:MAX_TEXT], closed, event)


def _late(decision: ledger.Decision, zone: tzinfo) -> str:
    line = outcomes.line(decision, zone, render.labels(decision.options))
    return render.visible(f"Already closed: {line}")[:MAX_TEXT]
