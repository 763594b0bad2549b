"""The store when its file is damaged, truncated or removed: it recovers and reports losses."""

from __future__ import annotations

import shutil
import sqlite3
from functools import partial
from typing import TYPE_CHECKING

import pytest

from cctelegram.daemon import bridge_lock
from cctelegram.store import facts, recovery, schema, snapshots
from cctelegram.store.connection import NotOwner, check, connect_reader, connect_writer
from owned import Store
from store import aged
from store.rows import NOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cctelegram.store.recovery import Losses

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
    snapshots.take(path, NOW)
    AT_START[case](path)
    content = path.read_bytes()
    store = Store(path)
    found = store.losses
    assert found is not None
    kept = path.with_name(found.kept)
    assert kept.read_bytes() == content
    assert {file.stat().st_mode & 0o777 for file in path.parent.glob("store.db*")} == {0o600}
    assert events(store) == 400
    store.close()
    # It is sound from then on.
    again = Store(path)
    assert again.losses is None
    assert again.submit(recovery.losses).result() == found
    again.close()
    assert check(path) is None


def test_r17_an_unreadable_store_without_a_snapshot_starts_empty(path: Path) -> None:
    AT_START["the first page is gone"](path)
    store = Store(path)
    assert store.losses is not None
    assert not store.losses.exact
    assert events(store) == 0
    store.close()


def test_a_store_that_is_damaged_again_at_once_is_not_recovered_in_a_loop(path: Path) -> None:
    store = Store(path)
    with pytest.raises(sqlite3.DatabaseError, match="malformed"):
        store.submit(damaging).result(30)
    assert events(store) == 400
    with pytest.raises(sqlite3.OperationalError, match="damaged again"):
        store.submit(damaging).result(30)
    with pytest.raises(sqlite3.OperationalError, match="damaged again"):
        store.submit(lambda c: facts.put(c, "after", b"1")).result(30)
    assert "damaged again" in str(store.problem)
    assert len(list(path.parent.glob("store.db.damaged-*Z"))) == 1
    store.close()


def damaging(_: sqlite3.Connection) -> None:
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    raise error


