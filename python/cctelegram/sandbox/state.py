"""The state of one sandbox: the bot, the users, the chats, and the updates to deliver."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from cctelegram.sandbox import entities as text_entities
from cctelegram.sandbox.bell import Changes
from cctelegram.sandbox.chat import PRIVATE, Chat, Posted
from cctelegram.sandbox.faults import Faults
from cctelegram.sandbox.limits import Limits
from cctelegram.sandbox.updates import Updates

BOT_NAME = "CCTelegram sandbox"
BOT_USERNAME = "cctelegram_sandbox_bot"


@dataclass(slots=True)
class StoredFile:
    """A file that was sent; `path` is the `file_path` that `getFile` returns."""

    file_id: str
    unique_id: str
    path: str
    name: str
    content_type: str
    content: bytes
    width: int = 0
    height: int = 0


@dataclass(slots=True)
class Query:
    """A tap that waits for `answerCallbackQuery`."""

    id: str
    chat_id: int
    message_id: int
    data: str
    user_id: int
    at: float
    """Monotonic seconds."""
    answer: dict[str, Any] | None = None
    """Parameters of the answer."""
    revision: int = 0

    def json(self) -> dict[str, Any]:
        """Return the fields that the page shows."""
        return {
            "id": self.id,
            "chat_id": self.chat_id,
            "message_id": self.message_id,
            "data": self.data,
            "user_id": self.user_id,
            "answer": self.answer,
        }


@dataclass(slots=True)
class Webhook:
    """A webhook that is set; the sandbox stores its parameters and never calls it."""

    url: str
    max_connections: int
    ip_address: str | None = None


@dataclass(slots=True)
class State:
    """The state behind one bot token, for one event loop; nothing here blocks."""

    token: str
    user_id: int
    limits: Limits = field(default_factory=Limits)
    callback_seconds: float = 60.0
    """How long a tap may be answered. Telegram publishes no figure; about a minute is seen."""
    changes: Changes = field(default_factory=Changes)
    faults: Faults = field(default_factory=Faults)
    users: dict[int, dict[str, Any]] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    updates: Updates = field(default_factory=lambda: Updates(100_000_000 + secrets.randbelow(100_000_000)))
    queries: dict[str, Query] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    commands: dict[tuple[str, str], list[dict[str, str]]] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    webhook: Webhook | None = None
    polls: int = 0
    """Count of getUpdates calls: a poll that finds it risen was overtaken."""
    sequence: int = 0
    topics_in_private: bool = False

    def __post_init__(self) -> None:
        self.add_user(self.user_id, "Ada", last_name="Lovelace", username="ada")

    @property
    def bot(self) -> dict[str, Any]:
        """Return the bot as a `User`, as messages carry it."""
        return {
            "id": int(self.token.split(":")[0]),
            "is_bot": True,
            "first_name": BOT_NAME,
            "username": BOT_USERNAME,
        }

    def add_user(self, user_id: int, first_name: str, **names: str) -> Chat:
        """Create a person and the private chat with the bot, started."""
        user: dict[str, Any] = {"id": user_id, "is_bot": False, "first_name": first_name}
        user |= {key: value for key, value in names.items() if value}
        self.users[user_id] = user | {"language_code": "en"}
        return self.add_chat(Chat(user_id, PRIVATE, user=user))

    def add_chat(self, chat: Chat) -> Chat:
        """Add a new chat."""
        chat.instance = str(-secrets.randbits(62))
        self.chats[chat.id] = chat
        self.changes.add()
        return chat

    def post(
        self, chat: Chat, sender: dict[str, Any], content: dict[str, Any], *, silent: bool = False
    ) -> Posted:
        """Add a message of `sender` with Telegram's fields `content` to the chat; return it."""
        chat.last_message_id += 1
        self.sequence += 1
        message = {
            "message_id": chat.last_message_id,
            "from": sender,
            "chat": chat.json(),
            "date": int(time.time()),
        }
        if sender["is_bot"]:
            chat.typing = None
            chat.drafts = {}
        thread = chat.topics.get(content.get("message_thread_id", 0))
        if thread is not None and "forum_topic_created" not in content:
            content = content | {"is_topic_message": True}
        posted = Posted(
            message | content, self.sequence, self.changes.add(), time.time(), time.monotonic(), silent=silent
        )
        chat.posts[chat.last_message_id] = posted
        return posted

    def receive(self, chat: Chat, user_id: int, text: str, extra: dict[str, Any] | None = None) -> Posted:
        """Add a message of a person; queue its update if the bot may receive it."""
        text, found = text_entities.formatted(text, None, None)
        content: dict[str, Any] = {"text": text} | ({"entities": found} if found else {}) | (extra or {})
        posted = self.post(chat, self.users[user_id], content)
        self.queue_update(chat, "message", posted)
        return posted

    def queue_update(self, chat: Chat, kind: str, posted: Posted) -> None:
        """Queue an update with the message as it is now, if the bot may receive it."""
        if self._is_received(chat, posted.message):
            self.updates.add(kind, dict(posted.message))
            self.changes.add()

    def _is_received(self, chat: Chat, message: dict[str, Any]) -> bool:
        """Return whether the bot receives a message; in a group its privacy mode decides."""
        if not chat.is_group or chat.bot_status == "administrator":
            return not chat.blocked
        if chat.bot_status != "member":
            return False
        text = message.get("text", message.get("caption", ""))
        words = [
            text[one["offset"] :].split()[0]
            for one in message.get("entities", [])
            if one["type"] == "bot_command"
        ]
        return (
            any("@" not in word or word.lower().endswith("@" + BOT_USERNAME) for word in words)
            or "@" + BOT_USERNAME in text.lower()
            or message.get("reply_to_message", {}).get("from", {}).get("id") == self.bot["id"]
        )

    def changed(self, posted: Posted) -> None:
        """Record that a message changed."""
        posted.revision = self.changes.add()
