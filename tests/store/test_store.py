"""The writing thread, the schema, what a commit means."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctelegram.store import facts, schema, updates
from cctelegram.store.connection import connect_reader
from owned import Store
from store.rows import memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store.db")
    yield opened
    opened.close()


def pragma(connection: sqlite3.Connection, name: str) -> object:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_the_store_is_private_and_synchronous(store: Store) -> None:
    assert store.path.stat().st_mode & 0o777 == 0o600
    pragmas = {
        name: store.submit(partial(pragma, name=name)).result()
        for name in ("journal_mode", "synchronous", "foreign_keys", "user_version")
    }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "user_version": schema.VERSION,
    }


def test_a_reopened_store_is_unchanged(tmp_path: Path) -> None:
    first = Store(tmp_path / "store.db")
    first.submit(lambda c: facts.put(c, "mode", b"local")).result()
    first.close()
    second = Store(tmp_path / "store.db")
    assert second.submit(lambda c: facts.get(c, "mode")).result() == b"local"
    second.close()


def test_a_store_of_a_newer_version_is_refused_with_a_message_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    Store(path).close()
    raw = sqlite3.connect(path)
    raw.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    raw.close()
    with pytest.raises(schema.NewerStore, match="Install the newer CCTelegram again"):
        Store(path)
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA user_version").fetchone() == (schema.VERSION + 1,)
    raw.close()


def test_failed_work_is_rolled_back_and_nothing_else(store: Store) -> None:
    def good(connection: sqlite3.Connection) -> str:
        facts.put(connection, "good", b"1")
        return "done"

    def bad(connection: sqlite3.Connection) -> None:
        facts.put(connection, "bad", b"1")
        raise ValueError("no")

    async def together() -> list[object]:
        work = [store.run(good), store.run(bad), store.run(good)]
        return list(await asyncio.gather(*work, return_exceptions=True))

    first, second, third = asyncio.run(together())
    assert (first, third) == ("done", "done")
    assert isinstance(second, ValueError)
    assert store.submit(lambda c: (facts.get(c, "good"), facts.get(c, "bad"))).result() == (b"1", None)


def test_work_that_waits_together_shares_a_commit(store: Store) -> None:
    async def many() -> None:
        await asyncio.gather(*(store.run(partial(facts.put, name=f"f{n}", value=b"")) for n in range(200)))

    before = store.commits
    asyncio.run(many())
    assert store.commits - before < 100


def test_a_locked_store_is_reported_and_the_transaction_has_no_effect(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.db")
    store.submit(lambda c: c.execute("PRAGMA busy_timeout = 1")).result()
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        store.submit(lambda c: facts.put(c, "late", b"")).result()
    other.execute("ROLLBACK")
    other.close()
    store.submit(lambda c: facts.put(c, "after", b"")).result()
    assert store.submit(lambda c: facts.get(c, "late")).result() is None
    store.close()


def test_others_can_read_while_one_writes(store: Store) -> None:
    store.submit(lambda c: facts.put(c, "seen", b"yes")).result()
    reader = connect_reader(store.path)
    assert facts.get(reader, "seen") == b"yes"
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        facts.put(reader, "seen", b"no")
    reader.close()


WRITER = """
import sys
from pathlib import Path
from cctelegram.daemon.bridge_lock import HomeLock
from cctelegram.store import facts
from cctelegram.store.database import Store
store = Store(HomeLock(Path(sys.argv[1]).parent))
for number in range(100000):
    store.submit(lambda c: facts.put(c, "last", str(number).encode())).result()
    print(number, flush=True)
"""


def test_work_reported_as_durable_survives_sigkill(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    told = -1
    for line in child.stdout:
        told = int(line)
        if told == 50:
            os.kill(child.pid, signal.SIGKILL)
            break
    told = max([told, *(int(line) for line in child.stdout if line.endswith("\n"))])
    child.wait()
    child.stdout.close()
    store = Store(path)
    kept = store.submit(lambda c: facts.get(c, "last")).result()
    store.close()
    assert kept is not None
    assert int(kept) >= told


def test_an_update_is_stored_once_and_the_offset_moves_with_it(store: Store) -> None:
    def work(connection: sqlite3.Connection) -> tuple[int, list[int]]:
        connection.execute("INSERT INTO bots (api_base, bot_id) VALUES ('http://127.0.0.1', 1)")
        updates.store(connection, 1, [(10, "{}"), (11, "{}")], 5)
        updates.store(connection, 1, [(11, "{}"), (12, "{}")], 6)
        waiting = updates.unhandled(connection, 1)
        updates.handled(connection, waiting[0].row, 7)
        updates.store(connection, 1, [(10, "{}")], 8)
        return updates.offset(connection, 1), [item.update_id for item in updates.unhandled(connection, 1)]

    assert store.submit(work).result() == (11, [11, 12])  # as the poller asks after it


def test_a_stranger_is_counted_and_the_first_attempt_is_reported(store: Store) -> None:
    tries = [store.submit(partial(updates.stranger, user_id=66, now=at)).result() for at in (1, 2, 3)]
    assert tries == [True, False, False]
    assert store.submit(lambda c: c.execute("SELECT * FROM strangers").fetchone()).result() == (66, 3, 1, 3)


def test_r17_reads_do_not_fail_when_the_store_cannot_be_written(store: Store) -> None:
    def full(connection: sqlite3.Connection) -> None:
        # As a full disk does: the whole transaction is gone, not this work alone.
        connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("database or disk is full")

    async def together() -> list[object]:
        work = [
            store.run(lambda c: facts.get(c, "a")),
            store.run(full),
            store.run(lambda c: facts.get(c, "b")),
        ]
        return list(await asyncio.gather(*work, return_exceptions=True))

    for _ in range(20):
        first, second, third = asyncio.run(together())
        assert (first, third) == (None, None)
        assert isinstance(second, sqlite3.OperationalError)


DAY = 86_400_000_000


def listen(connection: sqlite3.Connection, ids: list[int], now: int) -> list[int]:
    """Store and handle a batch; return the ids that were handled."""
    updates.store(connection, 1, [(number, "{}") for number in ids], now)
    waiting = updates.unhandled(connection, 1)
    for update in waiting:
        updates.handled(connection, update.row, now)
    return [update.update_id for update in waiting]


def test_updates_that_restart_at_a_lower_id_lower_the_stored_offset() -> None:
    with closing(memory()) as store:
        listen(store, [900, 901], 0)
        assert updates.offset(store, 1) == 902
        assert listen(store, [100, 101], 8 * DAY) == [100, 101]
        assert updates.offset(store, 1) == 102


@given(st.lists(st.integers(0, 20), min_size=1, max_size=8), st.integers(-30, 30))
def test_an_update_id_is_accepted_twice_only_after_days(ids: list[int], days: int) -> None:
    with closing(memory()) as store:
        assert listen(store, ids, 100 * DAY) == list(dict.fromkeys(ids))
        again = listen(store, ids, (100 + days) * DAY)
        assert again == (list(dict.fromkeys(ids)) if abs(days) > 2 else [])
        assert updates.offset(store, 1) == max(ids) + 1


def test_an_unhandled_update_is_never_replaced() -> None:
    with closing(memory()) as store:
        updates.store(store, 1, [(7, '"old"')], 0)
        updates.store(store, 1, [(7, '"new"')], 30 * DAY)
        assert [update.payload for update in updates.unhandled(store, 1)] == ['"old"']
