"""The states of a delivery, and every step from one to the next.

    queued -> sending -> sent
       ^        |-> queued     the try failed and may be repeated (`not_before`)
       |        |-> dead       Telegram refuses it for good: kept, with the reason
       |        '-> queued     unknown delivery status: repeated once, with a mark ...
       |                       ... then `ambiguous`, when the other parts have arrived
    held (no allowed users, muted, ...) -> queued
    queued, held -> digested               merged into another delivery (delivery/digest.py)
    dead, ambiguous, held -> queued        retried by an operator (`store.operator_actions`)
    queued, held, ambiguous -> dead        dropped by an operator: any that is not in flight

A crash leaves `sending` behind: `recover` queues it again, marked. Parts are sent one by one; the first
without `message_id` is the cursor, so that a long message continues where it stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cctelegram.events.lane import Lane
from cctelegram.store.judgement import DROPPED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence


class Waiting(NamedTuple):
    """The next delivery of a chat."""

    delivery: int
    event: int | None
    chat_id: int
    thread_id: int | None
    lane: int
    silent: int
    attempts: int
    unclear: int
    times: int  # equal events that it reports
    follows: int | None  # the delivery whose message it edits


class Part(NamedTuple):
    """One message of a delivery; `payload` is JSON made by the bridge.

    `unclear` is 1 when it may be on the phone already: it is sent with a mark.
    """

    part: int
    position: int
    payload: str
    unclear: int


NEXT: Final = """
SELECT id, event, chat_id, thread_id, lane, silent, attempts, unclear, times, follows
FROM deliveries
WHERE state = 'queued' AND chat_id = ? AND not_before <= ? ORDER BY lane, id LIMIT 1
"""


# Worded as in the index of these states: SQLite uses a partial index only for the same terms.
IN_FLIGHT: Final = "state IN ('held', 'sending', 'ambiguous', 'dead') AND state = 'sending'"
PENDING: Final = f"""
SELECT chat_id, lane FROM deliveries WHERE state = 'queued'
UNION ALL SELECT chat_id, lane FROM deliveries WHERE {IN_FLIGHT}
"""  # noqa: S608 - constants


def following(connection: sqlite3.Connection, chat_id: int, now: int) -> Waiting | None:
    """Return the next delivery to `chat_id`, by lane, then in the order of arrival; None when none is due."""
    row = connection.execute(NEXT, (chat_id, now)).fetchone()
    return None if row is None else Waiting._make(row)


def is_unchanged(connection: sqlite3.Connection, waiting: Waiting) -> bool:
    """Whether a delivery is still queued as it was read: not held, merged or grown since."""
    found = connection.execute(
        "SELECT 1 FROM deliveries WHERE id = ? AND state = 'queued' AND chat_id = ? AND times = ?",
        (waiting.delivery, waiting.chat_id, waiting.times),
    )
    return found.fetchone() is not None


def hold(connection: sqlite3.Connection, delivery: int, reason: str) -> None:
    """Hold a queued delivery, for a reason."""
    connection.execute(
        "UPDATE deliveries SET state = 'held', reason = ? WHERE id = ? AND state = 'queued'",
        (reason, delivery),
    )


def next_time(connection: sqlite3.Connection, chat_id: int) -> int | None:
    """Return the earliest time (us) to send a queued delivery of `chat_id`; None when none is queued."""
    (when,) = connection.execute(
        "SELECT min(not_before) FROM deliveries WHERE state = 'queued' AND chat_id = ?", (chat_id,)
    ).fetchone()
    return None if when is None else int(when)


def waiting_chats(connection: sqlite3.Connection) -> list[int]:
    """Return the chats with queued deliveries."""
    found = connection.execute("SELECT DISTINCT chat_id FROM deliveries WHERE state = 'queued'")
    return [chat for (chat,) in found if chat is not None]


def parts(connection: sqlite3.Connection, delivery: int, most: int = -1) -> list[Part]:
    """Return the parts that are still to be sent, in order; at most `most`, or all."""
    found = connection.execute(
        "SELECT id, position, payload, unclear FROM parts WHERE delivery = ? AND sent_at IS NULL "
        "ORDER BY position LIMIT ?",
        (delivery, most),
    )
    return [Part(*row) for row in found]


def is_rendered(connection: sqlite3.Connection, delivery: int) -> bool:
    """Whether a delivery has its parts, sent or not."""
    found = connection.execute("SELECT 1 FROM parts WHERE delivery = ? LIMIT 1", (delivery,))
    return found.fetchone() is not None


def enqueue(
    connection: sqlite3.Connection,
    chat_id: int,
    payloads: Sequence[str],
    now: int,
    *,
    lane: int = Lane.ALERTS,
    silent: bool = False,
    thread_id: int | None = None,
    held: str | None = None,
) -> int:
    """Queue a notice (no event), or hold it for a reason; return the delivery."""
    cursor = connection.execute(
        "INSERT INTO deliveries (chat_id, thread_id, lane, state, silent, reason, queued_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (chat_id, thread_id, lane, "queued" if held is None else "held", int(silent), held, now),
    )
    delivery = int(cursor.lastrowid or 0)
    add_parts(connection, delivery, payloads)
    return delivery


def add_parts(connection: sqlite3.Connection, delivery: int, payloads: Sequence[str]) -> list[Part]:
    """Store the rendered parts of a delivery; return them."""
    insert = "INSERT INTO parts (delivery, position, payload) VALUES (?, ?, ?)"
    return [
        Part(connection.execute(insert, (delivery, position, payload)).lastrowid or 0, position, payload, 0)
        for position, payload in enumerate(payloads)
    ]


def start(
    connection: sqlite3.Connection,
    delivery: int,
    bot: int,
    now: int,
    rendered: tuple[int, int] | None = None,
) -> bool:
    """Record, before the request leaves, that one of the delivery's parts is in flight.

    Return whether it is: a delivery that was dropped, held or merged since it was read is not started.

    Args:
        rendered: when rendering began and ended, in us, if it was rendered for this try.
    """
    began, ended = rendered or (None, None)
    return (
        connection.execute(
            "UPDATE deliveries SET state = 'sending', bot = ?, sending_at = ?, "
            "rendering_at = coalesce(?, rendering_at), rendered_at = coalesce(?, rendered_at) "
            "WHERE id = ? AND state = 'queued'",
            (bot, now, began, ended, delivery),
        ).rowcount
        > 0
    )


def into_topic(connection: sqlite3.Connection, delivery: int, thread_id: int) -> None:
    """Record the topic of a delivery, for all of its parts."""
    connection.execute("UPDATE deliveries SET thread_id = ? WHERE id = ?", (thread_id, delivery))


def part_sent(connection: sqlite3.Connection, part: int, message_id: int, now: int) -> bool:
    """Record that a part arrived; return whether it was the last, and the delivery is finished.

    The delivery is then `sent`, or `ambiguous` when an earlier part stayed unclear. The payload is dropped:
    the event has the content.
    """
    (delivery,) = connection.execute(
        "UPDATE parts SET message_id = ?, sent_at = ?, payload = NULL WHERE id = ? RETURNING delivery",
        (message_id, now, part),
    ).fetchone()
    unsent = _has_unsent(connection, delivery)
    skipped = None if unsent else _skipped(connection, delivery)
    # The next part is in flight only after its own `start`: a crash between the two repeats nothing.
    connection.execute(
        "UPDATE deliveries SET state = ?, attempts = 0, unclear = 0, crashed = 0, "
        "reason = CASE WHEN ? THEN reason ELSE ? END, "
        "sent_at = CASE WHEN ? THEN ? END WHERE id = ?",
        (
            "queued" if unsent else "ambiguous" if skipped else "sent",
            unsent,
            skipped,
            not unsent,
            now,
            delivery,
        ),
    )
    return not unsent


def _has_unsent(connection: sqlite3.Connection, delivery: int) -> bool:
    return bool(parts(connection, delivery, 1))


def _skipped(connection: sqlite3.Connection, delivery: int) -> str | None:
    """Return a sentence that names the parts skipped as unclear; None when there are none."""
    found = connection.execute(
        "SELECT position + 1, message_id FROM parts WHERE delivery = ? ORDER BY position", (delivery,)
    ).fetchall()
    unknown = ", ".join(str(position) for position, message_id in found if message_id is None)
    return f"unknown delivery status of part {unknown} of {len(found)}" if unknown else None


def later(connection: sqlite3.Connection, delivery: int, not_before: int) -> None:
    """Postpone a queued delivery without a try."""
    connection.execute("UPDATE deliveries SET not_before = ? WHERE id = ?", (not_before, delivery))


def cap_waits(connection: sqlite3.Connection, latest: int) -> int:
    """Cap every `not_before` at `latest` (us) after the wall clock was set back; return how many changed."""
    return sum(
        connection.execute(
            f"UPDATE {table} SET not_before = ? WHERE not_before > ?",  # noqa: S608 - two names
            (latest, latest),
        ).rowcount
        for table in ("deliveries", "cards")
    )


def back(connection: sqlite3.Connection, delivery: int, not_before: int, reason: str | None) -> None:
    """Queue a delivery again after a try that certainly did not arrive."""
    connection.execute(
        "UPDATE deliveries SET state = 'queued', attempts = attempts + 1, not_before = ?, reason = ? "
        "WHERE id = ?",
        (not_before, reason, delivery),
    )


# A message with unknown delivery status is repeated this often, with a mark.
REPEATS: Final = 1


def unclear(
    connection: sqlite3.Connection,
    delivery: int,
    not_before: int,
    reason: str,
    *,
    until_clear: bool = False,
) -> str:
    """Record a try that may have arrived; return the state: `queued` for the marked repeat, or `ambiguous`.

    A decision is repeated until it is clear: a card that is not on the phone cannot be answered. So is a
    delivery whose try was answered, but not clearly (`until_clear`): it counts like a crash. A part of a
    longer message is skipped, so that the rest of it arrives.
    """
    row = connection.execute(
        "UPDATE deliveries SET unclear = unclear + 1, crashed = crashed + ?1, attempts = attempts + 1, "
        "not_before = ?2, reason = ?3, state = CASE WHEN ?1 OR unclear - crashed < ?4 OR lane = ?6 "
        "THEN 'queued' ELSE 'ambiguous' END WHERE id = ?5 RETURNING state",
        (until_clear, not_before, reason, REPEATS, delivery, Lane.DECISIONS),
    ).fetchone()
    if row[0] == "ambiguous":
        connection.execute(
            "UPDATE parts SET sent_at = ? WHERE id = (SELECT id FROM parts WHERE delivery = ? "
            "AND sent_at IS NULL ORDER BY position LIMIT 1)",
            (not_before, delivery),
        )
        if _has_unsent(connection, delivery):
            connection.execute(
                "UPDATE deliveries SET state = 'queued', unclear = 0, crashed = 0, attempts = 0 WHERE id = ?",
                (delivery,),
            )
            return "queued"
    return str(row[0])


def dead(connection: sqlite3.Connection, delivery: int, reason: str) -> None:
    """Make a delivery a dead letter, with the reason; it is never retried automatically."""
    connection.execute("UPDATE deliveries SET state = 'dead', reason = ? WHERE id = ?", (reason, delivery))


def recover(connection: sqlite3.Connection, chat_id: int | None = None) -> int:
    """Queue again the deliveries left in flight, in one chat or in all, with a mark; return how many.

    Called while nothing is being sent to these chats: after a crash, after a fault of the sender, after the
    connection to Telegram was set up again.

    Unlike a lost answer, a crash says nothing about the network: it always leads to a repeat, so that an
    event whose every try was cut short before it left is still delivered.
    """
    return connection.execute(
        "UPDATE deliveries SET state = 'queued', unclear = unclear + 1, crashed = crashed + 1, "  # noqa: S608
        "reason = 'the bridge stopped while it was being sent' "
        f"WHERE {IN_FLIGHT} AND chat_id = coalesce(?, chat_id)",
        (chat_id,),
    ).rowcount


def is_sending(connection: sqlite3.Connection, delivery: int) -> bool:
    """Whether a part of the delivery is in flight."""
    found = connection.execute("SELECT 1 FROM deliveries WHERE id = ? AND state = 'sending'", (delivery,))
    return found.fetchone() is not None


def replace_part(connection: sqlite3.Connection, part: int, payload: str) -> None:
    """Replace the payload of a part that is not sent yet."""
    connection.execute("UPDATE parts SET payload = ? WHERE id = ?", (payload, part))


def add_after(connection: sqlite3.Connection, part: Part, delivery: int, more: Sequence[str]) -> None:
    """Insert more parts after one that is not sent yet, before the parts behind it."""
    # Through negative numbers: SQLite checks each row as it changes, and positions are unique.
    connection.execute(
        "UPDATE parts SET position = -(position + ?) WHERE delivery = ? AND position > ?",
        (len(more), delivery, part.position),
    )
    connection.execute(
        "UPDATE parts SET position = -position WHERE delivery = ? AND position < 0", (delivery,)
    )
    connection.executemany(
        "INSERT INTO parts (delivery, position, payload, unclear) VALUES (?, ?, ?, ?)",
        (
            (delivery, part.position + offset, payload, part.unclear)
            for offset, payload in enumerate(more, start=1)
        ),
    )


def note(connection: sqlite3.Connection, delivery: int, text: str) -> None:
    """Append a note on how a delivery differs from what was intended; keep earlier notes."""
    connection.execute(
        "UPDATE deliveries SET note = coalesce(note || '; ', '') || ? WHERE id = ?", (text, delivery)
    )


def without_thread(connection: sqlite3.Connection, delivery: int) -> None:
    """Queue a delivery again for the chat itself: its topic is gone."""
    connection.execute("UPDATE deliveries SET state = 'queued', thread_id = NULL WHERE id = ?", (delivery,))


def queue_by_lane(connection: sqlite3.Connection) -> dict[int, int]:
    """Return the number of queued and in-flight deliveries by lane."""
    return dict(
        connection.execute(
            f"SELECT lane, count(*) FROM ({PENDING}) GROUP BY lane"  # noqa: S608 - constants
        ).fetchall()
    )


# The oldest queued delivery of the next lane of a chat, and of the first lane of the next chat.
NEXT_LANE: Final = """
SELECT chat_id, lane, queued_at FROM deliveries INDEXED BY deliveries_waiting
WHERE state = 'queued' AND chat_id = ? AND lane > ? ORDER BY lane, id LIMIT 1
"""
NEXT_CHAT: Final = """
SELECT chat_id, lane, queued_at FROM deliveries INDEXED BY deliveries_waiting
WHERE state = 'queued' AND chat_id > ? ORDER BY chat_id, lane, id LIMIT 1
"""


def waiting_by_lane(connection: sqlite3.Connection) -> dict[int, tuple[int, int]]:
    """Return for each lane the number of queued deliveries, and when the oldest was queued, in us.

    Lane by lane of each chat: with 100,000 queued, grouping them in one statement takes twice as long.
    """
    found: dict[int, tuple[int, int]] = {}
    row = connection.execute(NEXT_CHAT, (-(2**63),)).fetchone()
    while row is not None:
        chat_id, lane, queued_at = row
        (count,) = connection.execute(
            "SELECT count(*) FROM deliveries WHERE state = 'queued' AND chat_id = ? AND lane = ?",
            (chat_id, lane),
        ).fetchone()
        before, oldest = found.get(lane, (0, queued_at))
        found[lane] = before + count, min(oldest, queued_at)
        row = (
            connection.execute(NEXT_LANE, (chat_id, lane)).fetchone()
            or connection.execute(NEXT_CHAT, (chat_id,)).fetchone()
        )
    return found


def count_pending(connection: sqlite3.Connection, dead: Iterable[int]) -> int:
    """Return the number of queued and in-flight deliveries for all chats but the unreachable, `dead` ones."""
    (count,) = connection.execute(
        f"SELECT count(*) FROM ({PENDING}) "  # noqa: S608 - numbers
        f"WHERE chat_id NOT IN ({', '.join(str(int(chat)) for chat in dead)})"
    ).fetchone()
    return int(count)


def count_states(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of deliveries by unfinished state, as `count_open`, and of the queued ones."""
    (queued,) = connection.execute("SELECT count(*) FROM deliveries WHERE state = 'queued'").fetchone()
    return {**count_open(connection), "queued": int(queued)}


