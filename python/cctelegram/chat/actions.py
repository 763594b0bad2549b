"""Taps on buttons of `data.actions` that are no links: each is an answer of kind `command`."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from cctelegram import render
from cctelegram.chat.taps import MAX_TEXT, NOT_OURS
from cctelegram.decisions import codes
from cctelegram.decisions.close import new_id
from cctelegram.events.event import from_row
from cctelegram.spool import responses
from cctelegram.store import answers, intake
from cctelegram.times.instant import rfc3339

if TYPE_CHECKING:
    import sqlite3

REMOVED: Final = "The event of this button was removed: the tap has no effect."


class Reply(NamedTuple):
    """The immediate reply to the tap; the event of the button if an answer was stored."""

    text: str
    answered: intake.Head | None = None


def is_tap(query: dict[str, Any]) -> bool:
    """Return whether a callback query comes from such a button."""
    return codes.read_action(str(query.get("data", ""))) is not None


def handle_tap(connection: sqlite3.Connection, key: bytes, query: dict[str, Any], now: int) -> Reply:
    """Store the answer for an allowed user's tap, inside the caller's transaction; `now` in us."""
    message = query.get("message")
    tapped = codes.read_action(str(query.get("data", "")))
    if tapped is None or not isinstance(message, dict) or "chat" not in message:
        return Reply(NOT_OURS)
    try:
        event = from_row(intake.event_row(connection, tapped.event))
    except KeyError:
        return Reply(REMOVED)
    chat_id, person = int(message["chat"]["id"]), query["from"]
    button = next((one for one in render.buttons(event) if one.position == tapped.position), None)
    if button is None or button.action is None or not codes.is_genuine(key, tapped, event.event_id, chat_id):
        return Reply(NOT_OURS)
    content = {
        "id": new_id(),
        "kind": "command",
        "event_id": event.event_id,
        "task_id": event.task_id,
        "correlation_id": event.correlation_id,
        "traceparent": event.traceparent,
        "action": button.action,
        "option": event.data["actions"][tapped.position]["text"],
        "option_index": tapped.position,
        "user_id": int(person["id"]),
        "username": person.get("username"),
        "first_name": person.get("first_name"),
        "chat_id": chat_id,
        "message_id": int(message["message_id"]),
        "timestamp": rfc3339(now),
    }
    content = {name: value for name, value in content.items() if value is not None}
    name = responses.name(event.event_id, now, secrets.randbits(32))
    answers.add(connection, "command", tapped.event, name, orjson.dumps(content).decode(), now)
    head = intake.event_head(connection, tapped.event)
    return Reply(f"Passed to the agent: {button.label}"[:MAX_TEXT], head)
