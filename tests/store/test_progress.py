"""Progress of a task: the newest state, in one message."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from cctelegram.delivery import progress
from cctelegram.store import deliveries, intake
from store.rows import NOW, memory, row, to

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

CHAT, BOT = 1001, 1


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    with closing(memory()) as opened:
        yield opened


def put(store: sqlite3.Connection, number: int, task: str | None = "t", lane: int = 3) -> int:
    changes = {"lane": lane, **({} if task is None else {"task_id": task})}
    intake.accept(store, [row(number, **changes)], to(intake.Recipient(CHAT)), NOW)
    return number


def test_the_newest_progress_replaces_older_ones_that_wait(store: sqlite3.Connection) -> None:
    for number in (1, 2, 3):
        put(store, number)
    put(store, 4, task="other")
    assert progress.conflate(store, 1) == 3
    states = store.execute("SELECT state, merged_into FROM deliveries ORDER BY id").fetchall()
    assert states == [("digested", 3), ("digested", 3), ("queued", None), ("queued", None)]
    assert progress.conflate(store, 3) == 3


def test_progress_without_a_task_id_is_a_message_of_its_own(store: sqlite3.Connection) -> None:
    put(store, 1, task=None)
    put(store, 2, task=None)
    assert (progress.conflate(store, 1), progress.conflate(store, 2)) == (1, 2)
    progress.arrived(store, BOT, 1, 70, NOW)
    assert progress.shown(store, BOT, 1) is None


def test_progress_edits_its_message_until_another_event_of_the_task_arrives(
    store: sqlite3.Connection,
) -> None:
    put(store, 1)
    assert progress.shown(store, BOT, 1) is None
    progress.arrived(store, BOT, 1, 70, NOW)
    put(store, 2)
    assert progress.shown(store, BOT, 2) == (70, NOW)
    progress.arrived(store, BOT, 2, 70, NOW + 9)
    put(store, 3)
    assert progress.shown(store, BOT, 3) == (70, NOW + 9)
    put(store, 4, lane=2)
    assert progress.shown(store, BOT, 4) is None
    progress.arrived(store, BOT, 4, 71, NOW + 10)
    assert progress.shown(store, BOT, 3) is None


def test_a_message_that_cannot_be_edited_is_forgotten(store: sqlite3.Connection) -> None:
    put(store, 1)
    progress.arrived(store, BOT, 1, 70, NOW)
    progress.forget(store, BOT, 70)
    assert progress.shown(store, BOT, 1) is None


def test_progress_that_already_has_parts_is_not_merged(store: sqlite3.Connection) -> None:
    put(store, 1)
    deliveries.add_parts(store, 1, ["{}"])
    put(store, 2)
    assert progress.conflate(store, 2) == 2
    assert store.execute("SELECT state FROM deliveries WHERE id = 1").fetchone() == ("queued",)


def test_two_sources_with_one_task_id_have_a_message_each(store: sqlite3.Connection) -> None:
    for number, source in ((1, "ci"), (2, "backup"), (3, "ci")):
        changes = {"lane": 3, "task_id": "t", "source": source}
        intake.accept(store, [row(number, **changes)], to(intake.Recipient(CHAT)), NOW)
    assert progress.conflate(store, 1) == 3
    assert progress.conflate(store, 2) == 2
    progress.arrived(store, BOT, 3, 70, NOW)
    assert progress.shown(store, BOT, 2) is None
    progress.arrived(store, BOT, 2, 71, NOW)
    assert (progress.shown(store, BOT, 2), progress.shown(store, BOT, 3)) == ((71, NOW), (70, NOW))


def test_a_message_of_an_older_store_is_found_by_its_task_alone(store: sqlite3.Connection) -> None:
    put(store, 1)
    store.execute("INSERT INTO progress_messages VALUES (1, 1, ?, '', 't', 70, ?)", (CHAT, NOW))
    assert progress.shown(store, BOT, 1) == (70, NOW)
    progress.arrived(store, BOT, 1, 70, NOW + 1)
    assert store.execute("SELECT source FROM progress_messages").fetchall() == [("test",)]
