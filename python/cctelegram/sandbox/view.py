"""Views of the state, for the page and for tests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cctelegram.sandbox.chat import Chat
    from cctelegram.sandbox.state import State


def changes(state: State, after: int) -> dict[str, Any]:
    """Return all chats, with the messages and taps that changed after revision `after`."""
    return {
        "revision": state.changes.revision,
        "bot": state.bot,
        "user_id": state.user_id,
        "users": list(state.users.values()),
        "commands": next(iter(state.commands.values()), []),
        "chats": [_chat(chat, after) for chat in state.chats.values()],
        "queries": [query.json() for query in state.queries.values() if query.revision > after],
    }


def _chat(chat: Chat, after: int) -> dict[str, Any]:
    typing = None
    if chat.typing is not None and chat.typing[1] > time.time():
        typing = {"action": chat.typing[0], "seconds": chat.typing[1] - time.time()}
    return chat.json() | {
        "name": chat.title if chat.user is None else _name(chat.user),
        "blocked": chat.blocked,
        "typing": typing,
        "pinned": chat.pinned,
        "topics": [topic.json() | {"closed": topic.closed} for topic in chat.topics.values()],
        "drafts": list(chat.drafts.values()),
        "messages": [posted.seen() for posted in chat.posts.values() if posted.revision > after],
    }


def _name(user: dict[str, Any]) -> str:
    return f"{user['first_name']} {user.get('last_name', '')}".strip()


def messages(state: State, chat_id: int | None, *, deleted: bool) -> dict[str, Any]:
    """Return the messages a person sees now, one list per chat; deleted ones only with `deleted`."""
    chats = []
    for chat in state.chats.values():
        if chat_id in (None, chat.id):
            posts = [posted.seen() for posted in chat.posts.values() if deleted or not posted.deleted]
            chats.append({"chat": chat.json(), "messages": posts})
    return {"revision": state.changes.revision, "chats": chats}


def overview(state: State) -> dict[str, Any]:
    """Return all except calls and messages: users, commands, taps, pending updates, limits, faults."""
    rates = state.limits.rates
    return {
        "bot": state.bot,
        "user_id": state.user_id,
        "users": list(state.users.values()),
        "commands": [
            {"scope": scope, "language_code": language, "commands": commands}
            for (scope, language), commands in state.commands.items()
        ],
        "queries": [query.json() for query in state.queries.values()],
        "pending_updates": state.updates.pending,
        "limits": {
            "chat_per_second": rates.chat_per_second,
            "chat_burst": rates.chat_burst,
            "group_per_minute": rates.group_per_minute,
            "total_per_second": rates.total_per_second,
            "callback_seconds": state.callback_seconds,
        },
        "faults": state.faults.pending(),
        "seed": state.faults.seed,
    }
