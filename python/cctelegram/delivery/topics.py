"""A topic for each project, in chats that have topics.

A topic is created when the first event of its project goes to the chat, and stored. A chat has at most
`display.max_topics` of them: then the next project reuses the least recently used one, if its last use is
more than a day ago; otherwise the project's events go to the chat itself. A crash between creating and
storing leaves an unknown topic behind, and another is created: the Bot API cannot list topics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from cctelegram.runtime import clock
from cctelegram.store import intake
from cctelegram.telegram import errors

if TYPE_CHECKING:
    import sqlite3

    from cctelegram.delivery.compose import Job
    from cctelegram.delivery.line import Bot
    from cctelegram.runtime.context import Context

# A getChat result is valid for a day, and for as long no topic is tried where one was refused; in us.
DAY: Final = 86_400_000_000
# A failed getChat is retried after this time; in us.
RECHECK: Final = 60_000_000
# A topic's last use is stored when the one that is known is older than this; in us.
HOUR: Final = 3_600_000_000
# createForumTopic.name: 1-128 characters (Bot API).
MAX_NAME: Final = 128


class ProjectFields(msgspec.Struct, frozen=True):
    """The fields of an event's data that name its project."""

    project: Any = None
    cwd: Any = None


class EventBody(msgspec.Struct, frozen=True):
    """An event's body, of which nothing else is decoded: a large one must not be held in memory for this."""

    data: ProjectFields = ProjectFields()


def project_fields(body: str) -> ProjectFields:
    """Read the project fields from an event's body (a JSON object)."""
    try:
        return msgspec.json.decode(body, type=EventBody).data
    except msgspec.ValidationError:
        return ProjectFields()  # its data is not an object


def project(fields: ProjectFields) -> str | None:
    """Return the project of an event: `data.project`, else the last part of `data.cwd`, else None."""
    named = fields.project
    if not isinstance(named, str) or not named.strip():
        cwd = fields.cwd
        named = cwd.rstrip("/\\").replace("\\", "/").rpartition("/")[2] if isinstance(cwd, str) else ""
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in named).split())
    return shown[:MAX_NAME].strip() or None


