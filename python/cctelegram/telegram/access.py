"""Check whether the sender of an update is allowed.

Only the id of the acting person, `from.id`, counts: not the chat (a group has many members), not a user
name (another person can take it over once it is released), not the author of a forwarded message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cctelegram.telegram.commands import parse

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Me(NamedTuple):
    """The bot's id and user name."""

    id: int
    name: str


def is_addressed(update: Mapping[str, Any], me: Me) -> bool:
    """Return whether an update is addressed to the bot.

    Taps and all messages of a private chat are. In a group, where an administrator bot receives every
    message, these are: a command, a reply to a message of the bot, and a message that mentions it. (A
    message in a topic arrives as a reply to the message that created the topic: this reply does not count.)
    """
    message = update.get("message", update.get("edited_message"))
    if "callback_query" in update or not isinstance(message, dict):
        return True
    chat = message.get("chat")
    if not isinstance(chat, dict) or chat.get("type") not in ("group", "supergroup"):
        return True
    text = message.get("text") or message.get("caption")
    text = text if isinstance(text, str) else ""
    replied = message.get("reply_to_message")
    if isinstance(replied, dict) and "forum_topic_created" not in replied:
        author = replied.get("from")
        if isinstance(author, dict) and author.get("id") == me.id:
            return True
    return parse(text, me.name) is not None or f"@{me.name}".lower() in text.lower()


def sender(update: Mapping[str, Any]) -> int | None:
    """Return the id of the person that caused an update; None if it cannot be determined.

    None for: an update of a kind that the bridge does not read, a channel or an anonymous administrator
    (`sender_chat`, whose `from` is a bot shared by all of them), another bot, a tap on a message sent through
    inline mode (it is in no chat of the bot), and a value that does not have the shape of an update.
    """
    query = update.get("callback_query")
    if query is not None:
        if not isinstance(query, dict) or chat_id(update) is None:
            return None
        return _person(query)
    message = update.get("message", update.get("edited_message"))
    if not isinstance(message, dict) or "sender_chat" in message or chat_id(update) is None:
        return None
    return _person(message)


def chat_id(update: Mapping[str, Any]) -> int | None:
    """Return the id of the chat of a message or a tap; None if there is none."""
    query = update.get("callback_query")
    if isinstance(query, dict):
        message = query.get("message")
    else:
        message = update.get("message", update.get("edited_message"))
    chat: Any = message.get("chat") if isinstance(message, dict) else None
    found: Any = chat.get("id") if isinstance(chat, dict) else None
    return found if type(found) is int else None


def is_allowed(update: Mapping[str, Any], allowed_users: Collection[int]) -> bool:
    """Return whether an update comes from one of `allowed_users`; an empty list allows no user."""
    who = sender(update)
    return who is not None and who in allowed_users


def _person(holder: dict[str, Any]) -> int | None:
    user = holder.get("from")
    if not isinstance(user, dict) or user.get("is_bot") is not False:
        return None
    number = user.get("id")
    return number if type(number) is int else None
