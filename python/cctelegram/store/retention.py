"""Retention in the store: finished events are kept for a time, then removed with all dependent rows.

Nothing is removed that may still be needed: no event with a delivery that is queued, held or in flight, or
merged into one that is; no open question, no answer whose file is not written. The age counts from the last
step: an event that was held for a month and sent yesterday is a day old.

An event's row also recognises its file if that is still in the spool: a file that cannot be removed is taken
once. So while any event file is there, the intake keys of removed rows are kept in `forgotten`; when the
spool is found empty, there is no file left that they could recognise, and they are removed.

A further table is one line in `OF_EVENT` (rows that depend on an event) or `ALONE` (rows with an age of their
own).
"""

# ruff: noqa: S608  # statements are formatted from constants of this file and names of the schema

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

DAY: Final = 86_400_000_000
# Events of one transaction: it blocks the store's one writer for some milliseconds.
STEP: Final = 200
# Pages returned to the file system in one transaction, and the share of the store that stays free, so that
# steady traffic does not alternately shrink and grow the file.
PAGES: Final = 256
SPARE: Final = 10
LEAST_SPARE: Final = 64

OPEN: Final = "('queued', 'held', 'sending')"
WHEN: Final = "coalesce({0}.sent_at, {0}.sending_at, {0}.queued_at)"

# The delivery and those it was merged into, in turn: the last one is the one that was sent.
UNFINISHED: Final = f"""
EXISTS (
    WITH RECURSIVE chain (id) AS (
        SELECT each.id UNION
        SELECT merged.merged_into FROM deliveries AS merged JOIN chain USING (id)
        WHERE merged.merged_into IS NOT NULL
    )
    SELECT 1 FROM chain JOIN deliveries AS step USING (id)
    WHERE step.state IN {OPEN} OR {WHEN.format("step")} >= :before
)
"""

FINISHED: Final = f"""
FROM events WHERE taken_at < :before AND id < (SELECT max(id) FROM events)
AND NOT EXISTS (SELECT 1 FROM deliveries AS each WHERE each.event = events.id
                AND ({UNFINISHED} {{referenced}}))
AND NOT EXISTS (SELECT 1 FROM decisions WHERE event = events.id
                AND (state = 'open' OR coalesce(closed_at, opened_at) >= :before))
AND NOT EXISTS (SELECT 1 FROM answers WHERE event = events.id
                AND (written_at IS NULL OR written_at >= :before))
"""

# Rows that depend on the events of `doomed`, in a valid order of removal; parts go with their delivery.
OF_EVENT: Final = (
    "DELETE FROM answers WHERE event IN doomed",
    "DELETE FROM cards WHERE decision IN (SELECT id FROM decisions WHERE event IN doomed)",
    "DELETE FROM cards WHERE delivery IN (SELECT id FROM deliveries WHERE event IN doomed)",
    "DELETE FROM decisions WHERE event IN doomed",
    "DELETE FROM deliveries WHERE event IN doomed",
    "DELETE FROM events WHERE id IN doomed",
)

# Tables with an age of their own, each with the rows to remove. Handled updates are kept for a day: Telegram
# keeps them no longer, and the update offset is past them.
ALONE: Final = {
    "answers": "event IS NULL AND written_at < :before",
    "updates": "handled_at < :day AND id < (SELECT max(id) FROM updates)",
    "progress_messages": "edited_at < :before",
    "strangers": "last_at < :before",
    "topics": "used_at < :before",
    # Notices. The newest row stays, since SQLite would assign its number again.
    "deliveries": f"""
        event IS NULL AND state NOT IN {OPEN} AND {WHEN.format("deliveries")} < :before
        AND id < (SELECT max(id) FROM deliveries)
        AND NOT EXISTS (SELECT 1 FROM cards WHERE delivery = deliveries.id) {{referenced}}
    """,
}


