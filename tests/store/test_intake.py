"""Taking batches into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.store import deliveries, intake, schema
from owned import connect
from store.rows import NOW, memory, row, to

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

OWNER = intake.Recipient(1001)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = connect(tmp_path / "store.db")
    schema.migrate(opened, tmp_path / "store.db")
    yield opened
    opened.close()


def test_each_event_of_a_batch_gets_a_delivery_to_each_recipient(connection: sqlite3.Connection) -> None:
    new = intake.accept(connection, [row(1), row(2, lane=0)], to(OWNER, intake.Recipient(-5, 7)), NOW)
    assert [item.row[1] for item in new] == ["event-1", "event-2"]
    found = connection.execute(
        "SELECT chat_id, thread_id, lane, state, silent FROM deliveries ORDER BY id"
    ).fetchall()
    assert found == [
        (1001, None, 2, "queued", 1),
        (-5, 7, 2, "queued", 1),
        (1001, None, 0, "queued", 0),
        (-5, 7, 0, "queued", 0),
    ]


def test_a_body_is_stored_as_the_text_that_its_bytes_are(connection: sqlite3.Connection) -> None:
    written = '{"title": "Größe 完了 ✅", "type": "info_notification"}'
    (item,) = intake.accept(connection, [row(1, body=written.encode())], to(OWNER), NOW)
    found = connection.execute("SELECT typeof(body), length(body), json_valid(body) FROM events").fetchone()
    assert found == ("text", len(written), 1)
    assert intake.event_row(connection, item.event)[intake.BODY] == written


def test_a_file_that_is_read_again_after_a_crash_is_recognized_by_its_intake_key(
    connection: sqlite3.Connection,
) -> None:
    intake.accept(connection, [row(1)], to(OWNER), NOW)
    assert intake.accept(connection, [row(1)], to(OWNER), NOW + 5) == []
    assert connection.execute("SELECT count(*) FROM deliveries").fetchone() == (1,)


def test_r6_a_reused_event_id_with_other_content_is_delivered_too(
    connection: sqlite3.Connection,
) -> None:
    rows = [row(number, event_id="build") for number in range(1, 41)]
    new = intake.accept(connection, rows, to(OWNER), NOW)
    assert [item.row[1] for item in new] == ["build", *(f"build~{number}" for number in range(2, 41))]
    assert [intake.event_row(connection, item.event)[1] for item in new] == [item.row[1] for item in new]


def test_events_without_allowed_users_are_held_and_released_to_the_owner(
    connection: sqlite3.Connection,
) -> None:
    intake.accept(connection, [row(1)], to(intake.Recipient(None)), NOW)
    assert deliveries.count_states(connection) == {"held": 1, "queued": 0}
    assert intake.release(connection, 1001) == 1
    waiting = deliveries.following(connection, 1001, NOW)
    assert waiting is not None
    assert waiting.event == 1
    assert intake.release(connection, 1001) == 0


def test_positions_of_jsonl_files_are_stored_and_removed(connection: sqlite3.Connection) -> None:
    intake.keep_positions(connection, [(b"\xff.jsonl", 1, 2, 30, b"h")], [])
    intake.keep_positions(connection, [(b"\xff.jsonl", 1, 2, 60, b"i"), (b"b.jsonl", 1, 3, 9, b"j")], [])
    assert intake.positions(connection) == [(b"\xff.jsonl", 1, 2, 60, b"i"), (b"b.jsonl", 1, 3, 9, b"j")]
    intake.keep_positions(connection, [], [b"b.jsonl"])
    assert [name for name, *_ in intake.positions(connection)] == [b"\xff.jsonl"]


def test_a_missing_row_is_a_key_error(connection: sqlite3.Connection) -> None:
    with pytest.raises(KeyError):
        intake.event_row(connection, 5)


@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.sampled_from(["a", "a~2", "a~3", "b", "é"])), min_size=1, max_size=60
    )
)
def test_every_intake_key_becomes_one_event_whatever_ids_the_producers_use(
    given_rows: list[tuple[int, str]],
) -> None:
    connection = memory(bot=False)
    for key, event_id in given_rows:
        intake.accept(connection, [row(key, event_id=event_id)], to(OWNER), NOW)
    keys = {key for key, _ in given_rows}
    stored = connection.execute("SELECT intake_key, event_id FROM events").fetchall()
    assert {int.from_bytes(key, "big") for key, _ in stored} == keys
    assert len({event_id for _, event_id in stored}) == len(keys)
    assert connection.execute("SELECT count(*) FROM deliveries").fetchone() == (len(keys),)
    connection.close()
