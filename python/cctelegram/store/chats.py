"""The state of bots and chats: update offsets, pauses, unreachable chats, moved groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping


def bot(connection: sqlite3.Connection, api_base: str, bot_id: int) -> int:
    """Return the row of a bot at an API base, created when new. The sandbox and the real bot never mix."""
    connection.execute(
        "INSERT INTO bots (api_base, bot_id) VALUES (?, ?) ON CONFLICT DO NOTHING", (api_base, bot_id)
    )
    (row,) = connection.execute(
        "SELECT id FROM bots WHERE api_base = ? AND bot_id = ?", (api_base, bot_id)
    ).fetchone()
    return int(row)


class Pause(NamedTuple):
    """The end (us) of a pause of a bot or chat, and its length when it was stored."""

    until: int
    length: int


def pause(connection: sqlite3.Connection, bot: int, chat_id: int | None, until: int, length: int) -> None:
    """Store the end (us) and length of the pause of a chat, or of the whole bot when `chat_id` is None."""
    if chat_id is None:
        connection.execute(
            "UPDATE bots SET paused_until = ?, paused_for = ? WHERE id = ?", (until, length, bot)
        )
        return
    connection.execute(
        "INSERT INTO chats (bot, chat_id, paused_until, paused_for) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (bot, chat_id) DO UPDATE "
        "SET paused_until = excluded.paused_until, paused_for = excluded.paused_for",
        (bot, chat_id, until, length),
    )


def forget_pauses(connection: sqlite3.Connection, bot: int) -> None:
    """Delete all pauses of a bot and its chats."""
    connection.execute("UPDATE bots SET paused_until = 0, paused_for = 0 WHERE id = ?", (bot,))
    connection.execute(
        "UPDATE chats SET paused_until = 0, paused_for = 0 WHERE bot = ? AND paused_until > 0", (bot,)
    )


def pauses(connection: sqlite3.Connection, bot: int) -> tuple[Pause, dict[int, Pause]]:
    """Return the pause of the bot, and of each of its chats that has one."""
    of_bot = connection.execute("SELECT paused_until, paused_for FROM bots WHERE id = ?", (bot,)).fetchone()
    found = connection.execute(
        "SELECT chat_id, paused_until, paused_for FROM chats WHERE bot = ? AND paused_until > 0", (bot,)
    )
    return Pause(*of_bot), {chat_id: Pause(*pause) for chat_id, *pause in found}


def kill(connection: sqlite3.Connection, bot: int, chat_id: int, reason: str) -> None:
    """Record that a chat is unreachable; its queue is kept."""
    connection.execute(
        "INSERT INTO chats (bot, chat_id, dead_reason) VALUES (?, ?, ?) "
        "ON CONFLICT (bot, chat_id) DO UPDATE SET dead_reason = excluded.dead_reason",
        (bot, chat_id, reason),
    )


def revive(connection: sqlite3.Connection, bot: int, chat_id: int) -> bool:
    """Record that a chat is reachable, since it wrote to the bot; return whether it was unreachable."""
    return (
        connection.execute(
            "UPDATE chats SET dead_reason = NULL WHERE bot = ? AND chat_id = ? AND dead_reason IS NOT NULL",
            (bot, chat_id),
        ).rowcount
        > 0
    )


def dead(connection: sqlite3.Connection, bot: int) -> dict[int, str]:
    """Return the unreachable chats, each with the reason."""
    return dict(
        connection.execute(
            "SELECT chat_id, dead_reason FROM chats WHERE bot = ? AND dead_reason IS NOT NULL", (bot,)
        ).fetchall()
    )


def migrate(connection: sqlite3.Connection, bot: int, old: int, new: int) -> None:
    """Move the waiting deliveries of a chat to its new id: Telegram made the group a supergroup.

    Sent deliveries keep the old id: the new chat numbers its messages from 1, and an edit of number 5 would
    change another message there. Deliveries in flight keep it until their answer is known. The old id is
    stored: the settings still name it.
    """
    follow(connection, {old: new})
    connection.execute("DELETE FROM chats WHERE bot = ? AND chat_id = ?", (bot, old))
    connection.execute("DELETE FROM topics WHERE bot = ? AND chat_id = ?", (bot, old))
    connection.execute("UPDATE moved_chats SET new_id = ? WHERE bot = ? AND new_id = ?", (new, bot, old))
    connection.execute(
        "INSERT INTO moved_chats (bot, old_id, new_id) VALUES (?, ?, ?) "
        "ON CONFLICT (bot, old_id) DO UPDATE SET new_id = excluded.new_id",
        (bot, old, new),
    )


def follow(connection: sqlite3.Connection, moved: Mapping[int, int]) -> None:
    """Move the waiting deliveries of a group's old id to its new id; `moved` is new ids by old ids.

    A waiting question is rendered again, since its buttons are signed for the old chat.
    """
    connection.executemany(
        "DELETE FROM parts WHERE delivery IN (SELECT deliveries.id FROM deliveries "
        "JOIN decisions ON decisions.event = deliveries.event "
        "WHERE deliveries.chat_id = ? AND deliveries.state IN ('queued', 'held'))",
        [(old,) for old in moved],
    )
    connection.executemany(
        "UPDATE deliveries SET chat_id = ? WHERE chat_id = ? AND state IN ('queued', 'held')",
        [(new, old) for old, new in moved.items()],
    )


def moved(connection: sqlite3.Connection, api_base: str, bot_id: int | None) -> dict[int, int]:
    """Return the new ids of moved groups, by old id; of every bot when `bot_id` is None."""
    found = connection.execute(
        "SELECT old_id, new_id FROM moved_chats JOIN bots ON bots.id = moved_chats.bot "
        "WHERE api_base = ? AND bot_id = coalesce(?, bot_id)",
        (api_base, bot_id),
    )
    return dict(found.fetchall())
