"""Making digests: of a lane that is too full, of what was held while a mode kept it back."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from cctelegram import render
from cctelegram.bridge.payload import Payload, pack
from cctelegram.decisions import ledger
from cctelegram.outbox import deliveries, digest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import tzinfo

    from cctelegram.outbox.digest import Member

# The lane in which what was kept back is told: behind decisions and alerts.
ORDINARY: Final = 2


def of_lane(connection: sqlite3.Connection, chat_id: int, lane: int, now: int, zone: tzinfo) -> int:
    """Tell of what waits in a lane of a chat by one digest; returns how many events are in it."""
    members = digest.waiting(connection, chat_id, lane)
    if members:
        title = f"{len(members)} events at once"
        _make(connection, chat_id, members, title, now, zone=zone, lane=lane, silent=lane >= ORDINARY)
    return len(members)


def of_held(
    connection: sqlite3.Connection, reason: str, title: str, now: int, zone: tzinfo, *, silent: bool
) -> set[int]:
    """Tell of what was held for `reason`; returns the chats for which something is queued now.

    Questions that are still open are not told of: they are asked.
    """
    chats = digest.unhold_notices(connection, reason)
    while found := digest.held(connection, reason):
        asked = [member for _, member in found if _is_open(connection, member)]
        digest.unhold(connection, (member.delivery for member in asked))
        chats |= {chat for chat, member in found if member in asked}
        rest = sorted(
            (pair for pair in found if pair[1] not in asked), key=lambda pair: (pair[0], pair[1].delivery)
        )
        for chat_id, pairs in groupby(rest, key=lambda pair: pair[0]):
            members = [member for _, member in pairs]
            words = title.format(count=len(members))
            _make(connection, chat_id, members, words, now, zone=zone, lane=ORDINARY, silent=silent)
            chats.add(chat_id)
    return chats


def _is_open(connection: sqlite3.Connection, member: Member) -> bool:
    decision = ledger.of_event(connection, member.event)
    return decision is not None and decision.state == "open"


def _make(
    connection: sqlite3.Connection,
    chat_id: int,
    members: Sequence[Member],
    title: str,
    now: int,
    *,
    zone: tzinfo,
    lane: int,
    silent: bool,
) -> None:
    payloads = [pack(Payload(text=text)) for text in render.digest(title, members, zone=zone)]
    into = deliveries.enqueue(connection, chat_id, payloads, now, lane=lane, silent=silent)
    digest.merge(connection, members, into)
