"""The outbox for an operator: a list of deliveries, or one delivery in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

STATES: Final = ("queued", "held", "sending", "sent", "digested", "ambiguous", "dead")
# Unfinished, or needing attention: shown when no state is asked for.
OPEN: Final = ("queued", "held", "sending", "ambiguous", "dead")

# A notice has no event: its first line is its title, while its text is kept.
TITLE: Final = """
coalesce(events.title,
    (SELECT 'digest of ' || count(*) || ' events' FROM deliveries AS members
     WHERE members.merged_into = deliveries.id HAVING count(*) > 0),
    (SELECT json_extract(payload, '$.text.text') FROM parts WHERE parts.delivery = deliveries.id
     AND position = 0), 'notice of the bridge')
"""
SELECT: Final = f"""
SELECT deliveries.id, events.event_id, events.type, deliveries.state, deliveries.lane, deliveries.chat_id,
       deliveries.thread_id, deliveries.queued_at, deliveries.sending_at, deliveries.sent_at,
       deliveries.not_before, deliveries.attempts, deliveries.unclear, deliveries.reason,
       deliveries.merged_into, deliveries.note, {TITLE}
FROM deliveries LEFT JOIN events ON events.id = deliveries.event
"""  # noqa: S608 - constants
NAMES: Final = (
    "delivery",
    "event_id",
    "type",
    "state",
    "lane",
    "chat_id",
    "thread_id",
    "queued_at",
    "sending_at",
    "sent_at",
    "not_before",
    "attempts",
    "repeats",
    "reason",
    "merged_into",
    "note",
    "title",
)


def listed(
    connection: sqlite3.Connection, states: Sequence[str], chat_id: int | None, limit: int
) -> dict[str, Any]:
    """Return `total` and at most `limit` `deliveries` in these states, newest first; times in us.

    Without states, those that are unfinished or need attention.
    """
    chosen = list(states) or list(OPEN)
    where = f"deliveries.state IN ({', '.join('?' * len(chosen))}) AND (?{len(chosen) + 1} IS NULL "
    where += f"OR deliveries.chat_id = ?{len(chosen) + 1})"
    (total,) = connection.execute(
        f"SELECT count(*) FROM deliveries WHERE {where}",  # noqa: S608 - placeholders
        (*chosen, chat_id),
    ).fetchone()
    found = connection.execute(
        f"{SELECT} WHERE {where} ORDER BY deliveries.id DESC LIMIT ?", (*chosen, chat_id, limit)
    )
    return {"total": int(total), "deliveries": [_one(row) for row in found]}


def shown(connection: sqlite3.Connection, delivery: int) -> dict[str, Any]:
    """Return a delivery in full: its parts with the cursor, its digest, its members, its steps.

    Raises KeyError when there is no such delivery.
    """
    row = connection.execute(f"{SELECT} WHERE deliveries.id = ?", (delivery,)).fetchone()
    if row is None:
        raise KeyError(delivery)
    parts = [
        {"position": position, "message_id": message_id, "sent_at": sent_at, "state": state}
        for position, message_id, sent_at, state in connection.execute(
            "SELECT position, message_id, sent_at, CASE WHEN message_id IS NOT NULL THEN 'sent' "
            "WHEN sent_at IS NOT NULL THEN 'unclear' ELSE 'to be sent' END FROM parts WHERE delivery = ? "
            "ORDER BY position",
            (delivery,),
        )
    ]
    members = connection.execute(
        "SELECT deliveries.id, events.event_id, events.title FROM deliveries "
        "JOIN events ON events.id = deliveries.event WHERE merged_into = ? ORDER BY deliveries.id",
        (delivery,),
    )
    one = _one(row)
    return {
        **one,
        "parts": parts,
        "cursor": next((part["position"] for part in parts if part["state"] == "to be sent"), None),
        "members": [dict(zip(("delivery", "event_id", "title"), member, strict=True)) for member in members],
        "way": _steps(connection, one, parts),
    }


def _one(row: tuple[Any, ...]) -> dict[str, Any]:
    one = dict(zip(NAMES, row, strict=True))
    one["title"] = str(one["title"]).partition("\n")[0]
    return one


def _steps(
    connection: sqlite3.Connection, one: dict[str, Any], parts: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the steps of a delivery so far, oldest first: `at` (us) and `step`."""
    steps: list[tuple[int | None, str]] = [
        (one["queued_at"], "queued for the chat"),
        (one["sending_at"], "last try started"),
    ]
    event = connection.execute(
        "SELECT occurred_at, taken_at, decisions.state, decisions.opened_at, decisions.closed_at "
        "FROM events LEFT JOIN decisions ON decisions.event = events.id WHERE event_id = ?",
        (one["event_id"],),
    ).fetchone()
    if event is not None:
        occurred_at, taken_at, decision, _, closed_at = event
        steps += [(occurred_at, "occurred, according to the producer"), (taken_at, "taken from the spool")]
        steps.append((closed_at, f"question {decision}"))
    steps += [
        (part["sent_at"], f"part {part['position'] + 1} of {len(parts)}: message {part['message_id']}")
        for part in parts
        if part["message_id"] is not None
    ]
    into = one["merged_into"]
    while into is not None:
        sent_at, further = connection.execute(
            "SELECT sent_at, merged_into FROM deliveries WHERE id = ?", (into,)
        ).fetchone()
        steps.append((sent_at, f"merged into delivery {into}"))
        into = further
    return [{"at": at, "step": step} for at, step in sorted(s for s in steps if s[0] is not None)]
