"""Actions of a person: writing, tapping, opening and blocking a chat."""

from __future__ import annotations

import base64
import secrets
import time
from typing import Any, Final

from cctelegram.sandbox import entities as text_entities
from cctelegram.sandbox.chat import GROUP, PRIVATE, SUPERGROUP, Chat, Posted
from cctelegram.sandbox.methods.addressed import shown_in_reply
from cctelegram.sandbox.methods.chats import membership
from cctelegram.sandbox.state import Query, State, StoredFile

# A picture of one pixel.
PIXEL: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Impossible(Exception):
    """An action that is not possible in Telegram either; the message says why."""


def chat_for(state: State, user_id: int, chat_id: int | None) -> Chat:
    """Return the chat a person acts in, by default the private one; create an unknown person with theirs."""
    if user_id not in state.users:
        state.add_user(user_id, f"User {user_id}")
    chat = state.chats.get(user_id if chat_id is None else chat_id)
    if chat is None:
        raise Impossible(f"there is no chat {chat_id}")
    return chat


def say(
    state: State,
    text: str,
    user_id: int,
    chat_id: int | None = None,
    *,
    reply_to: int | None = None,
    thread_id: int | None = None,
) -> Posted:
    """Write a message; return it."""
    chat = chat_for(state, user_id, chat_id)
    extra: dict[str, Any] = {}
    if thread_id is not None:
        if thread_id not in chat.topics:
            raise Impossible(f"there is no topic {thread_id} in chat {chat.id}")
        extra["message_thread_id"] = thread_id
    if reply_to is not None:
        answered = chat.post(reply_to)
        if answered is None:
            raise Impossible(f"there is no message {reply_to} in chat {chat.id}")
        extra["reply_to_message"] = shown_in_reply(answered)
        if "message_thread_id" in answered.message:
            extra.setdefault("message_thread_id", answered.message["message_thread_id"])
    if chat.kind == PRIVATE and (not chat.started or chat.blocked):
        block(state, chat, blocked=False)  # writing implies Start, or Restart
    return state.receive(chat, user_id, text, extra)


def edit(state: State, message_id: int, text: str, user_id: int, chat_id: int | None = None) -> Posted:
    """Change the text of one's own message, or its caption if it has no text; return it."""
    chat = chat_for(state, user_id, chat_id)
    posted = chat.post(message_id)
    if posted is None or posted.message["from"]["id"] != user_id:
        raise Impossible(f"there is no message {message_id} of user {user_id} in chat {chat.id}")
    field = "text" if "text" in posted.message else "caption"
    text, found = text_entities.formatted(text, None, None)
    posted.edits.append({field: posted.message.get(field), "until": time.time()})
    marks = f"{field}_entities" if field == "caption" else "entities"
    posted.message.pop(marks, None)
    posted.message |= {field: text, "edit_date": int(time.time())} | ({marks: found} if found else {})
    state.changed(posted)
    state.queue_update(chat, "edited_message", posted)
    return posted


def send_album(
    state: State, count: int, user_id: int, chat_id: int | None = None, *, caption: str = ""
) -> list[Posted]:
    """Send `count` pictures as one album, the caption below the first; return its messages."""
    if not 2 <= count <= 10:
        raise Impossible(f"an album has 2 to 10 pictures, not {count}")
    chat = chat_for(state, user_id, chat_id)
    group = str(secrets.randbits(62))
    made = []
    for index in range(count):
        stored = StoredFile(
            file_id=f"AgACAgIAAx{secrets.token_urlsafe(24)}",
            unique_id=f"AQAD{secrets.token_urlsafe(8)}",
            path=f"photos/file_{len(state.files)}.png",
            name="photo.png",
            content_type="image/png",
            content=PIXEL,
            width=1,
            height=1,
        )
        state.files[stored.file_id] = stored
        photo = {
            "file_id": stored.file_id,
            "file_unique_id": stored.unique_id,
            "file_size": len(PIXEL),
            "width": 1,
            "height": 1,
        }
        content: dict[str, Any] = {"media_group_id": group, "photo": [photo]}
        if caption and index == 0:
            content["caption"] = caption
        made.append(state.post(chat, state.users[user_id], content))
        state.queue_update(chat, "message", made[-1])
    return made


