"""Operator actions for a delivery: retry and drop.

    dead, ambiguous, held -> queued      retry; a part that may be on the phone already is sent with a mark
    queued, held, ambiguous -> dead      drop

Each is one step of one delivery in the caller's transaction; none touches a delivery in flight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

DROPPED: Final = "dropped by the operator"
ORDERED: Final = "sent by order of the operator"


class Impossible(ValueError):
    """An operator action is not possible; the message is a sentence for the operator."""


def named(connection: sqlite3.Connection, which: str) -> list[int]:
    """Return the deliveries that an operator names: one by number, or all of an event by its id.

    `delivery:12` and `event:12` are explicit where a number could be either.

    Raises:
        Impossible: there is none, or the name is ambiguous.
    """
    kind, _, rest = which.partition(":")
    found = set()
    for subject, text in (("event", which), ("delivery", which), (kind, rest)):
        if subject == "event":
            rows = connection.execute(
                "SELECT deliveries.id FROM deliveries JOIN events ON events.id = deliveries.event "
                "WHERE events.event_id = ? ORDER BY deliveries.id",
                (text,),
            ).fetchall()
        elif subject == "delivery" and text.isascii() and text.isdigit() and len(text) < 19:
            rows = connection.execute("SELECT id FROM deliveries WHERE id = ?", (int(text),)).fetchall()
        else:
            continue
        if rows:
            found.add(tuple(int(row) for (row,) in rows))
    if not found:
        raise Impossible(
            f"There is no delivery {which} and no event with that id in the store. The event's file may "
            "still be in events/."
        )
    if len(found) > 1:
        raise Impossible(
            f"{which} is the number of a delivery and the id of an event: write delivery:{which} or "
            f"event:{which}."
        )
    return list(found.pop())


def is_ordered(connection: sqlite3.Connection, delivery: int) -> bool:
    """Whether an operator ordered a delivery to be sent: no mode and no quiet hours hold it."""
    row = connection.execute("SELECT ordered FROM deliveries WHERE id = ?", (delivery,)).fetchone()
    return row is not None and row[0] == 1


def state(connection: sqlite3.Connection, delivery: int) -> str:
    """Return a delivery's state. Raises KeyError when there is no such delivery."""
    row = connection.execute("SELECT state FROM deliveries WHERE id = ?", (delivery,)).fetchone()
    if row is None:
        raise KeyError(delivery)
    return str(row[0])


def retry(connection: sqlite3.Connection, delivery: int) -> str:
    """Queue a delivery to be sent now, of a long one only the missing parts; return its state before.

    A part that was skipped as unclear is sent, with the mark of a repeat. A delivery that is queued already
    no longer waits for its next try.

    Raises:
        Impossible: it is in flight, sent, merged into another, or has no chat.
    """
    before = state(connection, delivery)
    if before in ("sending", "sent", "digested"):
        raise Impossible(_settled(connection, delivery, before))
    (chat_id, unclear) = connection.execute(
        "SELECT chat_id, unclear FROM deliveries WHERE id = ?", (delivery,)
    ).fetchone()
    if chat_id is None:
        raise Impossible(f"Delivery {delivery} has no recipient yet: set telegram.allowed_users.")
    if before in ("queued", "held"):
        connection.execute(
            "UPDATE deliveries SET state = 'queued', ordered = 1, not_before = 0, "
            "reason = CASE WHEN state = 'held' THEN ? ELSE reason END WHERE id = ?",
            (ORDERED, delivery),
        )
        return before
    if unclear:
        # It became dead on the repeat of a part with unknown delivery status.
        connection.execute(
            "UPDATE parts SET unclear = 1 WHERE id = (SELECT id FROM parts WHERE delivery = ? "
            "AND sent_at IS NULL ORDER BY position LIMIT 1)",
            (delivery,),
        )
    connection.execute(
        "UPDATE parts SET sent_at = NULL, unclear = 1 "
        "WHERE delivery = ? AND sent_at IS NOT NULL AND message_id IS NULL",
        (delivery,),
    )
    connection.execute(
        "UPDATE deliveries SET state = 'queued', ordered = 1, reason = ?, not_before = 0, attempts = 0, "
        "unclear = 0, crashed = 0, sent_at = NULL WHERE id = ?",
        (ORDERED, delivery),
    )
    return before


def drop(connection: sqlite3.Connection, delivery: int) -> str:
    """Make a delivery dead for good: neither sent nor retried with all dead letters; return its state before.

    Raises:
        Impossible: it is in flight, sent, or merged into another.
    """
    before = state(connection, delivery)
    if before in ("sending", "sent", "digested"):
        raise Impossible(_settled(connection, delivery, before))
    connection.execute(
        "UPDATE deliveries SET reason = CASE WHEN substr(reason, 1, length(?1)) = ?1 THEN reason "
        "WHEN state IN ('dead', 'ambiguous') AND reason IS NOT NULL THEN ?1 || '; before: ' || reason "
        "ELSE ?1 END, "
        "state = 'dead' WHERE id = ?2",
        (DROPPED, delivery),
    )
    return before


def dead(connection: sqlite3.Connection) -> list[int]:
    """Return the dead letters that no operator dropped, oldest first."""
    found = connection.execute(
        "SELECT id FROM deliveries WHERE state = 'dead' "
        "AND substr(coalesce(reason, ''), 1, length(?1)) != ?1 ORDER BY id",
        (DROPPED,),
    )
    return [int(row) for (row,) in found]


def event_ids(connection: sqlite3.Connection, numbers: Iterable[int]) -> list[str]:
    """Return the ids of the events of these deliveries, in their order, each once; a notice has none."""
    found = (
        connection.execute(
            "SELECT event_id FROM events JOIN deliveries ON deliveries.event = events.id "
            "WHERE deliveries.id = ?",
            (number,),
        ).fetchone()
        for number in numbers
    )
    return list(dict.fromkeys(str(row[0]) for row in found if row is not None))


def chats(connection: sqlite3.Connection, numbers: Iterable[int]) -> set[int]:
    """Return the chats of these deliveries."""
    found = (
        connection.execute("SELECT chat_id FROM deliveries WHERE id = ?", (number,)).fetchone()
        for number in numbers
    )
    return {int(chat_id) for (chat_id,) in found if chat_id is not None}


def dead_event(connection: sqlite3.Connection, delivery: int) -> int | None:
    """Return the event of a delivery when all deliveries of that event are dead, else None."""
    row = connection.execute(
        "SELECT event FROM deliveries WHERE id = ? AND event IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM deliveries AS other WHERE other.event = deliveries.event AND other.state != 'dead')",
        (delivery,),
    ).fetchone()
    return None if row is None else int(row[0])


def _settled(connection: sqlite3.Connection, delivery: int, now: str) -> str:
    if now == "sending":
        return f"Delivery {delivery} is being sent; try again in a few seconds."
    if now == "sent":
        return f"Delivery {delivery} was sent: all of it is on the phone."
    (into,) = connection.execute("SELECT merged_into FROM deliveries WHERE id = ?", (delivery,)).fetchone()
    return f"Delivery {delivery} is merged into delivery {into}: use that number."
