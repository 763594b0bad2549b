"""The outbox as a chat may query it: the last deliveries, and the waiting ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3


class Delivered(NamedTuple):
    """An event that is on the phone since `at` (us), in a message of its own or in a digest."""

    at: int
    title: str
    digested: bool


class Waiting(NamedTuple):
    """Deliveries in an unfinished state; `oldest` in us since the epoch."""

    state: str
    reason: str | None
    many: int
    oldest: int


class Question(NamedTuple):
    """A decision that is still open; times in us."""

    title: str
    opened_at: int
    expires_at: int | None


def delivered(connection: sqlite3.Connection, chat_id: int, limit: int) -> list[Delivered]:
    """Return the events that were last delivered to a chat, newest first."""
    found = connection.execute(
        "SELECT coalesce(deliveries.sent_at, digests.sent_at) AS at, events.title, "
        "deliveries.merged_into IS NOT NULL FROM deliveries JOIN events ON events.id = deliveries.event "
        "LEFT JOIN deliveries AS digests ON digests.id = deliveries.merged_into "
        "WHERE deliveries.chat_id = ? AND at IS NOT NULL ORDER BY deliveries.id DESC LIMIT ?",
        (chat_id, limit),
    )
    return [Delivered(at, title, bool(digested)) for at, title, digested in found]


def waiting(connection: sqlite3.Connection, chat_id: int) -> list[Waiting]:
    """Count the unfinished deliveries of a chat by state, held ones also by reason."""
    found = connection.execute(
        "SELECT state, NULL, count(*), min(queued_at) FROM deliveries "
        "WHERE state = 'queued' AND chat_id = ?1 GROUP BY state "
        "UNION ALL SELECT state, CASE WHEN state = 'held' THEN reason END AS why, count(*), min(queued_at) "
        "FROM deliveries WHERE state IN ('held', 'sending', 'ambiguous', 'dead') AND chat_id = ?1 "
        "GROUP BY state, why",
        (chat_id,),
    )
    return [Waiting(*row) for row in found]


def questions(connection: sqlite3.Connection, chat_id: int) -> list[Question]:
    """Return the open questions that a chat is asked, oldest first."""
    found = connection.execute(
        "SELECT events.title, opened_at, expires_at FROM decisions "
        "JOIN events ON events.id = decisions.event WHERE decisions.state = 'open' "
        "AND EXISTS (SELECT 1 FROM deliveries "
        "WHERE deliveries.event = events.id AND deliveries.chat_id = ?) ORDER BY opened_at, decisions.id",
        (chat_id,),
    )
    return [Question(*row) for row in found]
