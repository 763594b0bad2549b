"""Messages from a person: the answer to a question, or a message filed for the agent."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from cctelegram import render
from cctelegram.decisions import close, ledger, reply
from cctelegram.delivery.payload import Payload, pack, unpack
from cctelegram.events.lane import Lane
from cctelegram.spool import responses
from cctelegram.store import answers, deliveries, intake
from cctelegram.times.instant import rfc3339

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from cctelegram.delivery.payload import Buttons


# Media in a message, beside its text. An animation also has a document: the first match is named.
MEDIA: Final = (
    "photo",
    "voice",
    "video_note",
    "video",
    "animation",
    "audio",
    "sticker",
    "location",
    "contact",
    "poll",
    "document",
)


NOT_UNDERSTOOD: Final = "Nothing was decided: your reply was not understood"
FILED: Final = "The agent receives your reply as a message."


class Outcome(NamedTuple):
    """The effects of a message; `closed` is the decision that it answered, `event` the event of it."""

    answered: bool = False
    closed: ledger.Decision | None = None
    event: intake.Head | None = None
    filed: bool = False
    queued: bool = False
    revived: bool = False


def handle_edit(connection: sqlite3.Connection, bot: int, message: dict[str, Any], now: int) -> Outcome:
    """Handle the edit of an allowed user's message: its new text replaces an old one that was not taken.

    An edit that does not change the text (Telegram added a link preview, a shared location moved) has no
    effect, and no edit leads to the notice about media. A decision made by the old text stays.
    """
    place = answers.Place(bot, int(message["chat"]["id"]), int(message["message_id"]))
    text = _text(message)
    before = answers.of_message(connection, place)
    decision, _ = _decision_replied_to(connection, bot, message)
    answered = None if decision is None else (decision.chat_id, decision.message_id, decision.text)
    decided = answered == (*place[1:], text)
    if not text or decided or (before is not None and orjson.loads(before.body).get("text") == text):
        return Outcome()
    corrects = None if before is None else before.answer
    return handle(connection, bot, message, now, corrects=corrects, media_reported=True)


def handle(
    connection: sqlite3.Connection,
    bot: int,
    message: dict[str, Any],
    now: int,
    *,
    corrects: int | None = None,
    media_reported: bool = False,
) -> Outcome:
    """Handle an allowed user's message: an answer, in reply to a card; otherwise file it for the agent.

    Only text is passed on. For a picture or a file the person gets a notice, once for an album. A service
    message of Telegram (a member joined, a message was pinned) has no effect.

    Args:
        corrects: the answer that the message was before the edit.
        media_reported: whether the notice about media was already sent.
    """
    chat_id = int(message["chat"]["id"])
    text = _text(message)
    decision, numbered = _decision_replied_to(connection, bot, message)
    unclear = None
    if decision is not None and decision.state == "open" and text:
        meaning = reply.interpret(decision, text, numbered=numbered)
        unclear = decision if meaning is None else None
        if meaning is not None:
            responder = _responder(message, chat_id)
            closed = close.answer(
                connection, decision, responder, now, option=meaning.option, text=meaning.text
            )
            return Outcome(answered=True, closed=closed, event=intake.event_head(connection, decision.event))
    media = next((kind.replace("_", " ") for kind in MEDIA if kind in message), None)
    if media is not None and "media_group_id" in message:
        media = "album"
    if text:
        awaited = decision is not None and decision.state == "open"
        _file(connection, bot, message, text, now, awaited=awaited, corrects=corrects)
    if media is not None and not media_reported:
        text_note = "Its text was passed on." if text else "It was discarded."
        if "media_group_id" in message:  # the text may be the caption of another of its pictures
            text_note = "Its text, if any, was passed on."
        article = "An" if media[0] in "aeiou" else "A"
        lines = [f"{article} {media} cannot be passed to the agent", f"Agents receive text only. {text_note}"]
        queue_reply(connection, message, lines, now)
    elif unclear is not None:
        accepted = reply.accepted_replies(unclear, numbered=numbered)
        queue_reply(connection, message, [NOT_UNDERSTOOD, accepted, FILED], now)
    return Outcome(
        answered=bool(text),
        filed=bool(text),
        queued=unclear is not None or (media is not None and not media_reported),
    )


def _decision_replied_to(
    connection: sqlite3.Connection, bot: int, message: dict[str, Any]
) -> tuple[ledger.Decision | None, bool]:
    """Return the decision, open or closed, whose card a message replies to; whether the card has numbers."""
    replied = message.get("reply_to_message")
    if not isinstance(replied, dict):
        return None, False
    chat_id = int(message["chat"]["id"])
    card = ledger.card_of_message(connection, bot, chat_id, int(replied["message_id"]))
    if card is None:
        return None, False
    return ledger.by_id(connection, card.decision), unpack(card.payload).asks


def _text(message: dict[str, Any]) -> str:
    return message.get("text") or message.get("caption") or ""


def queue_reply(
    connection: sqlite3.Connection,
    message: dict[str, Any],
    lines: Sequence[str],
    now: int,
    buttons: Buttons = (),
) -> None:
    """Queue a notice for the chat, or the topic, of a message; the first line is the title."""
    payload = Payload(text=render.notice(lines[0], lines[1:]), buttons=buttons)
    thread_id = message.get("message_thread_id") if message.get("is_topic_message") else None
    chat_id = int(message["chat"]["id"])
    deliveries.enqueue(
        connection, chat_id, [pack(payload)], now, lane=Lane.DECISIONS, silent=True, thread_id=thread_id
    )


def _file(
    connection: sqlite3.Connection,
    bot: int,
    message: dict[str, Any],
    text: str,
    now: int,
    *,
    awaited: bool,
    corrects: int | None,
) -> None:
    """Store a message for the agent.

    A message about a question that is still open (`awaited`) names its event in `reply_to` only: a program
    that waits for the answer to that event must not take this message for it.
    """
    chat_id = int(message["chat"]["id"])
    sender = _responder(message, chat_id)
    content: dict[str, Any] = {
        "id": close.new_id(),
        "kind": "message",
        "text": text,
        "user_id": sender.user_id,
        "username": sender.username,
        "first_name": sender.first_name,
        "chat_id": chat_id,
        "message_id": sender.message_id,
        "timestamp": rfc3339(now),
    }
    event = None
    replied = message.get("reply_to_message")
    if isinstance(replied, dict):
        found = deliveries.event_of_message(connection, bot, chat_id, int(replied["message_id"]))
        reply_to = {"message_id": replied["message_id"], "text": replied.get("text")}
        if found is not None:
            event, reply_to["event_id"], task_id = found
            content["traceparent"] = intake.traceparent_of(connection, event)
            if not awaited:
                content["event_id"], content["task_id"] = reply_to["event_id"], task_id
        content["reply_to"] = {key: value for key, value in reply_to.items() if value is not None}
    content = {key: value for key, value in content.items() if value is not None}
    name = responses.name(content.get("event_id"), now, secrets.randbits(32))
    place = answers.Place(bot, chat_id, int(message["message_id"]))
    body = orjson.dumps(content).decode()
    answers.add(connection, "message", event, name, body, now, place=place, corrects=corrects)


def _responder(message: dict[str, Any], chat_id: int) -> ledger.Responder:
    person = message["from"]
    return ledger.Responder(
        int(person["id"]),
        person.get("username"),
        person.get("first_name"),
        chat_id,
        int(message["message_id"]),
    )
