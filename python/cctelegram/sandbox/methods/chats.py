"""Methods about the bot, chats, members and pinned messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cctelegram.sandbox.chat import PRIVATE, Chat
from cctelegram.sandbox.methods.addressed import chat_of, own_post, shown_in_reply
from cctelegram.sandbox.refused import Refused, bad

if TYPE_CHECKING:
    from cctelegram.sandbox.methods.kind import Parameters
    from cctelegram.sandbox.state import State

_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    # Newer than the table's 10.1, but Telegram's answers have no version, and clients of 10.3 require it.
    "can_send_welcome_messages",
)
_GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")


async def get_me(state: State, _params: Parameters) -> dict[str, Any]:
    """Return the bot as a `User` with the fields that only `getMe` has."""
    return state.bot | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_guest_queries": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": state.topics_in_private,
        "allows_users_to_create_topics": False,
        "can_manage_bots": False,
        "supports_join_request_queries": False,
    }


async def get_chat(state: State, params: Parameters) -> dict[str, Any]:
    """Return the `ChatFullInfo`."""
    chat = chat_of(state, params)
    found = chat.json() | {
        "accent_color_id": abs(chat.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(_GIFTS, False),
    }
    pinned = next((chat.post(one) for one in reversed(chat.pinned) if chat.post(one)), None)
    if pinned is not None:
        found["pinned_message"] = shown_in_reply(pinned)
    return found


async def get_chat_member(state: State, params: Parameters) -> dict[str, Any]:
    """Return the `ChatMember` of a user or of the bot."""
    chat = chat_of(state, params)
    return member(state, chat, params["user_id"])


def member(state: State, chat: Chat, user_id: int) -> dict[str, Any]:
    """Return the `ChatMember`; raise if the user is unknown."""
    if user_id == state.bot["id"]:
        status = chat.bot_status if chat.is_group else ("kicked" if chat.blocked else "member")
        return membership(state.bot, status)
    user = state.users.get(user_id)
    if user is None:
        raise bad("invalid user_id specified")
    if chat.kind == PRIVATE:
        return membership(user, "member" if user_id == chat.id else "left")
    return membership(user, chat.members.get(user_id, "left"))


def membership(user: dict[str, Any], status: str) -> dict[str, Any]:
    """Return the `ChatMember` of a status, with the fields of that kind."""
    found: dict[str, Any] = {"user": user, "status": status}
    if status == "creator":
        found["is_anonymous"] = False
    elif status == "administrator":
        found |= {"can_be_edited": False, "is_anonymous": False} | dict.fromkeys(_RIGHTS, True)
        found |= {"can_pin_messages": True, "can_manage_topics": True}
    elif status == "kicked":
        found["until_date"] = 0
    return found


async def pin_chat_message(state: State, params: Parameters) -> bool:
    """Pin a message and post the chat's service message about it."""
    chat, posted = own_post(state, params, "pin")
    _may_pin(chat)
    message_id = posted.message["message_id"]
    if message_id not in chat.pinned:
        chat.pinned.append(message_id)
        quiet = bool(params.get("disable_notification"))
        state.post(chat, state.bot, {"pinned_message": shown_in_reply(posted)}, silent=quiet)
    return True


async def unpin_chat_message(state: State, params: Parameters) -> bool:
    """Unpin a message, by default the one pinned last."""
    chat = chat_of(state, params)
    _may_pin(chat)
    message_id = params.get("message_id", chat.pinned[-1] if chat.pinned else None)
    if message_id not in chat.pinned:
        raise bad("message to unpin not found")
    chat.pinned.remove(message_id)
    state.changes.add()
    return True


def _may_pin(chat: Chat) -> None:
    if chat.is_group and chat.bot_status != "administrator":
        raise Refused(400, "Bad Request: not enough rights to manage pinned messages in the chat")
