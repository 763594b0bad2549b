"""Equal events within a few seconds are one message with a count.

Events are equal when type, title, source and all other keys of the producer are the same, except the event's
id, its correlation id, its trace and its timestamp. The later delivery is `digested` into the earlier one
while that waits; when that one is in flight or on the phone, the later one edits its message. Questions and
progress are not folded: two equal questions are two, and progress is merged by task (delivery/progress.py).

The latest events are kept in memory, but only as a hint: the store decides, so nothing depends on them. An
event whose title is new costs one dictionary lookup.
"""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import msgspec

from cctelegram.events.lane import Lane
from cctelegram.store import intake

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from cctelegram.store.intake import Accepted, Row

# Events are equal only when they were taken, and occurred, at most this far apart, in us.
WITHIN: Final = 5_000_000
# Maximum number of titles in memory, about 250 bytes each: 400 a second.
MOST: Final = 2048
# Longer bodies are not compared.
LONGEST: Final = 16_384
# Keys that differ between equal events.
OWN: Final = ("event_id", "timestamp", "correlation_id", "traceparent")

FIRST: Final = "SELECT id, body, type, title, source, occurred_at, taken_at FROM events WHERE intake_key = ?"
RECENT: Final = """
SELECT intake_key, body, type, title, source, taken_at FROM events
WHERE id BETWEEN ? AND ? AND taken_at >= ? AND NOT EXISTS (
    SELECT 1 FROM deliveries WHERE event = events.id AND (merged_into IS NOT NULL OR follows IS NOT NULL)
) ORDER BY id
"""

K = TypeVar("K", int, bytes)


class _Seen(NamedTuple):
    intake_key: bytes
    taken_at: int  # of a title: when it was last seen
    compared: bool = False  # of a title: the content of its event is among the equals


class Repeats:
    """The events that were stored in the last seconds."""

    def __init__(self) -> None:
        self._titles: dict[int, _Seen] = {}
        self._equals: dict[bytes, _Seen] = {}
        self._loaded = False
        self._last = 0

    def fold(self, connection: sqlite3.Connection, accepted: Iterable[Accepted], now: int) -> int:
        """Fold accepted events into those that they repeat; return the number of folded deliveries.

        Call it in the transaction that stores them; a repeat after a fault of the store has the same result.
        """
        folded = 0
        if now - self._last > WITHIN:
            self._titles.clear()
            self._equals.clear()
        self._last = now
        for item in accepted:
            if not self._loaded:
                self._load(connection, item.event, now)
            row = item.row
            if row[intake.TYPE] == intake.QUESTION or row[intake.LANE] == Lane.PROGRESS:
                continue
            if len(row[intake.BODY]) > LONGEST:
                continue
            title = hash((row[intake.TYPE], row[intake.TITLE], row[intake.SOURCE]))
            before = self._titles.get(title)
            if before is None or now - before.taken_at > WITHIN:
                _remember(self._titles, title, _Seen(row[intake.INTAKE_KEY], now))
                continue
            _remember(self._titles, title, _Seen(before.intake_key, now, compared=True))
            folded += self._compare(connection, item, before, now)
        _trim(self._titles)
        _trim(self._equals)
        return folded

    def _compare(self, connection: sqlite3.Connection, item: Accepted, titled: _Seen, now: int) -> int:
        """Fold an event whose title was seen, if its whole content was."""
        if not titled.compared:
            other = connection.execute(FIRST, (titled.intake_key,)).fetchone()
            if other is not None:
                likeness = _likeness(other[2:5], other[1])
                _remember(self._equals, likeness, _Seen(titled.intake_key, other[6]))
        row = item.row
        likeness = _likeness((row[intake.TYPE], row[intake.TITLE], row[intake.SOURCE]), row[intake.BODY])
        before = self._equals.get(likeness)
        if before is not None and before.intake_key != row[intake.INTAKE_KEY]:
            first = connection.execute(FIRST, (before.intake_key,)).fetchone()
            if first is not None and _near(first[5:], row, now):
                folded = _fold(connection, first[0], item.event, now)
                if folded:
                    return folded
        _remember(self._equals, likeness, _Seen(row[intake.INTAKE_KEY], now))
        return 0

    def _load(self, connection: sqlite3.Connection, event: int, now: int) -> None:
        """Load, once, the recent events that were stored before this process started."""
        self._loaded = True
        for key, body, *named, taken_at in connection.execute(
            RECENT, (event - MOST, event - 1, now - WITHIN)
        ):
            if named[0] != intake.QUESTION and len(body) <= LONGEST:
                seen, likeness = _Seen(key, taken_at, compared=True), _likeness(tuple(named), body)
                _remember(self._titles, hash(tuple(named)), seen)
                self._equals[likeness] = seen  # the last one with its own message is the one to fold into


