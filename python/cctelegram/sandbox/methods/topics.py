"""Topics of forums, and of private chats where the bot has enabled them (Bot API 9.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cctelegram.sandbox.chat import Chat, Topic
from cctelegram.sandbox.methods.addressed import paced, writable
from cctelegram.sandbox.refused import bad

if TYPE_CHECKING:
    from cctelegram.sandbox.methods.kind import Parameters
    from cctelegram.sandbox.state import State

COLORS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)
NAME_LIMIT = 128
# Id of the topic that every forum has: no other topic gets it, and a message that names it is refused.
GENERAL = 1


async def create_forum_topic(state: State, params: Parameters) -> dict[str, Any]:
    """Create a topic; return the `ForumTopic`."""
    chat = _forum(state, params)
    _check_name(params["name"])
    color = params.get("icon_color", COLORS[0])
    if color not in COLORS:
        raise bad("invalid icon color specified")
    paced(state, chat)
    chat.last_message_id = max(chat.last_message_id, GENERAL)
    topic = Topic(chat.last_message_id + 1, params["name"], color, params.get("icon_custom_emoji_id"))
    chat.topics[topic.thread_id] = topic
    created = {key: value for key, value in topic.json().items() if key != "message_thread_id"}
    _post_service(state, chat, topic, {"forum_topic_created": created})
    return topic.json()


async def edit_forum_topic(state: State, params: Parameters) -> bool:
    """Change a topic's name or icon."""
    chat, topic = _topic(state, params)
    changed = {key: params[key] for key in ("name", "icon_custom_emoji_id") if key in params}
    if "name" in changed:
        _check_name(changed["name"])
    if all(getattr(topic, key) == value for key, value in changed.items()):
        raise bad("TOPIC_NOT_MODIFIED")
    topic.name = changed.get("name", topic.name)
    topic.icon_custom_emoji_id = changed.get("icon_custom_emoji_id", topic.icon_custom_emoji_id)
    _post_service(state, chat, topic, {"forum_topic_edited": changed})
    return True


async def close_forum_topic(state: State, params: Parameters) -> bool:
    """Close a topic: nothing can be written there until it is reopened."""
    return _switch(state, params, closed=True)


async def reopen_forum_topic(state: State, params: Parameters) -> bool:
    """Reopen a closed topic."""
    return _switch(state, params, closed=False)


async def delete_forum_topic(state: State, params: Parameters) -> bool:
    """Delete a topic with all its messages."""
    chat, topic = _topic(state, params)
    del chat.topics[topic.thread_id]
    for posted in chat.posts.values():
        if posted.message.get("message_thread_id") == topic.thread_id:
            posted.deleted = True
            state.changed(posted)
    return True


def _switch(state: State, params: Parameters, *, closed: bool) -> bool:
    chat, topic = _topic(state, params)
    if topic.closed is closed:
        raise bad("TOPIC_NOT_MODIFIED")
    topic.closed = closed
    _post_service(state, chat, topic, {"forum_topic_closed" if closed else "forum_topic_reopened": {}})
    return True


def _forum(state: State, params: Parameters) -> Chat:
    chat = writable(state, params)
    if not chat.is_forum:
        raise bad("the chat is not a forum")
    if chat.is_group and chat.bot_status != "administrator":
        raise bad("not enough rights to create a topic")
    return chat


def _topic(state: State, params: Parameters) -> tuple[Chat, Topic]:
    chat = _forum(state, params)
    topic = chat.topics.get(params["message_thread_id"])
    if topic is None:
        raise bad("TOPIC_ID_INVALID")
    return chat, topic


def _check_name(name: str) -> None:
    if not name.strip():
        raise bad("topic name must be non-empty")
    if len(name) > NAME_LIMIT:
        raise bad("TOPIC_TITLE_INVALID")


def _post_service(state: State, chat: Chat, topic: Topic, content: dict[str, Any]) -> None:
    state.post(chat, state.bot, {"message_thread_id": topic.thread_id, "is_topic_message": True} | content)
