"""What is removed from the store's history, and what never is."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.decisions import codes
from cctelegram.delivery import progress
from cctelegram.store import answers, chats, deliveries, intake, retention, schema, updates
from owned import connect
from store.rows import NOW, row, to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = retention.DAY
MONTH = 30 * DAY
CHAT = 1001
LATER = NOW + 31 * DAY


@pytest.fixture
def store(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(tmp_path / "store.db")
    schema.migrate(connection, tmp_path / "store.db")
    chats.bot(connection, "http://127.0.0.1", 7)
    yield connection
    connection.close()


def take(store: sqlite3.Connection, *numbers: int, at: int = NOW, **changes: Any) -> list[int]:
    """Take events; return their deliveries."""
    rows = [row(number, **changes) for number in numbers]
    accepted = intake.accept(store, rows, to(intake.Recipient(CHAT)), at)
    ids = [item.event for item in accepted]
    return [
        delivery
        for event in ids
        for (delivery,) in store.execute("SELECT id FROM deliveries WHERE event = ?", (event,))
    ]


def send(store: sqlite3.Connection, delivery: int, at: int = NOW) -> None:
    deliveries.add_parts(store, delivery, ["{}"])
    deliveries.start(store, delivery, 1, at)
    deliveries.part_sent(store, deliveries.parts(store, delivery)[0].part, delivery, at)


def purge(store: sqlite3.Connection, now: int = LATER, *, waiting: bool = False) -> dict[str, int]:
    gone: dict[str, int] = {}
    while step := retention.purge(store, now, MONTH, lambda: waiting):
        for table, rows in step.items():
            gone[table] = gone.get(table, 0) + rows
    assert store.execute("PRAGMA foreign_key_check").fetchall() == []
    return gone


def event_ids(store: sqlite3.Connection) -> list[str]:
    return [name for (name,) in store.execute("SELECT event_id FROM events ORDER BY id")]


def keep_newest(store: sqlite3.Connection, at: int = LATER) -> None:
    """Add one more event, since the newest always stays."""
    for delivery in take(store, 999, at=at):
        send(store, delivery, at)


def test_an_event_sent_a_month_ago_is_removed_with_all_its_rows(store: sqlite3.Connection) -> None:
    for delivery in take(store, *range(500)):
        send(store, delivery)
    keep_newest(store)
    assert retention.measure(store, LATER, MONTH).finished == 500
    assert purge(store) == {"events": 500}
    assert event_ids(store) == ["event-999"]
    for table in ("deliveries", "parts"):
        assert store.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)


def test_nothing_is_removed_a_day_before_its_time(store: sqlite3.Connection) -> None:
    for delivery in take(store, 1):
        send(store, delivery)
    keep_newest(store)
    assert purge(store, NOW + MONTH - DAY) == {}


@pytest.mark.parametrize("state", ["queued", "held", "sending"])
def test_r45_undelivered_events_are_never_removed(store: sqlite3.Connection, state: str) -> None:
    (delivery,) = take(store, 1)
    store.execute("UPDATE deliveries SET state = ? WHERE id = ?", (state, delivery))
    keep_newest(store)
    assert purge(store, NOW + 3650 * DAY) == {}
    assert event_ids(store) == ["event-1", "event-999"]


@pytest.mark.parametrize("state", ["dead", "ambiguous"])
def test_events_that_ended_without_being_sent_are_removed_in_time(
    store: sqlite3.Connection, state: str
) -> None:
    (delivery,) = take(store, 1)
    store.execute("UPDATE deliveries SET state = ? WHERE id = ?", (state, delivery))
    keep_newest(store)
    assert purge(store, NOW + MONTH - 1) == {}
    assert purge(store) == {"events": 1}


def test_the_age_of_an_event_counts_from_its_last_change(store: sqlite3.Connection) -> None:
    (delivery,) = take(store, 1)
    send(store, delivery, LATER - DAY)
    keep_newest(store)
    assert purge(store) == {}
    assert purge(store, LATER + MONTH) == {"events": 1}


def test_one_waiting_delivery_keeps_the_whole_event(store: sqlite3.Connection) -> None:
    intake.accept(store, [row(1)], to(intake.Recipient(CHAT), intake.Recipient(CHAT + 1)), NOW)
    send(store, 1)
    keep_newest(store)
    assert purge(store) == {}
    send(store, 2)
    assert purge(store) == {"events": 1}


def test_events_in_a_digest_are_removed_after_it_was_sent_and_the_digest_after_them(
    store: sqlite3.Connection,
) -> None:
    told = take(store, *range(1, 6))
    into = deliveries.enqueue(store, CHAT, ["{}"], NOW)
    store.execute(
        f"UPDATE deliveries SET state = 'digested', merged_into = ? WHERE id IN ({','.join(map(str, told))})",
        (into,),
    )
    keep_newest(store)
    assert purge(store) == {}
    deliveries.start(store, into, 1, NOW)
    deliveries.part_sent(store, deliveries.parts(store, into)[0].part, 7, NOW)
    assert purge(store) == {"events": 5, "deliveries": 1}


def test_conflated_progress_is_removed_oldest_first(store: sqlite3.Connection) -> None:
    ids = take(store, *range(1, 6), task_id="task", lane=3, type="progress_update")
    assert progress.conflate(store, ids[0]) == ids[-1]
    keep_newest(store)
    assert purge(store) == {}
    send(store, ids[-1])
    assert purge(store)["events"] == 5


def decide(store: sqlite3.Connection, event: int, state: str, closed_at: int | None) -> None:
    store.execute(
        "INSERT INTO decisions (event, code, prompt, options, default_pair, allow_text, opened_at, state, "
        "closed_at) VALUES (?, ?, 'Deploy?', '[]', 1, 0, ?, ?, ?)",
        (event, codes.new_code(), NOW, state, closed_at),
    )


def test_an_open_question_and_an_answer_without_its_file_are_never_removed(store: sqlite3.Connection) -> None:
    for delivery in take(store, 1, 2, 3, 4):
        send(store, delivery)
    decide(store, 1, "open", None)
    decide(store, 2, "answered", NOW)
    answers.add(store, "decision", 2, "a.json", "{}", NOW)
    decide(store, 3, "answered", LATER - DAY)
    decide(store, 4, "answered", NOW)
    store.execute("INSERT INTO cards (decision, delivery, bot, chat_id, payload) VALUES (4, 4, 1, 1, '{}')")
    written = answers.add(store, "decision", 4, "b.json", "{}", NOW)
    answers.written(store, written.answer, NOW)
    keep_newest(store)
    assert purge(store)["events"] == 1
    assert event_ids(store) == ["event-1", "event-2", "event-3", "event-999"]
    assert store.execute("SELECT count(*) FROM cards").fetchone() == (0,)


def test_rows_with_a_retention_of_their_own_are_removed_by_it(store: sqlite3.Connection) -> None:
    updates.store(store, 1, ((number, "{}") for number in (1, 2, 3)), NOW)
    updates.handled(store, 1, NOW)
    updates.handled(store, 3, NOW)
    updates.stranger(store, 666, NOW)
    message = answers.add(store, "message", None, "m.json", "{}", NOW)
    answers.add(store, "message", None, "unwritten.json", "{}", NOW)
    answers.written(store, message.answer, NOW)
    store.execute("INSERT INTO progress_messages VALUES (1, 1, 1, '', 'task', 5, ?)", (NOW,))
    notice = deliveries.enqueue(store, CHAT, ["{}"], NOW)
    deliveries.dead(store, notice, "no")
    waiting = deliveries.enqueue(store, CHAT, ["{}"], NOW)
    assert purge(store, NOW + 2 * DAY) == {"updates": 1}
    assert purge(store) == {"answers": 1, "strangers": 1, "progress_messages": 1, "deliveries": 1}
    assert [row for (row,) in store.execute("SELECT id FROM updates")] == [2, 3]
    assert [row for (row,) in store.execute("SELECT id FROM deliveries")] == [waiting]


def test_a_file_that_is_still_in_the_spool_is_recognized_after_its_row_is_removed(
    store: sqlite3.Connection,
) -> None:
    for delivery in take(store, 1):
        send(store, delivery)
    keep_newest(store)
    assert purge(store, waiting=True) == {"events": 1}
    assert take(store, 1, at=LATER) == []
    # The spool was seen empty: no file is left that the key could recognise.
    assert purge(store, LATER + 1) == {}
    assert store.execute("SELECT count(*) FROM forgotten").fetchone() == (0,)


def test_an_id_that_was_used_before_is_free_again_and_gaps_in_its_numbers_do_no_harm(
    store: sqlite3.Connection,
) -> None:
    for number in range(1, 10):
        for delivery in take(store, number, at=NOW, event_id="same"):
            if number not in (4, 7):
                send(store, delivery)
    keep_newest(store)
    purge(store)
    assert event_ids(store) == ["same~4", "same~7", "event-999"]
    for number in range(20, 30):
        take(store, number, at=LATER, event_id="same")
    found = event_ids(store)
    assert len(found) == len(set(found)) == 13


def test_row_ids_are_never_reused(store: sqlite3.Connection) -> None:
    for delivery in take(store, 1, 2, 3):
        send(store, delivery)
    assert purge(store, LATER)["events"] == 2
    (highest,) = store.execute("SELECT max(id) FROM events").fetchone()
    assert take(store, 4, at=LATER)
    assert store.execute("SELECT max(id) FROM events").fetchone() == (highest + 1,)


def test_the_store_file_shrinks_after_a_burst(store: sqlite3.Connection, tmp_path: Path) -> None:
    big = {"type": "info_notification", "title": "Big", "data": {"text": "x" * 20_000}}
    store.execute("BEGIN")
    for delivery in take(store, *range(600), fields=big):
        send(store, delivery)
    keep_newest(store)
    store.execute("COMMIT")
    store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    full = (tmp_path / "store.db").stat().st_size
    purge(store)
    while retention.shrink(store):
        pass
    store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert full > 10_000_000
    assert (tmp_path / "store.db").stat().st_size < full / 10


def test_a_store_of_an_older_version_is_cleaned_too(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("CREATE TABLE facts_of_old (name TEXT)")
    raw.close()
    connection = connect(path)
    schema.migrate(connection, path)
    for delivery in take_all(connection):
        send(connection, delivery)
    keep_newest(connection)
    assert purge(connection)["events"] == 3
    assert retention.shrink(connection) == 0
    connection.close()


def take_all(connection: sqlite3.Connection) -> list[int]:
    chats.bot(connection, "http://127.0.0.1", 7)
    return take(connection, 1, 2, 3)
