"""Migration of a group to a supergroup: it gets a new id, and the old id only refers to it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from cctelegram.sandbox.chat import GROUP, SUPERGROUP, Chat

if TYPE_CHECKING:
    from cctelegram.sandbox.state import State

# Supergroups' ids begin with -100; the rest is the group's own id, so that a script can predict it.
FIRST: Final = 1_000_000_000_000


def begin(state: State, chat_id: Any, new_id: int | None = None) -> Chat | None:
    """Migrate the group `chat_id`, queue the updates for the bot, return the supergroup.

    The supergroup starts without messages, as Telegram's does: message ids belong to the old chat. Return
    None and change nothing if the chat is not a group, has migrated already, or the new id is taken.
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
    posted = state.post(old, person, {"migrate_to_chat_id": new_id})
    state.updates.add("message", posted.message)
    posted = state.post(new, person, {"migrate_from_chat_id": old.id})
    state.updates.add("message", posted.message)
    old.migrated_to = new_id
    new.instance = str(-secrets.randbits(62))
    state.changes.add()
    return new
