"""Topics: the chats that have them, the topic of each project, and the chats where none can be created."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3


class Forum(NamedTuple):
    """The forum state of a chat; times in us.

    `is_forum` is what getChat returned at `checked_at`. While `reason` is set, no topic is created before
    `after`.
    """

    is_forum: bool
    checked_at: int
    reason: str | None
    after: int


def forums(connection: sqlite3.Connection, bot: int) -> dict[int, Forum]:
    """Return the forum state by chat."""
    found = connection.execute(
        "SELECT chat_id, coalesce(is_forum, 0), looked_at, topics_reason, topics_after FROM chats "
        "WHERE bot = ?",
        (bot,),
    )
    return {chat: Forum(bool(forum), *rest) for chat, forum, *rest in found}


def keep_forum(connection: sqlite3.Connection, bot: int, chat_id: int, forum: Forum) -> None:
    """Store the forum state of a chat."""
    connection.execute(
        "INSERT INTO chats (bot, chat_id, is_forum, looked_at, topics_reason, topics_after) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (bot, chat_id) DO UPDATE SET is_forum = excluded.is_forum, "
        "looked_at = excluded.looked_at, topics_reason = excluded.topics_reason, "
        "topics_after = excluded.topics_after",
        (bot, chat_id, *forum),
    )


class Topic(NamedTuple):
    """The topic of a project; `used_at` in us, to the hour."""

    thread_id: int
    used_at: int


def threads(connection: sqlite3.Connection, bot: int) -> dict[tuple[int, str], Topic]:
    """Return the topic of each project in each chat."""
    found = connection.execute(
        "SELECT chat_id, project, thread_id, used_at FROM topics WHERE bot = ?", (bot,)
    )
    return {(chat, project): Topic(thread, used_at) for chat, project, thread, used_at in found}


def keep(
    connection: sqlite3.Connection, bot: int, chat_id: int, project: str, thread_id: int, now: int
) -> None:
    """Store the topic of a project, as used now; remove it from any other project."""
    connection.execute(
        "DELETE FROM topics WHERE bot = ? AND chat_id = ? AND thread_id = ? AND project != ?",
        (bot, chat_id, thread_id, project),
    )
    connection.execute(
        "INSERT INTO topics (bot, chat_id, project, thread_id, created_at, used_at) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (bot, chat_id, project) DO UPDATE "
        "SET thread_id = excluded.thread_id, used_at = excluded.used_at",
        (bot, chat_id, project, thread_id, now, now),
    )


def forget(connection: sqlite3.Connection, bot: int, chat_id: int, thread_id: int) -> None:
    """Delete a topic that is gone or closed: its project gets a new one."""
    connection.execute(
        "DELETE FROM topics WHERE bot = ? AND chat_id = ? AND thread_id = ?", (bot, chat_id, thread_id)
    )
