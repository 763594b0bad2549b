"""The way of events through the bridge, as the store tells it; every time is one that was recorded, in us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cctelegram.events import traceparent
from cctelegram.store.judgement import DROPPED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

EVENTS: Final = """
SELECT id, intake_key, event_id, type, source, task_id, correlation_id, lane, severity, occurred_at, read_at,
       taken_at, json_extract(body, '$.traceparent'), json_extract(body, '$.data.traceparent')
FROM events WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id
"""
# A delivery that was merged into a digest, or into an equal one, arrives with that.
DELIVERIES: Final = """
SELECT own.event, own.id, own.chat_id, own.thread_id, own.silent, own.state, own.reason, own.queued_at,
       own.rendering_at, own.rendered_at, own.sending_at, own.sent_at, own.merged_into, bots.api_base
FROM deliveries AS own LEFT JOIN bots ON bots.id = own.bot
WHERE own.event IN (SELECT value FROM json_each(?)) ORDER BY own.id
"""
MERGED: Final = """
WITH RECURSIVE chain (id, depth) AS (
    SELECT ?, 0 UNION ALL
    SELECT merged_into, depth + 1 FROM deliveries JOIN chain USING (id)
    WHERE state = 'digested' AND merged_into IS NOT NULL AND depth < 10
)
SELECT own.state, own.rendering_at, own.rendered_at, own.sending_at, own.sent_at, own.id, bots.api_base
FROM chain JOIN deliveries AS own USING (id) LEFT JOIN bots ON bots.id = own.bot
ORDER BY depth DESC LIMIT 1
"""
PARTS: Final = "SELECT message_id, sent_at FROM parts WHERE delivery = ? ORDER BY position"
QUESTION: Final = """
SELECT decisions.opened_at, decisions.state, decisions.closed_at,
       (SELECT min(sent_at) FROM cards WHERE decision = decisions.id),
       (SELECT max(coalesce(written_at, 0)) FROM answers
        WHERE answers.event = decisions.event AND kind = 'decision')
FROM decisions WHERE event = ?
"""
FINISHED: Final = frozenset({"sent", "digested", "ambiguous", "dead"})


class Part(NamedTuple):
    """One message: its id, None when it is unknown, and when it arrived."""

    message_id: int | None
    sent_at: int | None


class Delivery(NamedTuple):
    """One delivery of an event; `message` is the delivery whose message shows it, itself or a digest."""

    number: int
    message: int
    chat_id: int | None
    thread_id: int | None
    silent: bool
    state: str
    reason: str | None
    queued_at: int
    rendering_at: int | None
    rendered_at: int | None
    sending_at: int | None
    sent_at: int | None
    api_base: str | None
    parts: tuple[Part, ...]

    @property
    def failed(self) -> bool:
        """Whether it did not arrive, or may not have; a rule that drops an event is no failure."""
        dropped = (self.reason or "").startswith(f"{DROPPED} ")
        return self.state == "ambiguous" or (self.state == "dead" and not dropped)


class Question(NamedTuple):
    """The decision of an event: when it was asked, shown on a phone, closed, and its answer file written."""

    opened_at: int
    state: str
    closed_at: int | None
    shown_at: int | None
    written_at: int | None


class Journey(NamedTuple):
    """One event, with everything that happened to it."""

    event: int
    intake_key: bytes
    event_id: str
    type: str
    source: str
    task_id: str
    correlation_id: str | None
    lane: int
    severity: str
    occurred_at: int
    read_at: int | None
    taken_at: int
    traceparent: str | None
    deliveries: tuple[Delivery, ...]
    question: Question | None

    @property
    def finished(self) -> bool:
        """Whether nothing more happens to it by itself."""
        answered = self.question is None or (
            self.question.state != "open" and self.question.written_at is not None
        )
        return answered and all(each.state in FINISHED for each in self.deliveries)


def read(connection: sqlite3.Connection, events: Sequence[int]) -> list[Journey]:
    """Return the journeys of these events, without those that were removed."""
    numbers = "[" + ",".join(map(str, events)) + "]"
    by_event: dict[int, list[Delivery]] = {}
    for event, *row in connection.execute(DELIVERIES, (numbers,)).fetchall():
        by_event.setdefault(event, []).append(_delivery(connection, row))
    return [
        Journey._make(
            (
                *row[:-2],
                traceparent.valid(row[-2]) or traceparent.valid(row[-1]),
                tuple(by_event.get(row[0], ())),
                _question(connection, row[0]),
            )
        )
        for row in connection.execute(EVENTS, (numbers,)).fetchall()
    ]


def _delivery(connection: sqlite3.Connection, row: list[Any]) -> Delivery:
    number, chat_id, thread_id, silent, state, reason, queued_at, *times, merged_into, api_base = row
    message = number
    if state == "digested" and merged_into is not None:
        found = connection.execute(MERGED, (merged_into,)).fetchone()
        if found is None:  # retention removed it: it was finished
            state, times = "sent", [None, None, None, None]
        else:
            state, *times, message, api_base = found
    parts = tuple(Part(*part) for part in connection.execute(PARTS, (message,)))
    return Delivery._make(
        (number, message, chat_id, thread_id, bool(silent), state, reason, queued_at, *times, api_base, parts)
    )


def _question(connection: sqlite3.Connection, event: int) -> Question | None:
    row = connection.execute(QUESTION, (event,)).fetchone()
    return None if row is None else Question._make((*row[:4], row[4] or None))
