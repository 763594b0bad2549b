"""Digests: of a lane that is too full, and of held deliveries."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from cctelegram import render
from cctelegram.delivery.payload import Payload, pack
from cctelegram.store import deliveries, digest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence
    from datetime import tzinfo

    from cctelegram.store.digest import Member

Target = tuple[int, int | None]  # a chat, and a topic of it

# The lane of a digest of held deliveries: behind decisions and alerts.
ORDINARY: Final = 2


def of_lane(connection: sqlite3.Connection, to: Target, lane: int, now: int, zone: tzinfo) -> int:
    """Merge what waits in a lane of a chat or topic into one digest; return its number of events."""
    members = digest.waiting(connection, *to, lane)
    if members:
        title = f"{_count(members)} events at once"
        _make(connection, to, members, title, now, zone=zone, lane=lane, silent=lane >= ORDINARY)
    return _count(members)


def of_held(
    connection: sqlite3.Connection,
    reasons: Collection[str],
    title: str,
    now: int,
    zone: tzinfo,
    *,
    silent: bool,
) -> set[int]:
    """Merge the deliveries held for any of `reasons` into digests; return the chats with newly queued ones.

    `title` contains `{events}`, which is replaced by the number of events.
    Questions that are still open are asked, not summarized.
    """
    chats = requeue_questions(connection, reasons)
    while found := digest.held(connection, reasons):
        pairs = sorted(found, key=lambda pair: (pair[0][0], pair[0][1] or 0, pair[1].delivery))
        for to, group in groupby(pairs, key=lambda pair: pair[0]):
            members = [member for _, member in group]
            count = _count(members)
            heading = title.format(events=f"{count} event" + "s" * (count != 1))
            _make(connection, to, members, heading, now, zone=zone, lane=ORDINARY, silent=silent)
            chats.add(to[0])
    return chats


def requeue_questions(connection: sqlite3.Connection, reasons: Collection[str]) -> set[int]:
    """Queue the held deliveries that no digest can replace: open questions, and sends that have begun."""
    questions = digest.open_questions(connection, reasons)
    digest.unhold(connection, (delivery for delivery, _ in questions))
    return digest.unhold_begun(connection, reasons) | {chat for _, chat in questions}


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
) -> None:
    payloads = [pack(Payload(text=text)) for text in render.digest(title, members, zone=zone)]
    chat_id, thread_id = to
    into = deliveries.enqueue(
        connection, chat_id, payloads, now, lane=lane, silent=silent, thread_id=thread_id
    )
    digest.merge(connection, members, into)