def tap(
    state: State,
    message_id: int,
    user_id: int,
    chat_id: int | None = None,
    *,
    button: int | str | None = None,
    data: str | None = None,
) -> Query:
    """Press a button by its index or label, or send `data` as a forged client would; return the query."""
    chat = chat_for(state, user_id, chat_id)
    posted = chat.post(message_id)
    if posted is None:
        raise Impossible(f"there is no message {message_id} in chat {chat.id}")
    if data is None:
        data = _data_of(posted, button)
    query = Query(str(secrets.randbits(62)), chat.id, message_id, data, user_id, time.monotonic())
    state.queries[query.id] = query
    content = {
        "id": query.id,
        "from": state.users[user_id],
        "message": posted.message,
        "chat_instance": chat.instance,
        "data": data,
    }
    state.updates.add("callback_query", content)
    query.revision = state.changes.add()
    return query


def _data_of(posted: Posted, button: int | str | None) -> str:
    rows = posted.message.get("reply_markup", {}).get("inline_keyboard", [])
    buttons: list[dict[str, Any]] = [one for row in rows for one in row]
    labels = [one["text"] for one in buttons]
    where = f"message {posted.message['message_id']}, which has {labels}"
    if isinstance(button, int) and 0 <= button < len(buttons):
        chosen = buttons[button]
    elif isinstance(button, str) and button in labels:
        chosen = buttons[labels.index(button)]
    else:
        raise Impossible(f"there is no button {button!r} on {where}")
    if "callback_data" not in chosen:
        raise Impossible(f"button {chosen['text']!r} on {where} sends nothing to the bot")
    return str(chosen["callback_data"])


def block(state: State, chat: Chat, *, blocked: bool) -> None:
    """Stop the bot in a private chat, or start it again; the bot gets an update."""
    was, chat.started = chat.blocked, True
    if was is blocked:
        state.changes.add()
        return
    chat.blocked = blocked
    _queue_membership(state, chat, "kicked" if was else "member", "kicked" if blocked else "member", chat.id)


def set_bot_status(state: State, chat: Chat, status: str) -> None:
    """Change the bot's status in a group: administrator, member, left, kicked; the bot gets an update."""
    if not chat.is_group:
        raise Impossible("a private chat has no bot_status; use blocked")
    was, chat.bot_status = chat.bot_status, status
    if was != status:
        _queue_membership(state, chat, was, status, state.user_id)


def _queue_membership(state: State, chat: Chat, before: str, after: str, user_id: int) -> None:
    content = {
        "chat": chat.json(),
        "from": state.users[user_id],
        "date": int(time.time()),
        "old_chat_member": membership(state.bot, before),
        "new_chat_member": membership(state.bot, after),
    }
    state.updates.add("my_chat_member", content)
    state.changes.add()


def open_group(
    state: State, chat_id: int, kind: str, title: str, *, is_forum: bool, members: list[int]
) -> Chat:
    """Create a group with the bot as administrator and the sandbox's user as creator."""
    if kind not in (GROUP, SUPERGROUP) or chat_id >= 0 or (is_forum and kind != SUPERGROUP):
        raise Impossible("a group has a negative id, a supergroup may be a forum")
    for user_id in members:
        chat_for(state, user_id, None)
    statuses = dict.fromkeys(members, "member") | {state.user_id: "creator"}
    chat = state.add_chat(Chat(chat_id, kind, title=title or "Group", is_forum=is_forum, members=statuses))
    _queue_membership(state, chat, "left", chat.bot_status, state.user_id)
    return chat


def delete(state: State, chat: Chat) -> None:
    """Delete a group for all members, as its creator can; the bot gets no update."""
    if not chat.is_group:
        raise Impossible("a private chat is not deleted; use blocked")
    del state.chats[chat.id]
    state.changes.add()
