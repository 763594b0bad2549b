"""Digests: of a lane that is too full, and of held deliveries; their members, and merging them.

A member of a digest is `digested` and names the delivery it is merged into, so that each event can be
followed to its message.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from cctelegram import render
from cctelegram.delivery.payload import Payload, pack
from cctelegram.events.lane import Lane
from cctelegram.store import deliveries

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import tzinfo

Target = tuple[int, int | None]  # a chat, and a topic of it

# Maximum number of members of a digest: its full list is a few messages, not a hundred.
MOST: Final = 400


class Member(NamedTuple):
    """A delivery as a member of a digest; `occurred_at` in us since the epoch."""

    delivery: int
    event: int
    event_id: str
    type: str
    severity: str
    title: str
    occurred_at: int
    times: int = 1  # equal events that it represents


class Made(NamedTuple):
    """Digests were made: the chats with newly queued deliveries, and how many events are in the digests."""

    chats: Collection[int]
    events: int


NONE: Final = Made(frozenset(), 0)
SELECT: Final = """
SELECT deliveries.id, events.id, events.event_id, events.type, events.severity, events.title,
       events.occurred_at, deliveries.times
FROM deliveries JOIN events ON events.id = deliveries.event
"""


class Digest(NamedTuple):
    """A digest that was queued: its delivery, its number of events, and the ids of those it lists."""

    delivery: int
    events: int
    event_ids: list[str]


def of_lane(connection: sqlite3.Connection, to: Target, lane: int, now: int, zone: tzinfo) -> Digest | None:
    """Merge what waits in a lane of a chat or topic into one digest, and return it; None without any."""
    members = waiting(connection, *to, lane)
    if not members:
        return None
    title = f"{_count(members)} events at once"
    return _make(connection, to, members, title, now, zone=zone, lane=lane, silent=lane >= Lane.ORDINARY)


def of_held(
    connection: sqlite3.Connection,
    reasons: Collection[str],
    title: str,
    now: int,
    zone: tzinfo,
    *,
    silent: bool,
    made: Callable[[Digest], None] = lambda _: None,
) -> Made:
    """Merge the deliveries held for any of `reasons` into digests.

    Questions that are still open are asked, not summarized.

    Args:
        title: contains `{events}`, which is replaced by the number of events.
        made: called with each digest, inside the transaction; a list of all would be as long as the backlog.
    """
    chats, events = requeue_questions(connection, reasons), 0
    while found := held(connection, reasons):
        pairs = sorted(found, key=lambda pair: (pair[0][0], pair[0][1] or 0, pair[1].delivery))
        for to, group in groupby(pairs, key=lambda pair: pair[0]):
            members = [member for _, member in group]
            count = _count(members)
            words = title.format(events=f"{count} event" + "s" * (count != 1))
            made(_make(connection, to, members, words, now, zone=zone, lane=Lane.ORDINARY, silent=silent))
            chats.add(to[0])
            events += count
    return Made(chats, events)


def requeue_questions(connection: sqlite3.Connection, reasons: Collection[str]) -> set[int]:
    """Queue the held deliveries that no digest can replace: open questions, and sends that have begun."""
    open_ones = open_questions(connection, reasons)
    unhold(connection, (delivery for delivery, _ in open_ones))
    return unhold_begun(connection, reasons) | {chat for _, chat in open_ones}


def _count(members: Sequence[Member]) -> int:
    return sum(member.times for member in members)


def _make(
    connection: sqlite3.Connection,
    to: Target,
    members: Sequence[Member],
    title: str,
    now: int,
    *,
    zone: tzinfo,
    lane: int,
    silent: bool,
) -> Digest:
    payloads = [pack(Payload(text=text)) for text in render.digest(title, members, zone=zone)]
    chat_id, thread_id = to
    into = deliveries.enqueue(
        connection, chat_id, payloads, now, lane=lane, silent=silent, thread_id=thread_id
    )
    merge(connection, members, into)
    return Digest(into, _count(members), [member.event_id for member in members])


def waiting(
    connection: sqlite3.Connection, chat_id: int, thread_id: int | None, lane: int, limit: int = MOST
) -> list[Member]:
    """Return the queued deliveries without parts in a lane of a chat or topic, oldest first."""
    found = connection.execute(
        SELECT  # noqa: S608 - a constant
        + "WHERE deliveries.chat_id = ? AND deliveries.lane = ? AND deliveries.state = 'queued' "
        "AND deliveries.thread_id IS ? "
        "AND NOT EXISTS (SELECT 1 FROM parts WHERE parts.delivery = deliveries.id) "
        "ORDER BY deliveries.id LIMIT ?",
        (chat_id, lane, thread_id, limit),
    )
    return [Member(*row) for row in found]


def crowded(
    connection: sqlite3.Connection, chat_id: int, thread_id: int | None, lane: int, bound: int
) -> bool:
    """Whether more than `bound` events wait in a lane of a chat or topic."""
    (count,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE state = 'queued' AND chat_id = ? AND lane = ? "
        "AND thread_id IS ? AND event IS NOT NULL LIMIT ?)",
        (chat_id, lane, thread_id, bound + 1),
    ).fetchone()
    return int(count) > bound


def held(
    connection: sqlite3.Connection, reasons: Collection[str], limit: int = MOST
) -> list[tuple[tuple[int, int | None], Member]]:
    """Return deliveries held for any of these reasons, as ((chat, topic), member), oldest first."""
    found = connection.execute(
        SELECT.replace("SELECT ", "SELECT deliveries.chat_id, deliveries.thread_id, ", 1)  # noqa: S608 - a constant
        + "WHERE deliveries.state = 'held' AND deliveries.reason IN (SELECT value FROM json_each(?)) "
        "AND deliveries.chat_id IS NOT NULL ORDER BY deliveries.id LIMIT ?",
        (_json(reasons), limit),
    )
    return [((row[0], row[1]), Member(*row[2:])) for row in found]


def reasons_held(connection: sqlite3.Connection) -> set[str]:
    """Return the reasons for which deliveries are held."""
    found = connection.execute("SELECT DISTINCT reason FROM deliveries WHERE state = 'held'")
    return {reason for (reason,) in found}


def count_reasons(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of held deliveries that have a chat, by reason."""
    return dict(
        connection.execute(
            "SELECT reason, count(*) FROM deliveries WHERE state = 'held' AND chat_id IS NOT NULL "
            "AND reason IS NOT NULL GROUP BY reason"
        ).fetchall()
    )