def count_open(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of deliveries by state: held, sending, ambiguous, dead.

    Deliveries that a rule or an operator dropped are counted apart, as `dropped`: they are no fault.
    """
    return dict(
        connection.execute(
            "SELECT CASE WHEN state = 'dead' AND reason GLOB ? THEN 'dropped' ELSE state END AS s, count(*) "
            "FROM deliveries WHERE state IN ('held', 'sending', 'ambiguous', 'dead') GROUP BY s",
            (f"{DROPPED} *",),
        ).fetchall()
    )


def event_of_message(
    connection: sqlite3.Connection, bot: int, chat_id: int, message_id: int
) -> tuple[int, str, str] | None:
    """Return the event of a message on the phone: its row, event id and task id."""
    row = connection.execute(
        "SELECT events.id, events.event_id, events.task_id FROM parts "
        "JOIN deliveries ON deliveries.id = parts.delivery JOIN events ON events.id = deliveries.event "
        "WHERE parts.message_id = ? AND deliveries.chat_id = ? AND deliveries.bot = ?",
        (message_id, chat_id, bot),
    ).fetchone()
    return None if row is None else (int(row[0]), str(row[1]), str(row[2]))


def is_untouched(connection: sqlite3.Connection, delivery: int) -> bool:
    """Whether a delivery still waits for its first try, so that its content may change."""
    found = connection.execute(
        "SELECT 1 FROM deliveries WHERE id = ? AND state IN ('queued', 'held') AND attempts = 0 "
        "AND unclear = 0",
        (delivery,),
    ).fetchone()
    return found is not None
