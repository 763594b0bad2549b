"""Intake of a batch into the store: each event once, none lost because its id is reused."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from cctelegram.events import traceparent
from cctelegram.store.judgement import by_lane
from cctelegram.store.retention import is_forgotten

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from cctelegram.store.judgement import Judge, Judgement

Row = tuple[Any, ...]

# Indexes of the columns of an event row (`events.EVENT_COLUMNS`). The body is bytes in a row that was just
# taken, and text in a row that was read from the store.
INTAKE_KEY: Final = 0
EVENT_ID: Final = 1
TYPE: Final = 2
TITLE: Final = 3
SOURCE: Final = 4
LANE: Final = 7
SEVERITY: Final = 8
OCCURRED_AT: Final = 9
BODY: Final = 10
# The type of an event that asks a person for a decision.
QUESTION: Final = "approval_request"
# Bytes of a body from which an extra statement pays off: it releases the memory of the body.
LARGE: Final = 65_536

INSERT: Final = """
INSERT INTO events (id, intake_key, event_id, type, title, source, task_id, correlation_id, lane, severity,
                    occurred_at, body, warnings, taken_at, read_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?, ?, ?)
ON CONFLICT DO NOTHING
"""

DELIVERY: Final = """
INSERT INTO deliveries (event, chat_id, thread_id, lane, state, silent, reason, queued_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
# Rows of a multi-row insert: the fixed cost of a statement is half that of a small row.
TOGETHER: Final = 16
DELIVERIES: Final = DELIVERY + ", (?, ?, ?, ?, ?, ?, ?, ?)" * (TOGETHER - 1)

SELECT: Final = """
SELECT intake_key, event_id, type, title, source, task_id, correlation_id, lane, severity,
       occurred_at, body, warnings
FROM events WHERE id = ?
"""


# A body without this key has no trace, and is not decoded for one.
TRACED: Final = b'"traceparent"'
# Both places of it, as a JSON array; null for an event without one.
TRACEPARENTS: Final = """
CASE WHEN instr(events.body, '"traceparent"') AND json_valid(events.body) THEN
     json_extract(events.body, '$.traceparent', '$.data.traceparent') END
"""
HEAD: Final = f"SELECT event_id, occurred_at, length(body), {TRACEPARENTS} FROM events WHERE id = ?"  # noqa: S608 - a constant


class Recipient(NamedTuple):
    """A recipient of an event; `chat_id` is None while there are no allowed users."""

    chat_id: int | None
    thread_id: int | None = None


class Accepted(NamedTuple):
    """An event that is new to the store, and its row as stored (the id may have become `<id>~2`)."""

    event: int
    row: Row


def accept(
    connection: sqlite3.Connection,
    rows: Sequence[Row],
    recipients: Callable[[Row], Iterable[Recipient]],
    now: int,
    *,
    judge: Judge = by_lane,
    read_at: int | None = None,
) -> list[Accepted]:
    """Store the events of `rows` that are new, each with a delivery to each of its recipients.

    An event whose intake key is known is the same file read again after a crash: it is skipped. An
    `event_id` that is known under another intake key is a new event that reuses the id: it becomes
    `<id>~2`, `<id>~3`, ...

    Args:
        rows: in `events.EVENT_COLUMNS` order, in the order of sending.
        recipients: returns the recipients of an event, at least one; one without chat makes a held delivery.
        now: microseconds since the epoch.
        judge: returns how a row is to be delivered.
        read_at: when reading of the batch began, in microseconds since the epoch.
    """
    unknown = _unknown(connection, rows)
    new = _insert(connection, unknown, now, read_at)
    if any(len(row[BODY]) > LARGE for row in unknown):
        # SQLite keeps the last bound values in memory: bind a known row again, without its body.
        known = unknown[-1]
        connection.execute(INSERT, (None, *known[:BODY], "", None, now, read_at))
    _queue(
        connection,
        [
            _delivery(accepted, recipient, now, judgement)
            for accepted in new
            for judgement in (judge(accepted.row),)
            for recipient in recipients(accepted.row)
        ],
    )
    return new


def _queue(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Insert deliveries in their order, most of them by multi-row statements."""
    apart = len(rows) - len(rows) % TOGETHER
    several = (rows[begin : begin + TOGETHER] for begin in range(0, apart, TOGETHER))
    connection.executemany(DELIVERIES, (tuple(chain.from_iterable(group)) for group in several))
    connection.executemany(DELIVERY, rows[apart:])


def _unknown(connection: sqlite3.Connection, rows: Sequence[Row]) -> Sequence[Row]:
    """Leave out events whose row retention removed while their file could not be removed."""
    if connection.execute("SELECT 1 FROM forgotten LIMIT 1").fetchone() is None:
        return rows
    return [row for row in rows if not is_forgotten(connection, row[INTAKE_KEY])]


def _insert(
    connection: sqlite3.Connection, rows: Sequence[Row], now: int, read_at: int | None
) -> list[Accepted]:
    """Store the events of `rows` that are new: all at once, then the few that conflicted."""
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
    new = list(map(Accepted, range(last + 1, last + 1 + len(rows)), rows))
    stored = connection.executemany(INSERT, ((event, *row, now, read_at) for event, row in new)).rowcount
    if stored == len(rows):
        return new
    there = {event for (event,) in connection.execute("SELECT id FROM events WHERE id > ?", (last,))}
    accepted: list[Accepted] = []
    for item in new:
        if item.event in there:
            accepted.append(item)
        elif (renamed := _renamed(connection, item.row)) is not None:
            # The same event under a free id; it keeps its position.
            connection.execute(INSERT, (item.event, *renamed, now, read_at))
            accepted.append(Accepted(item.event, renamed))
    return accepted


def _renamed(connection: sqlite3.Connection, row: Row) -> Row | None:
    known = connection.execute("SELECT 1 FROM events WHERE intake_key = ?", (row[INTAKE_KEY],)).fetchone()
    if known:
        return None

    # Find a free number in logarithmic time: a script with a constant id must not make each event costlier
    # than the one before. It is the first free one unless the numbers in use have gaps, as cleanup leaves.
    def used(number: int) -> bool:
        name = (f"{row[EVENT_ID]}~{number}",)
        return connection.execute("SELECT 1 FROM events WHERE event_id = ?", name).fetchone() is not None

    taken, free = 1, 2
    while used(free):
        taken, free = free, free * 2
    while free - taken > 1:
        middle = (taken + free) // 2
        taken, free = (middle, free) if used(middle) else (taken, middle)
    return (row[INTAKE_KEY], f"{row[EVENT_ID]}~{free}", *row[EVENT_ID + 1 :])


def _delivery(accepted: Accepted, recipient: Recipient, now: int, judgement: Judgement) -> Row:
    lane, silent, state, reason = judgement
    if recipient.chat_id is None and state != "dead":
        state, reason = "held", NO_USERS
    return (accepted.event, recipient.chat_id, recipient.thread_id, lane, state, int(silent), reason, now)


NO_USERS: Final = "no allowed users configured: set telegram.allowed_users"


def release(connection: sqlite3.Connection, chat_id: int) -> int:
    """Queue for `chat_id` the deliveries held for lack of allowed users; return how many."""
    return connection.execute(
        "UPDATE deliveries SET chat_id = ?, state = 'queued', reason = NULL "
        "WHERE state = 'held' AND chat_id IS NULL",
        (chat_id,),
    ).rowcount


def event_row(connection: sqlite3.Connection, event: int) -> Row:
    """Return an event's row in `events.EVENT_COLUMNS` order."""
    row = connection.execute(SELECT, (event,)).fetchone()
    if row is None:
        raise KeyError(event)
    return tuple(row)


class _Traced(msgspec.Struct):
    """What is read of a body for its trace; the rest is skipped, and takes no memory."""

    traceparent: Any = None
    data: msgspec.Raw = msgspec.Raw(b"")


class Head(NamedTuple):
    """What identifies an event, without its body; `occurred_at` in us, `length` of the body in characters."""

    event_id: str
    occurred_at: int
    length: int
    trace: str | None = None

    @property
    def log_fields(self) -> dict[str, str]:
        """The fields by which the log is searched for this event."""
        traced = {} if self.trace is None else {"trace": self.trace}
        return {"event_id": self.event_id, **traced}


def event_head(connection: sqlite3.Connection, event: int) -> Head:
    """Return what identifies an event. Raises KeyError when there is no such event."""
    found = connection.execute(HEAD, (event,)).fetchone()
    if found is None:
        raise KeyError(event)
    return Head(
        str(found[0]), int(found[1]), int(found[2]), traceparent.trace_id(first_traceparent(found[3]))
    )


def trace(row: Row) -> str | None:
    """Return the trace id of an event that is being stored, or None."""
    body = row[BODY]
    if TRACED not in body:
        return None
    try:
        written = msgspec.json.decode(body, type=_Traced)
        data = bytes(written.data)
        below = msgspec.json.decode(data, type=_Traced).traceparent if data.startswith(b"{") else None
    except msgspec.DecodeError:  # the event is stored already: its trace must not fail it
        return None
    return traceparent.trace_id(traceparent.first(written.traceparent, below))


def first_traceparent(found: str | None) -> str | None:
    """Return the valid one of TRACEPARENTS, that of the top level first; None without one."""
    return None if found is None else traceparent.first(*msgspec.json.decode(found))


def body(connection: sqlite3.Connection, event: int) -> str:
    """Return an event's body."""
    (found,) = connection.execute("SELECT body FROM events WHERE id = ?", (event,)).fetchone()
    return str(found)


def traceparent_of(connection: sqlite3.Connection, event: int) -> str | None:
    """Return the trace context that an event's producer handed on, without loading the event's body."""
    query = f"SELECT {TRACEPARENTS} FROM events WHERE id = ?"  # noqa: S608 - a constant
    found = connection.execute(query, (event,)).fetchone()
    return None if found is None else first_traceparent(found[0])


def severity(connection: sqlite3.Connection, event: int) -> str:
    """Return an event's severity."""
    (found,) = connection.execute("SELECT severity FROM events WHERE id = ?", (event,)).fetchone()
    return str(found)


def positions(connection: sqlite3.Connection) -> list[Row]:
    """Return how far each JSONL file is taken: (name, device, inode, offset, head hash)."""
    return connection.execute("SELECT name, device, inode, offset, head_hash FROM positions").fetchall()


def keep_positions(connection: sqlite3.Connection, rows: Iterable[Row], finished: Iterable[bytes]) -> None:
    """Store how far each JSONL file is taken, and delete the finished ones, with the rows they gave."""
    connection.executemany(
        "INSERT INTO positions (name, device, inode, offset, head_hash) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET device = excluded.device, inode = excluded.inode, "
        "offset = excluded.offset, head_hash = excluded.head_hash",
        rows,
    )
    connection.executemany("DELETE FROM positions WHERE name = ?", ((name,) for name in finished))