def hold_queued(connection: sqlite3.Connection, reason: str) -> int:
    """Hold all queued deliveries except those an operator ordered and notices in the first lane.

    The latter are the answers to a person's commands.
    """
    return connection.execute(
        "UPDATE deliveries SET state = 'held', reason = ? "
        "WHERE state = 'queued' AND ordered = 0 AND (event IS NOT NULL OR lane != ?)",
        (reason, Lane.DECISIONS),
    ).rowcount


def hold_again(connection: sqlite3.Connection, reasons: Collection[str], reason: str) -> int:
    """Set one reason for deliveries held for several, so that one digest reports them."""
    return connection.execute(
        "UPDATE deliveries SET reason = ? "
        "WHERE state = 'held' AND reason IN (SELECT value FROM json_each(?))",
        (reason, _json(reasons)),
    ).rowcount


def unhold_begun(connection: sqlite3.Connection, reasons: Collection[str]) -> set[int]:
    """Queue again the held deliveries that cannot join a digest; return their chats.

    These are notices, and deliveries that are partly sent: a message of which a part is on the phone, or may
    be, continues where it stopped.
    """
    found = connection.execute(
        "UPDATE deliveries SET state = 'queued', reason = NULL WHERE state = 'held' "
        "AND reason IN (SELECT value FROM json_each(?)) AND (event IS NULL OR unclear > 0 OR EXISTS "
        "(SELECT 1 FROM parts WHERE parts.delivery = deliveries.id AND parts.sent_at IS NOT NULL)) "
        "RETURNING chat_id",
        (_json(reasons),),
    )
    return {chat_id for (chat_id,) in found.fetchall()}


def unhold(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Queue held deliveries again."""
    connection.executemany(
        "UPDATE deliveries SET state = 'queued', reason = NULL WHERE id = ? AND state = 'held'",
        ((number,) for number in numbers),
    )


def open_questions(connection: sqlite3.Connection, reasons: Collection[str]) -> list[tuple[int, int]]:
    """Return the deliveries of open decisions that are held for any of these reasons, with their chats."""
    return connection.execute(
        "SELECT deliveries.id, deliveries.chat_id FROM deliveries "
        "JOIN decisions ON decisions.event = deliveries.event WHERE deliveries.state = 'held' "
        "AND deliveries.reason IN (SELECT value FROM json_each(?)) "
        "AND deliveries.chat_id IS NOT NULL AND decisions.state = 'open'",
        (_json(reasons),),
    ).fetchall()


def merge(connection: sqlite3.Connection, members: Iterable[Member], into: int) -> None:
    """Merge members into a digest; delete their rendered, unsent parts."""
    merged = [(into, member.delivery) for member in members]
    connection.executemany(
        "UPDATE deliveries SET state = 'digested', reason = NULL, merged_into = ? WHERE id = ?", merged
    )
    connection.executemany("DELETE FROM parts WHERE delivery = ?", ((delivery,) for _, delivery in merged))


def _json(words: Collection[str]) -> str:
    return msgspec.json.encode(list(words)).decode()
