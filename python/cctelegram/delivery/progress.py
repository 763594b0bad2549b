"""Progress of a task of one source is one message on the phone, edited in place: an edit does not notify.

Only the newest state is worth sending; older ones that still wait are merged into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cctelegram.events.lane import Lane

if TYPE_CHECKING:
    import sqlite3


class Shown(NamedTuple):
    """The message that shows a task's progress; `edited_at` in us since the epoch."""

    message_id: int
    edited_at: int


# The producer's own task only: an event without one has its own id there, and is not merged.
TASK: Final = """
SELECT events.task_id, deliveries.chat_id, deliveries.lane, events.source FROM deliveries
JOIN events ON events.id = deliveries.event
WHERE deliveries.id = ? AND events.task_id != events.event_id
"""


def conflate(connection: sqlite3.Connection, delivery: int) -> int:
    """Merge the waiting progress of a task into its newest; return that delivery."""
    row = connection.execute(TASK, (delivery,)).fetchone()
    if row is None:
        return delivery
    task, chat_id, _, source = row
    waiting = [
        found
        for (found,) in connection.execute(
            "SELECT deliveries.id FROM deliveries JOIN events ON events.id = deliveries.event "
            "WHERE deliveries.chat_id = ? AND deliveries.lane = ? AND deliveries.state = 'queued' "
            "AND events.task_id = ? AND events.source = ? "
            "AND NOT EXISTS (SELECT 1 FROM parts WHERE parts.delivery = deliveries.id) "
            "ORDER BY deliveries.id",
            (chat_id, Lane.PROGRESS, task, source),
        )
    ]
    if not waiting:
        return delivery
    *older, newest = waiting
    connection.executemany(
        "UPDATE deliveries SET state = 'digested', reason = NULL, merged_into = ? WHERE id = ?",
        ((newest, one) for one in older),
    )
    return int(newest)


def shown(connection: sqlite3.Connection, bot: int, delivery: int) -> Shown | None:
    """Return the message that a progress delivery is to edit, or None when it is to be sent."""
    row = connection.execute(TASK, (delivery,)).fetchone()
    if row is None or row[2] != Lane.PROGRESS:
        return None
    found = connection.execute(
        "SELECT message_id, edited_at FROM progress_messages WHERE bot = ? AND chat_id = ? AND task = ? "
        "AND source IN (?, '') ORDER BY source DESC LIMIT 1",
        (bot, row[1], row[0], row[3]),
    ).fetchone()
    return None if found is None else Shown(*found)


def arrived(connection: sqlite3.Connection, bot: int, delivery: int, message_id: int, now: int) -> None:
    """Record which message shows a task's progress; any other event of the task ends that message.

    Progress after a completion gets a new message, below it.
    """
    row = connection.execute(TASK, (delivery,)).fetchone()
    if row is None:
        return
    task, chat_id, lane, source = row
    connection.execute(
        "DELETE FROM progress_messages WHERE bot = ? AND chat_id = ? AND task = ? AND source IN (?, '')",
        (bot, chat_id, task, source),
    )
    if lane == Lane.PROGRESS:
        connection.execute(
            "INSERT INTO progress_messages (bot, chat_id, source, task, message_id, edited_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (bot, chat_id, source, task, message_id, now),
        )


def forget(connection: sqlite3.Connection, bot: int, message_id: int) -> None:
    """Record that a message can no longer be edited."""
    connection.execute("DELETE FROM progress_messages WHERE bot = ? AND message_id = ?", (bot, message_id))