class Held(NamedTuple):
    """Size of the store, and how much of it is due for removal; `bytes` of the file, without the log."""

    events: int
    bytes: int
    oldest: int | None
    newest: int | None
    finished: int


def measure(connection: sqlite3.Connection, now: int, age: int) -> Held:
    """Count all events, and those finished and older than `age` (us); change nothing."""
    events, oldest, newest = connection.execute(
        "SELECT count(*), min(taken_at), max(taken_at) FROM events"
    ).fetchone()
    finished = _finished(connection, "each")
    (due,) = connection.execute(f"SELECT count(*) {finished}", {"before": now - age}).fetchone()
    return Held(
        events, _pragma(connection, "page_count") * _pragma(connection, "page_size"), oldest, newest, due
    )


def purge(
    connection: sqlite3.Connection, now: int, age: int, waiting: Callable[[], bool], limit: int = STEP
) -> dict[str, int]:
    """Remove some of the finished rows older than `age` (us), in the caller's transaction.

    Args:
        now: us since the epoch.
        waiting: whether event files are in the spool; called before any removal.
        limit: rows of each kind.

    Returns:
        Removed rows by table; empty when there was nothing left to remove.
    """
    times = {"before": now - age, "day": now - DAY, "limit": limit}
    files = waiting()
    if not files:
        connection.execute("DELETE FROM forgotten")
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS doomed (id INTEGER PRIMARY KEY)")
    connection.execute("DELETE FROM doomed")
    gone = {"events": _events(connection, times, files=files)}
    for table, where in ALONE.items():
        condition = where.format(referenced=_referenced(connection, table)) if "{" in where else where
        gone[table] = connection.execute(
            f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE {condition} LIMIT :limit)",
            times,
        ).rowcount
    return {table: rows for table, rows in gone.items() if rows}


def shrink(connection: sqlite3.Connection) -> int:
    """Release some of the store's free pages, in the caller's transaction; return how many."""
    free, pages = _pragma(connection, "freelist_count"), _pragma(connection, "page_count")
    surplus = min(PAGES, free - max(LEAST_SPARE, pages // SPARE))
    if surplus <= 0 or _pragma(connection, "auto_vacuum") == 0:
        return 0
    connection.execute(f"PRAGMA incremental_vacuum({surplus})").fetchall()
    return free - _pragma(connection, "freelist_count")


def is_forgotten(connection: sqlite3.Connection, intake_key: bytes) -> bool:
    """Whether this is the key of an event whose row was removed while files were in the spool."""
    found = connection.execute("SELECT 1 FROM forgotten WHERE intake_key = ?", (intake_key,))
    return found.fetchone() is not None


def _events(connection: sqlite3.Connection, times: dict[str, int], *, files: bool) -> int:
    found = _finished(connection, "each")
    connection.execute(f"INSERT INTO doomed SELECT id {found} ORDER BY id LIMIT :limit", times)
    if files:
        connection.execute(
            "INSERT INTO forgotten SELECT intake_key FROM events WHERE id IN doomed ON CONFLICT DO NOTHING"
        )
    rows = 0
    for statement in OF_EVENT:
        rows = connection.execute(statement).rowcount
    return rows


def _finished(connection: sqlite3.Connection, alias: str) -> str:
    return FINISHED.format(referenced=_referenced(connection, alias, keep="OR"))


def _referenced(connection: sqlite3.Connection, alias: str, keep: str = "AND NOT") -> str:
    """Return the condition that a delivery of another event references this one by any column."""
    columns = {
        row[3] for row in connection.execute("PRAGMA foreign_key_list(deliveries)") if row[2] == "deliveries"
    }
    # A notice has no event, so any delivery that references it is of another.
    other = "" if alias == "deliveries" else f"AND other.event IS NOT {alias}.event"
    return " ".join(
        f"{keep} EXISTS (SELECT 1 FROM deliveries AS other WHERE other.{column} = {alias}.id {other})"
        for column in sorted(columns)
    )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
