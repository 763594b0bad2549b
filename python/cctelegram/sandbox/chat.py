"""A chat and its messages, as the sandbox stores them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PRIVATE, GROUP, SUPERGROUP = "private", "group", "supergroup"
TYPING_SECONDS = 5.0


@dataclass(slots=True)
class Posted:
    """A message: Telegram's JSON, with fields of the sandbox's own."""

    message: dict[str, Any]
    sequence: int
    """Its position among the messages of all chats."""
    revision: int
    """The revision of its last change."""
    at: float
    """Wall time, seconds since the epoch."""
    monotonic: float
    silent: bool = False
    deleted: bool = False
    edits: list[dict[str, Any]] = field(default_factory=list)
    """Earlier contents, oldest first: text or caption, entities, reply_markup, and `until` in wall time."""
    reactions: list[dict[str, Any]] = field(default_factory=list)

    def seen(self) -> dict[str, Any]:
        """Return the message as a person sees it, with the sandbox's fields under `sandbox`."""
        return self.message | {
            "sandbox": {
                "sequence": self.sequence,
                "at": self.at,
                "monotonic": self.monotonic,
                "silent": self.silent,
                "deleted": self.deleted,
                "edits": self.edits,
                "reactions": self.reactions,
            }
        }


@dataclass(slots=True)
class Topic:
    """A topic of a forum; its id is that of the service message about its creation."""

    thread_id: int
    name: str
    icon_color: int
    icon_custom_emoji_id: str | None = None
    closed: bool = False

    def json(self) -> dict[str, Any]:
        """Return the `ForumTopic`."""
        found: dict[str, Any] = {
            "message_thread_id": self.thread_id,
            "name": self.name,
            "icon_color": self.icon_color,
        }
        if self.icon_custom_emoji_id:
            found["icon_custom_emoji_id"] = self.icon_custom_emoji_id
        return found


@dataclass(slots=True)
class Chat:
    """A private chat or a group with the bot."""

    id: int
    kind: str
    title: str = ""
    """Of a group; a private chat is named by its user."""
    user: dict[str, Any] | None = None
    """Of a private chat."""
    is_forum: bool = False
    """Has topics; in a private chat these are the topics of the bot (Bot API 9.3)."""
    bot_status: str = "administrator"
    """The bot in a group: administrator, member, left or kicked."""
    started: bool = True
    """A private chat: the user has pressed Start."""
    blocked: bool = False
    """A private chat: the user has stopped the bot."""
    members: dict[int, str] = field(default_factory=dict)
    """Users of a group and their status."""
    posts: dict[int, Posted] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)
    drafts: dict[int, dict[str, Any]] = field(default_factory=dict)
    typing: tuple[str, float] | None = None
    """A chat action and the wall time at which it ends."""
    last_message_id: int = 0
    migrated_to: int | None = None
    """Of a group that became a supergroup: its id from then on."""
    instance: str = ""
    """`chat_instance` of its callback queries."""

    @property
    def is_group(self) -> bool:
        """Return whether the limits of groups apply."""
        return self.kind != PRIVATE

    def json(self) -> dict[str, Any]:
        """Return the `Chat`."""
        if self.user is not None:
            names = ("first_name", "last_name", "username")
            return (
                {"id": self.id}
                | {key: self.user[key] for key in names if key in self.user}
                | {"type": PRIVATE}
            )
        found: dict[str, Any] = {"id": self.id, "title": self.title, "type": self.kind}
        return found | {"is_forum": True} if self.is_forum else found

    def post(self, message_id: int) -> Posted | None:
        """Return a message, or None if it is missing or deleted."""
        posted = self.posts.get(message_id)
        return None if posted is None or posted.deleted else posted
