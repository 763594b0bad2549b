"""What the dashboard reads of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.store import dashboard
from owned import Store

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

DELIVERIES = st.lists(
    st.tuples(
        st.sampled_from([None, 5, 7, -100]), st.integers(0, 3), st.sampled_from(["queued", "held", "sent"])
    ),
    max_size=30,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "store.db"
    Store(path).close()
    return path


@given(rows=DELIVERIES)
def test_the_first_of_each_lane_is_found_and_what_is_held_is_counted(
    store: Path, rows: list[tuple[int | None, int, str]]
) -> None:
    def work(connection: sqlite3.Connection) -> tuple[list[dashboard.Head], list[dashboard.Held]]:
        connection.execute("DELETE FROM deliveries")
        connection.executemany(
            "INSERT INTO deliveries (id, chat_id, lane, state, queued_at, reason) VALUES (?, ?, ?, ?, 1, ?)",
            [(number, *row, "muted") for number, row in enumerate(rows)],
        )
        return dashboard.heads(connection), dashboard.held(connection)

    opened = Store(store)
    heads, held = opened.submit(work).result()
    opened.close()
    first: dict[int, int | None] = {}
    for chat_id, lane, state in rows:
        if state == "queued":
            first.setdefault(lane, chat_id)
    assert {head.lane: head.chat_id for head in heads} == first
    assert {one.lane: one.deliveries for one in held} == {
        lane: count for lane in range(4) if (count := sum(row[1:] == (lane, "held") for row in rows))
    }


def test_the_first_of_each_lane_is_found_without_reading_the_backlog(store: Path) -> None:
    def work(connection: sqlite3.Connection) -> list[str]:
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {dashboard.HEADS}")]

    opened = Store(store)
    plan = opened.submit(work).result()
    opened.close()
    assert not [step for step in plan if step.startswith("SCAN deliveries")]
