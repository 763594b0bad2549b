"""The target of a message: the chat, the permission to write there, the topic, the message replied to."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cctelegram.sandbox.chat import PRIVATE, Chat, Posted
from cctelegram.sandbox.refused import MIGRATED, Refused, bad, flood, stricter

if TYPE_CHECKING:
    from cctelegram.sandbox.methods.kind import Parameters
    from cctelegram.sandbox.state import State


def chat_of(state: State, params: Parameters) -> Chat:
    """Return the chat that `chat_id` names by number or `@username`; raise `Refused`."""
    wanted = params.get("chat_id")
    if wanted is None or wanted == "":
        raise bad("chat_id is empty")
    chat = None
    if isinstance(wanted, str) and not wanted.lstrip("-").isdigit():
        name = wanted.removeprefix("@").lower()
        chat = next((one for one in state.chats.values() if name and _username(one) == name), None)
    else:
        chat = state.chats.get(int(wanted))
    if chat is None:
        raise bad("chat not found")
    if chat.migrated_to is not None:
        raise Refused(400, MIGRATED, {"migrate_to_chat_id": chat.migrated_to})
    return chat


def _username(chat: Chat) -> str:
    # Only public groups have a name to find; no chat of the sandbox is public, but a test may use its title.
    return "" if chat.kind == PRIVATE else chat.title.lower()


def writable(state: State, params: Parameters) -> Chat:
    """Return the chat if the bot may write there; raise `Refused`."""
    chat = chat_of(state, params)
    if chat.kind == PRIVATE:
        if not chat.started:
            raise Refused(403, "Forbidden: bot can't initiate conversation with a user")
        if chat.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
    elif chat.bot_status == "kicked":
        raise Refused(403, f"Forbidden: bot was kicked from the {chat.kind} chat")
    elif chat.bot_status == "left":
        raise Refused(403, f"Forbidden: bot is not a member of the {chat.kind} chat")
    return chat


def threaded(chat: Chat, params: Parameters) -> dict[str, Any]:
    """Return the message's field for the topic, if one is named; raise if the topic is missing or closed."""
    thread_id = params.get("message_thread_id")
    if not thread_id:
        return {}
    topic = chat.topics.get(thread_id)
    if topic is None:
        raise bad("message thread not found")
    if topic.closed:
        raise bad("TOPIC_CLOSED")
    return {"message_thread_id": thread_id}


def replied(state: State, chat: Chat, params: Parameters) -> dict[str, Any]:
    """Return the message's fields for the message it replies to."""
    wanted = params.get("reply_parameters")
    if wanted is None:
        return {}
    if "chat_id" in wanted and chat_of(state, wanted).id != chat.id:
        raise stricter("a reply to another chat is not supported here; Telegram would show it")
    posted = chat.post(wanted["message_id"])
    if posted is None:
        if wanted.get("allow_sending_without_reply"):
            return {}
        raise bad("message to be replied not found")
    found: dict[str, Any] = {"reply_to_message": shown_in_reply(posted)}
    if "quote" in wanted:
        text = posted.message.get("text", posted.message.get("caption", ""))
        at = text.find(wanted["quote"])
        if at < 0 or not wanted["quote"]:
            raise bad("QUOTE_TEXT_INVALID")
        position = len(text[:at].encode("utf-16-le")) // 2
        found["quote"] = {"text": wanted["quote"], "position": position, "is_manual": True}
    return found


def shown_in_reply(posted: Posted) -> dict[str, Any]:
    """Return a message in the form nested in another: one level deep only."""
    nested = ("reply_to_message", "pinned_message")
    return {key: value for key, value in posted.message.items() if key not in nested}


def own_post(state: State, params: Parameters, action: str) -> tuple[Chat, Posted]:
    """Return the chat and the message to change; `action`, such as `edit`, is for the error text."""
    chat = writable(state, params)
    if "message_id" not in params:
        raise bad("message identifier is not specified")
    posted = chat.post(params["message_id"])
    if posted is None:
        raise bad(f"message to {action} not found")
    return chat, posted


def paced(state: State, chat: Chat, *, edit: bool = False) -> None:
    """Count a message against the limits; raise a 429 if it exceeds them."""
    seconds = state.limits.admit(chat.id, time.monotonic(), group=chat.is_group, edit=edit)
    if seconds:
        raise flood(seconds)
