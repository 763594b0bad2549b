"""The delivery state of one event: queued, held, sent, digested, ambiguous, dead, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3


def delivery(connection: sqlite3.Connection, event_id: str) -> dict[str, Any] | None:
    """Return an event's deliveries as /deliveries shows them, or None when the store does not know it.

    `state` is the one that is furthest from done over all recipients; times are us since the epoch. A
    delivery that is merged into another has the other's message ids and `sent_at`, and the other as `digest`.
    """
    event = connection.execute(
        "SELECT id, type, title, taken_at FROM events WHERE event_id = ?", (event_id,)
    ).fetchone()
    if event is None:
        return None
    rows = connection.execute(
        "SELECT id, chat_id, state, reason, attempts, unclear, queued_at, sent_at, note, merged_into "
        "FROM deliveries WHERE event = ? ORDER BY id",
        (event[0],),
    ).fetchall()
    found = [
        {
            "delivery": row,
            "chat_id": chat_id,
            "state": state,
            "reason": reason,
            "attempts": attempts,
            "repeats": unclear,
            "queued_at": queued_at,
            "sent_at": sent_at,
            "note": note,
            "message_ids": _message_ids(connection, row),
            **({} if into is None else _digest_of(connection, into)),
        }
        for row, chat_id, state, reason, attempts, unclear, queued_at, sent_at, note, into in rows
    ]
    states = [one["state"] for one in found]
    furthest = next((state for state in UNFINISHED_FIRST if state in states), "queued")
    return {
        "event_id": event_id,
        "type": event[1],
        "title": event[2],
        "taken_at": event[3],
        "state": furthest,
        "deliveries": found,
    }


UNFINISHED_FIRST = ("queued", "sending", "held", "ambiguous", "dead", "digested", "sent")


def _digest_of(connection: sqlite3.Connection, into: int) -> dict[str, Any]:
    """Return the digest, its message ids and `sent_at` for a delivery merged `into` another."""
    while True:
        row = connection.execute(
            "SELECT merged_into, state, reason, sent_at FROM deliveries WHERE id = ?", (into,)
        ).fetchone()
        further, state, reason, sent_at = row
        if further is None:
            break
        into = further
    message_ids = _message_ids(connection, into)
    digest = {"delivery": into, "state": state, "reason": reason, "message_ids": message_ids}
    return {"digest": digest, "sent_at": sent_at, "message_ids": message_ids}


def _message_ids(connection: sqlite3.Connection, delivery: int) -> list[int]:
    found = connection.execute(
        "SELECT message_id FROM parts WHERE delivery = ? AND message_id IS NOT NULL ORDER BY position",
        (delivery,),
    )
    return [int(message_id) for (message_id,) in found]
