"""The store over a file that is damaged, cut short or taken away: it goes on, and says what it cost."""

from __future__ import annotations

import shutil
import sqlite3
from functools import partial
from typing import TYPE_CHECKING

import pytest

from cctelegram.outbox import facts, opened, recovery
from cctelegram.outbox.store import Store
from outbox import aged

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cctelegram.outbox.recovery import Losses

PAGE = 4096


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("aged") / "store.db"
    aged.make(path)
    return path


@pytest.fixture
def path(source: Path, tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    shutil.copy(source, path)
    return path


def over(path: Path, start: int, content: bytes) -> None:
    with path.open("rb+") as file:
        file.seek(start)
        file.write(content)


def events(store: Store) -> int:
    count = store.submit(lambda c: c.execute("SELECT count(*) FROM events NOT INDEXED").fetchone()[0])
    return int(count.result(30))


def cut(path: Path) -> None:
    with path.open("rb+") as file:
        file.truncate(path.stat().st_size // 2)


AT_START: dict[str, Callable[[Path], None]] = {
    "the header is gone": lambda path: over(path, 0, bytes(100)),
    "the first page is gone": lambda path: over(path, 0, b"\xff" * PAGE),
    "half of it is gone": cut,
    "nothing of it is a store": lambda path: over(path, 0, b"not a store" * 60_000),
}


@pytest.mark.parametrize("case", AT_START)
def test_r17_a_store_that_is_damaged_at_start_is_kept_aside_and_recovered(path: Path, case: str) -> None:
    AT_START[case](path)
    content = path.read_bytes()
    store = Store(path)
    found = store.losses
    assert found is not None
    kept = path.with_name(found.kept)
    assert kept.read_bytes() == content
    assert {file.stat().st_mode & 0o777 for file in path.parent.glob("store.db*")} == {0o600}
    expected = {"half of it is gone": range(100, 399), "nothing of it is a store": range(1)}
    assert events(store) in expected.get(case, range(400, 401))
    store.close()
    # It is sound from then on.
    again = Store(path)
    assert again.losses is None
    assert again.submit(recovery.losses).result() == found
    again.close()
    assert opened.check(path) is None


def root(path: Path, name: str) -> int:
    connection = sqlite3.connect(path)
    (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
    connection.close()
    return int(page)


def test_r17_damage_that_is_met_while_it_runs_is_recovered_and_the_work_done(path: Path) -> None:
    page = root(path, "events")
    told: list[Losses | None] = []
    store = Store(path, told.append)
    assert store.losses is None  # nobody has read that page yet
    over(path, (page - 1) * PAGE, b"\xff" * PAGE)
    assert events(store) == 400
    store.submit(lambda c: facts.put(c, "after", b"1")).result(30)
    store.close()
    (losses,) = told
    assert losses is not None
    assert losses.lost == {}
    assert opened.check(path) is None


def test_r17_an_index_that_forgets_a_row_is_found_by_the_check_and_made_anew(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA writable_schema = ON")
    # The row goes, its entries in the indexes stay.
    connection.execute(
        "UPDATE sqlite_schema SET sql = replace(sql, 'queued''', 'sent''') WHERE name = 'deliveries_waiting'"
    )
    connection.commit()
    connection.close()
    assert "deliveries_waiting" in str(opened.check(path))
    told: list[Losses | None] = []
    store = Store(path, told.append)
    store.distrust("the index deliveries_waiting").result(30)
    assert len(told) == 1
    # Whoever found the same damage twice recovers it once.
    assert opened.check(path) is None
    waiting = "SELECT count(*) FROM deliveries WHERE state = 'queued' AND chat_id = ?"
    assert store.submit(lambda c: c.execute(waiting, (aged.CHAT,)).fetchone()[0]).result() == 20
    store.close()


def log_of(path: Path, home: Path, transactions: int) -> Path:
    """Copy a store with its log as a kill leaves them: so many transactions that are in the log alone."""
    store = Store(path)
    for number in range(transactions):
        # About two pages each, so that damage to one leaves most.
        store.submit(partial(facts.put, name=f"fact-{number}", value=bytes(3000))).result()
    there = home / "killed"
    there.mkdir()
    for end in ("", "-wal"):
        shutil.copy(path.with_name(path.name + end), there / f"store.db{end}")
    store.close()
    return there / "store.db"


def kept_facts(path: Path) -> tuple[int, Losses | None]:
    store = Store(path)
    query = "SELECT count(*) FROM facts WHERE name LIKE 'fact-%'"
    count = store.submit(lambda c: c.execute(query).fetchone()[0]).result()
    store.close()
    return int(count), store.losses


def test_a_log_that_a_kill_left_is_read_to_its_end(path: Path, tmp_path: Path) -> None:
    assert kept_facts(log_of(path, tmp_path, 40)) == (40, None)


@pytest.mark.parametrize("at", [0, 11, 20, 33, 60])
def test_r17_what_stands_behind_damage_in_the_log_is_recovered(path: Path, tmp_path: Path, at: int) -> None:
    killed = log_of(path, tmp_path, 40)
    log = killed.with_name("store.db-wal")
    over(log, 32 + at * (PAGE + 24) + 24 + 100, bytes(range(200)))
    count, losses = kept_facts(killed)
    assert losses is not None
    # One page of the log is at most two facts; a later version may follow; SQLite alone forgets the rest.
    assert count >= 38
    assert (count, losses.exact) == (40, True) or not losses.exact
    assert (killed.parent / f"{losses.kept}-wal").exists()


def test_r17_a_log_without_its_head_is_read_all_the_same(path: Path, tmp_path: Path) -> None:
    killed = log_of(path, tmp_path, 40)
    over(killed.with_name("store.db-wal"), 0, bytes(32))
    count, losses = kept_facts(killed)
    assert losses is not None
    assert count >= 39


@pytest.mark.parametrize("left", [1, 17, PAGE + 23])
def test_a_transaction_that_was_cut_short_by_a_power_cut_is_no_damage(
    path: Path, tmp_path: Path, left: int
) -> None:
    killed = log_of(path, tmp_path, 10)
    log = killed.with_name("store.db-wal")
    with log.open("rb+") as file:
        file.truncate(log.stat().st_size - left)
    assert kept_facts(killed) == (9, None)


def test_r17_a_file_that_is_removed_under_it_is_written_anew_with_all_that_was_in_it(path: Path) -> None:
    told: list[Losses | None] = []
    store = Store(path, told.append)
    store.submit(lambda c: facts.put(c, "before", b"1")).result()
    for file in path.parent.glob("store.db*"):
        file.unlink()
    store.look()
    store.submit(lambda c: facts.put(c, "after", b"1")).result()
    assert told == [None]
    # As a kill would leave it.
    other = opened.connect(path, read_only=True)
    assert (facts.get(other, "before"), facts.get(other, "after")) == (b"1", b"1")
    assert other.execute("SELECT count(*) FROM events").fetchone() == (400,)
    other.close()
    store.close()
    assert opened.check(path) is None


def test_r17_its_directory_is_made_anew_too_and_another_file_in_its_place_is_kept(
    path: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    path = path.rename(state / "store.db")
    store = Store(path)
    shutil.rmtree(state)
    assert events(store) == 400
    assert state.stat().st_mode & 0o777 == 0o700
    other = state / "other.db"
    other.write_bytes(b"another")
    other.replace(path)
    assert events(store) == 400
    assert [file.read_bytes() for file in state.glob("store.db.found-*")] == [b"another"]
    store.close()


def test_r17_an_exchange_that_was_cut_short_goes_to_its_end_at_the_next_start(path: Path) -> None:
    """Every file that a kill between two renames can leave in its old place."""
    rows = aged.rows(path)
    over(path, 0, bytes(100))
    recovery.recover(path)
    (damaged,) = path.parent.glob("store.db.damaged-*")
    when = damaged.name.rpartition("-")[2]
    # Complete, and neither of the two renames done.
    path.rename(path.with_name(f"store.db.recovered-{when}"))
    damaged.rename(path)
    Store(path).close()
    assert aged.rows(path)["events"] == rows["events"]
    # The damaged one is away, the new one not yet in its place.
    path.rename(path.with_name(f"store.db.recovered-{when}"))
    Store(path).close()
    assert aged.rows(path)["events"] == rows["events"]
    assert damaged.exists()
    assert not list(path.parent.glob("store.db.recover*"))