class Topics:
    """The topics of one bot.

    Args:
        in_private: whether private chats with this bot have topics (getMe.has_topics_enabled).
    """

    def __init__(self, context: Context, bot: Bot, *, in_private: bool) -> None:
        self._context = context
        self._store = context.store
        self._bot = bot
        self._in_private = in_private
        self._log = context.log
        self._forums: dict[int, Forum] = {}
        self._threads: dict[tuple[int, str], Topic] = {}
        self._missing: set[tuple[int, int]] = set()

    @property
    def refused(self) -> dict[int, str]:
        """The chats in which no topic can be created, each with the reason."""
        return {chat: forum.reason for chat, forum in self._forums.items() if forum.reason}

    @property
    def problems(self) -> list[str]:
        """The topics that routes name and that do not exist, as sentences."""
        return [
            f"topic {thread_id} of chat {chat_id} was deleted or closed: its events go to the chat itself"
            for chat_id, thread_id in sorted(self._missing)
        ]

    @property
    def _most(self) -> int:
        """The maximum number of topics in a chat; 0 when projects have none."""
        display = self._context.settings.display
        return display.max_topics if display.project_topics else 0

    async def load(self) -> None:
        """Load the stored topics."""
        row = self._bot.row
        self._forums = await self._store.run(lambda c: forums(c, row))
        self._threads = await self._store.run(lambda c: threads(c, row))

    async def assign(self, job: Job) -> Job | None:
        """Return `job` with its topic, or None when a request was spent on that: check again.

        No failure here keeps an event from its chat: it is sent there without a topic.
        """
        waiting = job.waiting
        if waiting.thread_id is not None or waiting.event is None or job.rendered or not self._most:
            return job
        name = project(await self._project_fields(job))
        if name is None:
            return job
        topic = self._threads.get((waiting.chat_id, name))
        if topic is not None:
            if clock.wall() - topic.used_at > HOUR:
                await self._store_topic(waiting.chat_id, name, topic.thread_id)
            return job._replace(waiting=waiting._replace(thread_id=topic.thread_id))
        if not await self._has_topics(waiting.chat_id):
            return job
        others = {key: topic for key, topic in self._threads.items() if key[0] == waiting.chat_id}
        reused = None
        if len(others) >= self._most:
            oldest = min(others.values(), key=lambda topic: topic.used_at)
            if clock.wall() - oldest.used_at <= DAY:
                return job
            reused = oldest.thread_id
        return None if await self._create(waiting.chat_id, name, reused) else job

    async def _project_fields(self, job: Job) -> ProjectFields:
        if job.event is not None:
            return ProjectFields(job.event.data.get("project"), job.event.data.get("cwd"))
        event = job.waiting.event
        assert event is not None  # noqa: S101 - `assign` has checked it
        return await self._store.run(lambda c: project_fields(intake.body(c, event)))

    def arrived(self, chat_id: int, thread_id: int | None) -> None:
        """Record that a topic accepted a message."""
        if self._missing and thread_id is not None:
            self._missing.discard((chat_id, thread_id))

    def lost(self, chat_id: int, thread_id: int | None) -> None:
        """Record that a topic was deleted or closed; the store no longer has it."""
        known = [
            key for key, topic in self._threads.items() if key[0] == chat_id and topic.thread_id == thread_id
        ]
        for key in known:
            del self._threads[key]
        if not known and thread_id is not None:
            self._missing.add((chat_id, thread_id))

    async def _has_topics(self, chat_id: int) -> bool:
        now = clock.wall()
        known = self._forums.get(chat_id)
        if known is not None and known.reason is not None:
            if now < known.after:
                return False
            known = None  # a day has passed: anything may have changed
        if chat_id > 0:
            return self._in_private
        if known is not None and now < known.checked_at + DAY:
            return known.is_forum
        try:
            chat = await self._bot.api.get_chat(chat_id)
        except errors.TelegramError as error:
            self._log.warning("topic.chat_check_failed", chat_id=chat_id, reason=str(error))
            is_forum = known is not None and known.is_forum
            self._forums[chat_id] = Forum(is_forum, now - DAY + RECHECK, None, 0)
            return is_forum
        await self._store_forum(chat_id, Forum(chat.get("is_forum") is True, now, None, 0))
        return self._forums[chat_id].is_forum

    async def _create(self, chat_id: int, name: str, reused: int | None) -> bool:
        """Create a topic, or rename one that is `reused`; return whether to check again.

        That is when the topic exists, when the one to rename does not exist, and when Telegram asks to wait.
        """
        bot, now = self._bot, clock.wall()
        bot.pacing.take(chat_id, clock.monotonic())
        try:
            thread_id = await self._create_or_rename(chat_id, name, reused)
        except errors.RetryAfter as error:
            await bot.pauses.begin(chat_id, float(error.seconds))
            return True
        except errors.ThreadNotFound:
            await self._store.run(lambda c: forget(c, bot.row, chat_id, reused or 0))
            self.lost(chat_id, reused)
            return True
        except errors.Rejected as error:
            self._log.warning("topic.create_failed", chat_id=chat_id, project=name, reason=str(error))
            await self._store_forum(chat_id, Forum(False, now, error.description, now + DAY))
            return False
        except errors.TelegramError as error:
            # The message itself meets the same error, and its verdict is decided there.
            self._log.warning("topic.create_failed", chat_id=chat_id, project=name, reason=str(error))
            return False
        self.lost(chat_id, reused)  # for the project that had it
        await self._store_topic(chat_id, name, thread_id)
        if chat_id in self.refused:  # refused before, and not any more
            await self._store_forum(chat_id, Forum(True, now, None, 0))
        self._log.info("topic.created", chat_id=chat_id, project=name, thread_id=thread_id)
        return True

    async def _create_or_rename(self, chat_id: int, name: str, reused: int | None) -> int:
        """Return a topic with this name: a new one, or the `reused` one renamed."""
        if reused is None:
            return await self._bot.api.create_forum_topic(chat_id, name)
        await self._bot.api.edit_forum_topic(chat_id, reused, name)
        return reused

    async def _store_topic(self, chat_id: int, name: str, thread_id: int) -> None:
        now = clock.wall()
        self._threads[chat_id, name] = Topic(thread_id, now)
        await self._store.run(lambda c: keep(c, self._bot.row, chat_id, name, thread_id, now))

    async def _store_forum(self, chat_id: int, forum: Forum) -> None:
        self._forums[chat_id] = forum
        await self._store.run(lambda c: keep_forum(c, self._bot.row, chat_id, forum))


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
