"""Updates on the bot's membership in a chat: blocked, removed, added again, migrated.

They come from Telegram and not from a person, so they need no allowed user; those for chats that are not
configured have no effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cctelegram.store import chats

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

INSIDE: Final = ("creator", "administrator", "member")
OUTSIDE: Final = {
    "kicked": "the bot was removed from the group",
    "left": "the bot is no longer a member of the group",
    "restricted": "the bot is not allowed to write in the group",
}


class Effect(NamedTuple):
    """The effect of an update: the chat that is reachable again, or unreachable; a group's old and new id."""

    reachable: int | None = None
    unreachable: tuple[int, str] | None = None
    migrated: tuple[int, int] | None = None


def is_membership_update(update: dict[str, Any]) -> bool:
    """Return whether an update is about the bot's membership in a chat."""
    message = update.get("message")
    return "my_chat_member" in update or (isinstance(message, dict) and "migrate_to_chat_id" in message)


def apply(connection: sqlite3.Connection, bot: int, update: dict[str, Any], known: Collection[int]) -> Effect:
    """Store a change of membership or of a group's id.

    Args:
        bot: the row of the bot in the store.
        known: the chats of recipients and allowed users.
    """
    if "my_chat_member" in update:
        return _member(connection, bot, update["my_chat_member"], known)
    old_id, new_id = int(update["message"]["chat"]["id"]), int(update["message"]["migrate_to_chat_id"])
    if old_id not in known:
        return Effect()
    chats.migrate(connection, bot, old_id, new_id)
    return Effect(migrated=(old_id, new_id))


def _member(
    connection: sqlite3.Connection, bot: int, changed: dict[str, Any], known: Collection[int]
) -> Effect:
    chat_id, now = int(changed["chat"]["id"]), changed["new_chat_member"]
    if now["status"] in INSIDE or (now["status"] == "restricted" and now.get("can_send_messages") is True):
        return Effect(reachable=chat_id if chats.revive(connection, bot, chat_id) else None)
    if chat_id not in known:
        return Effect()
    reason = "the user blocked the bot" if chat_id > 0 else OUTSIDE.get(now["status"], OUTSIDE["left"])
    chats.kill(connection, bot, chat_id, reason)
    return Effect(unreachable=(chat_id, reason))
