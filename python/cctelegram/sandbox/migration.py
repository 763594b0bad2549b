"""A group becomes a supergroup: it gets another id, and the old one only says which."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from cctelegram.sandbox.chat import GROUP, SUPERGROUP, Chat

if TYPE_CHECKING:
    from cctelegram.sandbox.state import State

# Supergroups' ids begin with -100; the rest is made of the group's own id, so that a script can know it.
FIRST: Final = 1_000_000_000_000


def begin(state: State, chat_id: Any, new_id: int | None = None) -> Chat | None:
    """Let the group `chat_id` migrate, and the bot hear of it; return the supergroup.

    The supergroup begins without messages, as Telegram's does: their ids are of the old chat. None, and
    nothing happens, for what is no group, has migrated already, or when the new id is somebody's.
    """
    old = state.chats.get(chat_id)
    new_id = -FIRST + chat_id if new_id is None and isinstance(chat_id, int) else new_id
    if old is None or old.kind != GROUP or old.migrated_to is not None:
        return None
    if new_id is None or new_id in state.chats:
        return None
    new = state.add_chat(
        Chat(new_id, SUPERGROUP, title=old.title, bot_status=old.bot_status, members=dict(old.members))
    )
    creator = next((user for user, status in old.members.items() if status == "creator"), state.user_id)
    person = {key: value for key, value in state.users[creator].items() if key != "language_code"}
    told = state.post(old, person, {"migrate_to_chat_id": new_id})
    state.updates.add("message", told.message)
    told = state.post(new, person, {"migrate_from_chat_id": old.id})
    state.updates.add("message", told.message)
    old.migrated_to = new_id
    new.instance = str(-secrets.randbits(62))
    state.bell.ring()
    return new