def _remember(seen: dict[K, _Seen], key: K, what: _Seen) -> None:
    seen.pop(key, None)  # to the end: the oldest is first
    seen[key] = what


def _trim(seen: dict[K, _Seen]) -> None:
    """Drop the oldest, many at once: a dictionary is slow to find its first key after deletions."""
    if len(seen) > MOST:
        for key in list(islice(seen, len(seen) - MOST)):
            del seen[key]


def _likeness(named: tuple[str, ...], body: bytes | str) -> bytes:
    written = msgspec.json.decode(body)
    for key in OWN:
        written.pop(key, None)
    text = msgspec.json.encode((*named, written), order="deterministic")
    return hashlib.blake2b(text, digest_size=16).digest()


def _near(first: tuple[int, int], row: Row, now: int) -> bool:
    occurred_at, taken_at = first
    return 0 <= now - taken_at <= WITHIN and abs(row[intake.OCCURRED_AT] - occurred_at) <= WITHIN


# The delivery that a later one of the same chat is folded into: it waits and has no parts yet.
WAITS: Final = """
SELECT id FROM deliveries WHERE (event = :first OR follows = :shown) AND id < :own AND state = :state
AND reason IS :reason AND lane = :lane AND chat_id IS :chat AND thread_id IS :thread
AND NOT EXISTS (SELECT 1 FROM parts WHERE parts.delivery = deliveries.id) ORDER BY id LIMIT 1
"""
# The delivery whose message a later one edits: one part, queued, in flight or just sent.
SHOWN: Final = """
SELECT id FROM deliveries WHERE event = :first AND chat_id IS :chat AND thread_id IS :thread AND lane = :lane
AND (state IN ('queued', 'sending') OR (state = 'sent' AND sent_at >= :since))
AND (SELECT count(*) FROM parts WHERE parts.delivery = deliveries.id) = 1
"""


def _fold(connection: sqlite3.Connection, first: int, event: int, now: int) -> int:
    own = connection.execute(
        "SELECT id, chat_id, thread_id, lane, state, reason FROM deliveries WHERE event = ? "
        "AND state IN ('queued', 'held')",
        (event,),
    ).fetchall()
    folded = 0
    for delivery, chat_id, thread_id, lane, state, reason in own:
        if lane == Lane.PROGRESS:
            continue
        values = {
            "first": first,
            "own": delivery,
            "chat": chat_id,
            "thread": thread_id,
            "lane": lane,
            "state": state,
            "reason": reason,
            "since": now - WITHIN,
        }
        shown_by = connection.execute(SHOWN, values).fetchone()
        waits = connection.execute(WAITS, {**values, "shown": shown_by and shown_by[0]}).fetchone()
        if waits is not None:
            connection.execute("UPDATE deliveries SET times = times + 1 WHERE id = ?", waits)
            connection.execute(
                "UPDATE deliveries SET state = 'digested', reason = NULL, merged_into = ? WHERE id = ?",
                (waits[0], delivery),
            )
        elif shown_by is not None and state == "queued":
            connection.execute("UPDATE deliveries SET follows = ? WHERE id = ?", (shown_by[0], delivery))
        else:
            continue
        folded += 1
    return folded


def total(connection: sqlite3.Connection, delivery: int, follows: int) -> int:
    """Return how many equal events a message reports once a delivery has edited it."""
    (count,) = connection.execute(
        "SELECT sum(times) FROM deliveries WHERE id = :first OR (follows = :first AND id <= :own)",
        {"first": follows, "own": delivery},
    ).fetchone()
    return int(count)


def shown(connection: sqlite3.Connection, bot: int, chat_id: int, follows: int) -> int | None:
    """Return the message that a delivery is to edit; None when it is not sent, or in another chat."""
    found = connection.execute(
        "SELECT parts.message_id FROM deliveries JOIN parts ON parts.delivery = deliveries.id "
        "WHERE deliveries.id = ? AND deliveries.bot = ? AND deliveries.chat_id = ? "
        "AND deliveries.state = 'sent' AND parts.message_id IS NOT NULL",
        (follows, bot, chat_id),
    ).fetchone()
    return None if found is None else int(found[0])
