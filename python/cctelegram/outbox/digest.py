"""Deliveries that are told together: which ones, and that they were.

A member of a digest is `digested` and names the delivery that tells of it, so that each event can be followed
to the message it stands in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

# One digest tells of so many: its full list is a few messages, not a hundred.
MOST: Final = 400


class Member(NamedTuple):
    """A delivery as a digest tells of it; `occurred_at` in us since the epoch."""

    delivery: int
    event: int
    event_id: str
    type: str
    severity: str
    title: str
    occurred_at: int


SELECT: Final = """
SELECT deliveries.id, events.id, events.event_id, events.type, events.severity, events.title,
       events.occurred_at
FROM deliveries JOIN events ON events.id = deliveries.event
"""


def waiting(connection: sqlite3.Connection, chat_id: int, lane: int, limit: int = MOST) -> list[Member]:
    """Give what is queued in a lane of a chat and was not begun, oldest first."""
    found = connection.execute(
        SELECT  # noqa: S608 - a constant
        + "WHERE deliveries.chat_id = ? AND deliveries.lane = ? AND deliveries.state = 'queued' "
        "AND NOT EXISTS (SELECT 1 FROM parts WHERE parts.delivery = deliveries.id) "
        "ORDER BY deliveries.id LIMIT ?",
        (chat_id, lane, limit),
    )
    return [Member(*row) for row in found]


def crowded(connection: sqlite3.Connection, chat_id: int, lane: int, bound: int) -> bool:
    """Whether more than `bound` events wait in a lane of a chat."""
    (count,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE state = 'queued' AND chat_id = ? AND lane = ? "
        "AND event IS NOT NULL LIMIT ?)",
        (chat_id, lane, bound + 1),
    ).fetchone()
    return int(count) > bound


def held(connection: sqlite3.Connection, reason: str, limit: int = MOST) -> list[tuple[int, Member]]:
    """Give what is held for a reason, as (chat, member), oldest first."""
    found = connection.execute(
        SELECT.replace("SELECT ", "SELECT deliveries.chat_id, ", 1)
        + "WHERE deliveries.state = 'held' AND deliveries.reason = ? AND deliveries.chat_id IS NOT NULL "
        "ORDER BY deliveries.id LIMIT ?",
        (reason, limit),
    )
    return [(row[0], Member(*row[1:])) for row in found]


def count_held(connection: sqlite3.Connection, reason: str) -> int:
    """Give how many deliveries are held for a reason."""
    (count,) = connection.execute(
        "SELECT count(*) FROM deliveries WHERE state = 'held' AND reason = ?", (reason,)
    ).fetchone()
    return int(count)


def hold_queued(connection: sqlite3.Connection, reason: str) -> int:
    """Hold every event that is queued and was not begun; the bridge's own replies go on."""
    return connection.execute(
        "UPDATE deliveries SET state = 'held', reason = ? WHERE state = 'queued' AND event IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM parts WHERE parts.delivery = deliveries.id)",
        (reason,),
    ).rowcount


def unhold(connection: sqlite3.Connection, deliveries: Iterable[int]) -> None:
    """Queue held deliveries again."""
    connection.executemany(
        "UPDATE deliveries SET state = 'queued', reason = NULL WHERE id = ? AND state = 'held'",
        ((delivery,) for delivery in deliveries),
    )


def unhold_notices(connection: sqlite3.Connection, reason: str) -> set[int]:
    """Queue the bridge's own words that were held for a reason; returns their chats."""
    found = connection.execute(
        "UPDATE deliveries SET state = 'queued', reason = NULL WHERE state = 'held' AND reason = ? "
        "AND event IS NULL RETURNING chat_id",
        (reason,),
    )
    return {chat_id for (chat_id,) in found.fetchall()}


def merge(connection: sqlite3.Connection, members: Iterable[Member], into: int) -> None:
    """Note that a digest tells of these."""
    connection.executemany(
        "UPDATE deliveries SET state = 'digested', reason = NULL, merged_into = ? WHERE id = ?",
        ((into, member.delivery) for member in members),
    )
