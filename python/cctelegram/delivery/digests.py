"""Digests: of a lane that is too full, and of held deliveries."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from cctelegram import render
from cctelegram.delivery.payload import Payload, pack
from cctelegram.events.lane import Lane
from cctelegram.store import deliveries, digest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence
    from datetime import tzinfo

    from cctelegram.store.digest import Member

Place = tuple[int, int | None]  # a chat, and a topic of it


def of_lane(connection: sqlite3.Connection, to: Place, lane: int, now: int, zone: tzinfo) -> int:
    """Merge what waits in a lane of a chat or topic into one digest; return its number of events."""
    members = digest.waiting(connection, *to, lane)
    if members:
        title = f"{_count(members)} events at once"
        _make(connection, to, members, title, now, zone=zone, lane=lane, silent=lane >= Lane.ORDINARY)
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
    chats = ask_again(connection, reasons)
    while found := digest.held(connection, reasons):
        pairs = sorted(found, key=lambda pair: (pair[0][0], pair[0][1] or 0, pair[1].delivery))
        for to, group in groupby(pairs, key=lambda pair: pair[0]):
            members = [member for _, member in group]
            count = _count(members)
            words = title.format(events=f"{count} event" + "s" * (count != 1))
            _make(connection, to, members, words, now, zone=zone, lane=Lane.ORDINARY, silent=silent)
            chats.add(to[0])
    return chats


def ask_again(connection: sqlite3.Connection, reasons: Collection[str]) -> set[int]:
    """Queue the held deliveries that no digest can replace: open questions, and sends that have begun."""
    open_ones = digest.open_questions(connection, reasons)
    digest.unhold(connection, (delivery for delivery, _ in open_ones))
    return digest.unhold_begun(connection, reasons) | {chat for _, chat in open_ones}


def _count(members: Sequence[Member]) -> int:
    return sum(member.times for member in members)


def _make(
    connection: sqlite3.Connection,
    to: Place,
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
