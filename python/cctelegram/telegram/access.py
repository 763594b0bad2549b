"""Who is heard.

By the number of the person who acts, `from.id`, and by nothing else: not the chat (a group has many
people), not a user name (it can be given up and taken by another), not the author of what was forwarded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cctelegram.telegram.commands import parse

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Me(NamedTuple):
    """The bot: its id and its user name."""

    id: int
    name: str


def is_addressed(update: Mapping[str, Any], me: Me) -> bool:
    """Tell whether an update is meant for the bot.

    A tap is, and all that is written in a private chat. In a group, where an administrator bot gets what
    everybody says to everybody, it is a command, a reply to a message of the bot, and what names it. (What is
    written in a topic comes as a reply to the message that made the topic: that one says nothing.)
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
    """Return the id of the person behind an update; None where nobody can be named.

    That is: a kind of update we do not read, a channel or an anonymous administrator (`sender_chat`, whose
    `from` is a bot that stands for all of them), another bot, a tap on a message that was sent through
    inline mode (it is in no chat of ours), and whatever does not have the shape of an update.
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
    """Return the chat in which a message or a tap happened."""
    query = update.get("callback_query")
    if isinstance(query, dict):
        message = query.get("message")
    else:
        message = update.get("message", update.get("edited_message"))
    chat: Any = message.get("chat") if isinstance(message, dict) else None
    found: Any = chat.get("id") if isinstance(chat, dict) else None
    return found if type(found) is int else None


def is_allowed(update: Mapping[str, Any], allowed_users: Collection[int]) -> bool:
    """Tell whether an update comes from one of `allowed_users`; nobody is allowed by an empty list."""
    who = sender(update)
    return who is not None and who in allowed_users


def _person(holder: dict[str, Any]) -> int | None:
    user = holder.get("from")
    if not isinstance(user, dict) or user.get("is_bot") is not False:
        return None
    number = user.get("id")
    return number if type(number) is int else None
