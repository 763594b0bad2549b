"""A topic for each project, in chats that have topics.

A topic is made when the first event of its project goes to the chat, and remembered. A crash between the
two leaves a topic that nobody knows, and makes another: the Bot API cannot be asked which topics there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from cctelegram.bridge import clock
from cctelegram.outbox import intake, topics
from cctelegram.outbox.topics import Forum
from cctelegram.telegram import errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from cctelegram.bridge.compose import Job
    from cctelegram.bridge.line import Line
    from cctelegram.outbox.store import Store

# What getChat said counts for a day, and as long no topic is tried where one was refused; in us.
DAY: Final = 86_400_000_000
# A getChat that failed is asked again after this long; in us.
SOON: Final = 60_000_000
# createForumTopic.name: 1-128 characters (Bot API).
LONGEST_NAME: Final = 128


class Whereabouts(msgspec.Struct, frozen=True):
    """What an event's data says of its project."""

    project: Any = None
    cwd: Any = None


class Written(msgspec.Struct, frozen=True):
    """An event's body, of which nothing else is read: a large one should not stand in memory for this."""

    data: Whereabouts = Whereabouts()


def whereabouts(body: str) -> Whereabouts:
    """Read an event's body (a JSON object)."""
    try:
        return msgspec.json.decode(body, type=Written).data
    except msgspec.ValidationError:
        return Whereabouts()  # its data is no object


def project(where: Whereabouts) -> str | None:
    """Give the project of an event: `data.project`, else the last part of `data.cwd`, else None."""
    named = where.project
    if not isinstance(named, str) or not named.strip():
        cwd = where.cwd
        named = cwd.rstrip("/\\").replace("\\", "/").rpartition("/")[2] if isinstance(cwd, str) else ""
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in named).split())
    return shown[:LONGEST_NAME].strip() or None


class Topics:
    """The topics of one bot.

    Args:
        wanted: gives whether projects are to have topics, as the settings say now.
        in_private: whether private chats with this bot have topics (getMe.has_topics_enabled).
    """

    def __init__(
        self, store: Store, line: Line, *, wanted: Callable[[], bool], in_private: bool, log: Any
    ) -> None:
        self._store = store
        self._line = line
        self._wanted = wanted
        self._in_private = in_private
        self._log = log
        self._forums: dict[int, Forum] = {}
        self._threads: dict[tuple[int, str], int] = {}
        self._gone: set[tuple[int, int]] = set()

    @property
    def refused(self) -> dict[int, str]:
        """Give the chats in which no topic can be made, each with the reason."""
        return {chat: forum.reason for chat, forum in self._forums.items() if forum.reason}

    @property
    def problems(self) -> list[str]:
        """Name the topics that routes lead to and that are not there."""
        return [
            f"topic {thread_id} of {chat_id} is gone or closed: what is routed there goes to the chat itself"
            for chat_id, thread_id in sorted(self._gone)
        ]

    async def load(self) -> None:
        """Read what was kept."""
        bot = self._line.bot
        self._forums = await self._store.run(lambda c: topics.forums(c, bot))
        self._threads = await self._store.run(lambda c: topics.threads(c, bot))

    async def place(self, job: Job) -> Job | None:
        """Give `job` with the topic it goes to; None when a request was spent on that: look again.

        No failure here keeps an event from its chat: it goes there without a topic.
        """
        waiting = job.waiting
        if waiting.thread_id is not None or waiting.event is None or job.rendered or not self._wanted():
            return job
        name = project(await self._whereabouts(job))
        if name is None:
            return job
        thread_id = self._threads.get((waiting.chat_id, name))
        if thread_id is not None:
            return job._replace(waiting=waiting._replace(thread_id=thread_id))
        if not await self._has_topics(waiting.chat_id):
            return job
        return None if await self._make(waiting.chat_id, name) else job

    async def _whereabouts(self, job: Job) -> Whereabouts:
        if job.event is not None:
            return Whereabouts(job.event.data.get("project"), job.event.data.get("cwd"))
        event = job.waiting.event
        assert event is not None  # noqa: S101 - `place` has looked
        return await self._store.run(lambda c: whereabouts(intake.body(c, event)))

    def arrived(self, chat_id: int, thread_id: int | None) -> None:
        """Note that a topic took a message."""
        if self._gone and thread_id is not None:
            self._gone.discard((chat_id, thread_id))

    def lost(self, chat_id: int, thread_id: int | None) -> None:
        """Note that a topic is gone or closed; the store forgot it already."""
        ours = [key for key, thread in self._threads.items() if key[0] == chat_id and thread == thread_id]
        for key in ours:
            del self._threads[key]
        if not ours and thread_id is not None:
            self._gone.add((chat_id, thread_id))

    async def _has_topics(self, chat_id: int) -> bool:
        now = clock.wall()
        known = self._forums.get(chat_id)
        if known is not None and known.reason is not None:
            if now < known.after:
                return False
            known = None  # a day has passed: anything may have changed
        if chat_id > 0:
            return self._in_private
        if known is not None and now < known.looked_at + DAY:
            return known.is_forum
        try:
            chat = await self._line.api.get_chat(chat_id)
        except errors.TelegramError as error:
            self._log.warning("chat not looked at", chat_id=chat_id, reason=str(error))
            was = known is not None and known.is_forum
            self._forums[chat_id] = Forum(was, now - DAY + SOON, None, 0)
            return was
        await self._keep(chat_id, Forum(chat.get("is_forum") is True, now, None, 0))
        return self._forums[chat_id].is_forum

    async def _make(self, chat_id: int, name: str) -> bool:
        """Make a topic; returns whether to look again: it is there, or Telegram asks to wait."""
        line, now = self._line, clock.wall()
        line.pacing.take(chat_id, clock.monotonic())
        try:
            thread_id = await line.api.create_forum_topic(chat_id, name)
        except errors.RetryAfter as error:
            await line.pauses.begin(chat_id, float(error.seconds))
            return True
        except errors.Rejected as error:
            self._log.warning("no topic", chat_id=chat_id, project=name, reason=str(error))
            await self._keep(chat_id, Forum(False, now, error.description, now + DAY))
            return False
        except errors.TelegramError as error:
            # The message itself meets the same, and what follows is decided there.
            self._log.warning("no topic", chat_id=chat_id, project=name, reason=str(error))
            return False
        self._threads[chat_id, name] = thread_id
        await self._store.run(lambda c: topics.add(c, line.bot, chat_id, name, thread_id, now))
        if chat_id in self.refused:  # before, and not any more
            await self._keep(chat_id, Forum(True, now, None, 0))
        self._log.info("topic made", chat_id=chat_id, project=name, thread_id=thread_id)
        return True

    async def _keep(self, chat_id: int, forum: Forum) -> None:
        self._forums[chat_id] = forum
        await self._store.run(lambda c: topics.keep_forum(c, self._line.bot, chat_id, forum))
