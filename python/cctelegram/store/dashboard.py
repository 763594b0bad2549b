"""What the dashboard shows of the store: why deliveries wait, open questions, newest events and their way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cctelegram.store.lookup import UNFINISHED_FIRST

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

# Worded as in the index `deliveries_open`: SQLite uses a partial index only for the same terms.
OPEN: Final = "state IN ('held', 'sending', 'ambiguous', 'dead')"


# The chats with queued deliveries, by one look into the index for each: a backlog is never read through.
CHATS: Final = """
WITH RECURSIVE above (chat) AS (
    SELECT min(chat_id) FROM deliveries WHERE state = 'queued' AND chat_id IS NOT NULL
    UNION ALL SELECT (SELECT min(chat_id) FROM deliveries WHERE state = 'queued' AND chat_id > above.chat)
    FROM above WHERE above.chat IS NOT NULL
), chats (chat) AS (SELECT chat FROM above)
"""
HEADS: Final = f"""
{CHATS} SELECT lane, chat_id, attempts, not_before, reason FROM deliveries WHERE id IN (
    SELECT min(first) FROM (
        SELECT lanes.value AS lane, (SELECT min(id) FROM deliveries
            WHERE state = 'queued' AND chat_id IS chats.chat AND lane = lanes.value) AS first
        FROM chats, json_each('[0, 1, 2, 3]') AS lanes)
    GROUP BY lane) ORDER BY lane
"""  # noqa: S608 - constants


class Held(NamedTuple):
    """Deliveries held in a lane for one reason."""

    lane: int
    reason: str | None
    deliveries: int


class Head(NamedTuple):
    """The first queued delivery of a lane; `not_before` in us, `reason` of its last failure."""

    lane: int
    chat_id: int | None
    attempts: int
    not_before: int
    reason: str | None


def held(connection: sqlite3.Connection) -> list[Held]:
    """Count held deliveries by lane and reason."""
    found = connection.execute(
        f"SELECT lane, reason, count(*) FROM deliveries WHERE {OPEN} AND state = 'held' "  # noqa: S608 - constants
        "GROUP BY lane, reason ORDER BY lane, count(*) DESC"
    )
    return [Held(*row) for row in found]


def heads(connection: sqlite3.Connection) -> list[Head]:
    """Return the first queued delivery of each lane, over all chats."""
    found = connection.execute(HEADS)
    return [Head(*row) for row in found]


def questions(connection: sqlite3.Connection, limit: int) -> list[dict[str, Any]]:
    """Return open decisions, oldest first, each with the message that asks; times in us."""
    found = connection.execute(
        "SELECT decisions.id, events.event_id, events.title, opened_at, expires_at FROM decisions "
        "JOIN events ON events.id = decisions.event WHERE decisions.state = 'open' "
        "ORDER BY opened_at, decisions.id LIMIT ?",
        (limit,),
    ).fetchall()
    return [
        {
            "event_id": event_id,
            "title": title,
            "opened_at": opened_at,
            "expires_at": expires_at,
            **_card(connection, decision),
        }
        for decision, event_id, title, opened_at, expires_at in found
    ]


def newest(connection: sqlite3.Connection, limit: int) -> list[dict[str, Any]]:
    """Return the newest events, each with its deliveries and the times of its steps, in us.

    `steps` are `occurred`, `stored`, `sending` (the last try), `sent`, `answered` and `answer_file`, those
    that were reached; of several recipients the first to get it counts.
    """
    rows = connection.execute(
        "SELECT events.id, event_id, type, title, source, severity, lane, occurred_at, taken_at, "
        "decisions.state, decisions.closed_at FROM events LEFT JOIN decisions ON decisions.event = events.id "
        "ORDER BY events.id DESC LIMIT ?",
        (limit,),
    ).fetchall()
    events = [row[0] for row in rows]
    sent = _deliveries(connection, events)
    files = _answer_files(connection, events)
    return [_event(row, sent.get(row[0], []), files.get(row[0])) for row in rows]


def _card(connection: sqlite3.Connection, decision: int) -> dict[str, Any]:
    row = connection.execute(
        "SELECT cards.chat_id, deliveries.thread_id, cards.message_id FROM cards "
        "JOIN deliveries ON deliveries.id = cards.delivery "
        "WHERE decision = ? AND message_id IS NOT NULL ORDER BY cards.id LIMIT 1",
        (decision,),
    ).fetchone()
    chat_id, thread_id, message_id = row or (None, None, None)
    return {"chat_id": chat_id, "thread_id": thread_id, "message_id": message_id}


def _deliveries(connection: sqlite3.Connection, events: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    names = ("state", "reason", "chat_id", "attempts", "note", "sending_at", "sent_at")
    found: dict[int, list[dict[str, Any]]] = {}
    for event, into, *row in connection.execute(
        f"SELECT event, merged_into, {', '.join(names)} FROM deliveries WHERE event IN ({_marks(events)}) "  # noqa: S608
        "ORDER BY id",
        events,
    ).fetchall():
        one = dict(zip(names, row, strict=True))
        if into is not None:
            one["sending_at"], one["sent_at"] = _told_by(connection, into)
        found.setdefault(event, []).append(one)
    return found


def _told_by(connection: sqlite3.Connection, into: int) -> tuple[int | None, int | None]:
    """Return when the digest that a delivery is merged into was last tried, and sent."""
    further: int | None = into
    times: tuple[int | None, int | None] = (None, None)
    while further is not None:
        sending_at, sent_at, further = connection.execute(
            "SELECT sending_at, sent_at, merged_into FROM deliveries WHERE id = ?", (further,)
        ).fetchone()
        times = (sending_at, sent_at)
    return times


def _answer_files(connection: sqlite3.Connection, events: Sequence[int]) -> dict[int, int]:
    return dict(
        connection.execute(
            f"SELECT event, max(written_at) FROM answers WHERE event IN ({_marks(events)}) "  # noqa: S608
            "AND kind = 'decision' AND written_at IS NOT NULL GROUP BY event",
            events,
        ).fetchall()
    )


def _event(row: tuple[Any, ...], sent: list[dict[str, Any]], written_at: int | None) -> dict[str, Any]:
    _, event_id, kind, title, source, severity, lane, occurred_at, taken_at, decision, closed_at = row
    states = [one["state"] for one in sent]
    steps = {
        "occurred": occurred_at,
        "stored": taken_at,
        "sending": _first(one["sending_at"] for one in sent),
        "sent": _first(one["sent_at"] for one in sent),
        "answered": closed_at if decision == "answered" else None,
        "answer_file": written_at,
    }
    return {
        "event_id": event_id,
        "type": kind,
        "title": title,
        "source": source,
        "severity": severity,
        "lane": lane,
        "state": next((state for state in UNFINISHED_FIRST if state in states), "queued"),
        "decision": decision,
        "deliveries": sent,
        "steps": [{"step": step, "at": at} for step, at in steps.items() if at is not None],
    }


def _first(times: Any) -> int | None:
    return min((at for at in times if at is not None), default=None)


def _marks(values: Sequence[int]) -> str:
    return ", ".join("?" * len(values))