def root(path: Path, name: str) -> int:
    connection = sqlite3.connect(path)
    (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
    connection.close()
    return int(page)


def test_r17_damage_found_at_run_time_is_recovered_and_the_work_is_done(path: Path) -> None:
    page = root(path, "events")
    snapshots.take(path, NOW)
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
    assert check(path) is None


def test_r17_an_index_that_lacks_a_row_is_found_by_the_check_and_rebuilt(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA writable_schema = ON")
    # The row goes, its entries in the indexes stay.
    connection.execute(
        "UPDATE sqlite_schema SET sql = replace(sql, 'queued''', 'sent''') WHERE name = 'deliveries_waiting'"
    )
    connection.commit()
    connection.close()
    assert "deliveries_waiting" in str(check(path))
    told: list[Losses | None] = []
    store = Store(path, told.append)
    store.report_damage("the index deliveries_waiting").result(30)
    assert len(told) == 1
    # Whoever found the same damage twice recovers it once.
    assert check(path) is None
    waiting = "SELECT count(*) FROM deliveries WHERE state = 'queued' AND chat_id = ?"
    assert store.submit(lambda c: c.execute(waiting, (aged.CHAT,)).fetchone()[0]).result() == 20
    store.close()


def log_of(path: Path, home: Path, transactions: int) -> Path:
    """Copy a store and its write-ahead log after a kill, with so many transactions only in the log."""
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


def test_a_write_ahead_log_that_a_kill_left_is_read_to_its_end(path: Path, tmp_path: Path) -> None:
    assert kept_facts(log_of(path, tmp_path, 40)) == (40, None)


@pytest.mark.parametrize("at", [0, 11, 33])
def test_r17_a_damaged_write_ahead_log_is_valid_up_to_the_damage(path: Path, tmp_path: Path, at: int) -> None:
    """SQLite itself ignores what follows; more is not guaranteed."""
    killed = log_of(path, tmp_path, 40)
    log = killed.with_name("store.db-wal")
    over(log, 32 + at * (PAGE + 24) + 24 + 100, bytes(range(200)))
    count, losses = kept_facts(killed)
    assert losses is None
    assert at // 6 <= count <= at
    assert check(killed) is None


@pytest.mark.parametrize("left", [1, 17, PAGE + 23])
def test_a_transaction_that_a_power_cut_interrupted_is_not_damage(
    path: Path, tmp_path: Path, left: int
) -> None:
    killed = log_of(path, tmp_path, 10)
    log = killed.with_name("store.db-wal")
    with log.open("rb+") as file:
        file.truncate(log.stat().st_size - left)
    assert kept_facts(killed) == (9, None)


def test_r17_a_store_file_that_is_removed_while_open_is_written_again_completely(path: Path) -> None:
    told: list[Losses | None] = []
    store = Store(path, told.append)
    store.submit(lambda c: facts.put(c, "before", b"1")).result()
    for file in path.parent.glob("store.db*"):
        file.unlink()
    store.check_file()
    store.submit(lambda c: facts.put(c, "after", b"1")).result()
    assert told == [None]
    # As a kill would leave it.
    other = connect_reader(path)
    assert (facts.get(other, "before"), facts.get(other, "after")) == (b"1", b"1")
    assert other.execute("SELECT count(*) FROM events").fetchone() == (400,)
    other.close()
    store.close()
    assert check(path) is None


def test_r17_its_directory_is_created_again_and_another_file_in_its_place_is_kept(
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
    assert [file.read_bytes() for file in state.glob("store.db.found-*Z")] == [b"another"]
    # The lock is that of the directory that is there: nobody else can have it.
    with pytest.raises(bridge_lock.AlreadyRunning):
        bridge_lock.HomeLock(state)
    store.close()


def test_r17_if_another_bridge_owns_the_new_home_the_store_is_left_there_for_a_restore(
    path: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    path = path.rename(state / "store.db")
    told: list[Losses | None] = []
    store = Store(path, told.append)
    state.rename(tmp_path / "gone")
    other = Store(path)
    with pytest.raises(sqlite3.OperationalError, match="A bridge already serves"):
        events(store)
    store.close()
    other.close()
    (left,) = state.glob("store.db.left-*")
    assert told == [None]
    assert snapshots.fault(left) is None
    recovery.restore(path, left, NOW)
    assert aged.rows(path)["events"].keys() == set(range(1, 401))


@pytest.mark.parametrize("word", ["", "damaged-", "replaced-"])
def test_r17_an_interrupted_exchange_of_files_is_completed_at_the_next_start(path: Path, word: str) -> None:
    """Every set of files that a kill between two renames can leave, also of the previous version."""
    rows = aged.rows(path)
    over(path, 0, bytes(100))
    complete = path.with_name(f"store.db.recovered-{word}20260101T000000.000000Z")
    kept = path.with_name(f"store.db.{word or 'damaged-'}20260101T000000.000000Z")
    damaged = path.read_bytes()

    def sound() -> None:
        path.unlink(missing_ok=True)
        aged.make(path)

    # Complete, and neither of the two renames done.
    sound()
    path.rename(complete)
    path.write_bytes(damaged)
    Store(path).close()
    assert aged.rows(path)["events"].keys() == rows["events"].keys()
    assert kept.read_bytes() == damaged
    # The damaged one is away, the new one not yet in its place.
    path.rename(complete)
    path.with_name("store.db-wal.look").write_bytes(b"of the version before")
    Store(path).close()
    assert aged.rows(path)["events"].keys() == rows["events"].keys()
    assert kept.exists()
    assert not list(path.parent.glob("*recover*"))
    assert not list(path.parent.glob("*.look"))


def test_r13_a_process_without_the_lock_cannot_open_the_store_for_writing(path: Path) -> None:
    held = bridge_lock.HomeLock(path.parent)
    with pytest.raises(bridge_lock.AlreadyRunning):
        bridge_lock.HomeLock(path.parent)
    held.unlock()
    with pytest.raises(NotOwner):
        connect_writer(held)


@pytest.mark.parametrize("case", [*AT_START, "the log is damaged", "sound"])
def test_r13_a_reader_changes_no_byte_of_a_store_in_any_state(path: Path, tmp_path: Path, case: str) -> None:
    if case == "the log is damaged":
        path = log_of(path, tmp_path, 40)
        over(path.with_name("store.db-wal"), 32 + 30 * (PAGE + 24), bytes(200))
    elif case != "sound":
        AT_START[case](path)

    def content() -> dict[str, bytes]:
        files = [file for file in path.parent.glob("store.db*") if not file.name.endswith("-shm")]
        return {file.name: found for file in files if (found := file.read_bytes())}

    before = content()
    fault = check(path)
    assert (fault is None) == (case in ("sound", "the log is damaged"))
    assert content() == before


def test_an_older_store_is_migrated_after_a_snapshot_of_it(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    old = sqlite3.connect(path, isolation_level=None)
    schema.migrate(old, path, schema.VERSION - 1)
    facts.put(old, "mode", b"local")
    old.close()
    store = Store(path)
    assert store.submit(lambda c: facts.get(c, "mode")).result() == b"local"
    store.close()
    (taken,) = snapshots.taken(path)
    reader = connect_reader(taken)
    assert reader.execute("PRAGMA user_version").fetchone() == (schema.VERSION - 1,)
    assert facts.get(reader, "mode") == b"local"
    reader.close()
