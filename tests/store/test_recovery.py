"""A damaged store: readable rows are kept, the snapshot has the rest, losses are reported."""

from __future__ import annotations

import random
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.store import recovery, schema, snapshots
from store import aged
from store.rows import NOW

if TYPE_CHECKING:
    from pathlib import Path

PAGE = 4096
SEEDS = 30
Original = tuple["Path", aged.Rows, dict[str, dict[int, set[int]]]]
# Tables whose rows mending leaves as they are.
UNTOUCHED = ("events", "answers", "updates", "positions", "strangers", "chats", "bots")
# Where these columns of a delivery stand.
EVENT, STATE, UNCLEAR, CRASHED = 1, 6, 9, 10


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    path = tmp_path_factory.mktemp("aged") / "store.db"
    rows = aged.make(path)
    options = sqlite3.connect(":memory:").execute("PRAGMA compile_options").fetchall()
    if ("ENABLE_DBSTAT_VTAB",) not in options:
        pytest.skip("this SQLite has no dbstat, which tells in which page a row lies")
    return path, rows, aged.places(path)


@pytest.fixture
def path(original: Original, tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    shutil.copy(original[0], path)
    path.chmod(0o600)
    return path


def damage(path: Path, seed: int) -> set[int]:
    """Overwrite some pages, not the first unless the seed says so; return which."""
    chance = random.Random(seed)
    content = bytearray(path.read_bytes())
    last = len(content) // PAGE
    pages = {chance.randint(2, last) for _ in range(chance.choice((1, 2, 5, 12, 40)))}
    if seed % 5 == 0:
        pages.add(1)  # the header, and what leads to all tables
    for page in pages:
        content[(page - 1) * PAGE : page * PAGE] = chance.choice((chance.randbytes(PAGE), bytes(PAGE)))
    path.write_bytes(content)
    return pages


def without_bot(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*row[:2], None, *row[3:])


def sound(path: Path) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    without = "SELECT count(*) FROM events WHERE id NOT IN (SELECT event FROM deliveries WHERE event > 0)"
    assert connection.execute(without).fetchone() == (0,)
    connection.close()
    assert path.stat().st_mode & 0o777 == 0o600


def only_what_was(before: aged.Rows, after: aged.Rows) -> None:
    for number, row in after["answers"].items():
        if row[2] is None:
            after["answers"][number] = before["answers"][number]  # it answers an event that is lost
    for name in UNTOUCHED:
        assert all(before[name].get(number) == row for number, row in after[name].items()), name
    for name in ("parts", "decisions", "cards"):
        assert after[name].keys() <= before[name].keys()


def deliveries_are_sent_or_marked(before: aged.Rows, after: aged.Rows) -> None:
    for number, row in after["deliveries"].items():
        old = before["deliveries"].get(number)
        if old is None or row[EVENT] != old[EVENT] or row[STATE] == "held":
            # Made for an event whose own is lost: held for the owner, to be sent with the mark.
            assert (row[STATE], row[UNCLEAR], row[CRASHED]) == ("held", 1, 1)
        elif old[STATE] == "sent" and row not in (old, without_bot(old)):
            # An open question whose buttons need a key that is lost: asked again, with the mark.
            assert (row[STATE], row[UNCLEAR], old[EVENT] % 20) == ("queued", 1, 8)
            assert "card_key" not in {name for _, name, *_ in after["facts"].values()}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_r17_without_a_snapshot_everything_readable_is_kept_and_nothing_invented(
    original: Original, path: Path, seed: int
) -> None:
    _, before, places = original
    pages = damage(path, seed)
    content = path.read_bytes()
    losses = recovery.recover(path)
    sound(path)
    assert (path.parent / losses.kept).read_bytes() == content
    assert (path.parent / losses.kept).stat().st_mode & 0o777 == 0o600
    after = aged.rows(path)
    only_what_was(before, after)
    deliveries_are_sent_or_marked(before, after)
    if not pages & places_of_the_schema(original):
        for name in ("events", "positions", "strangers", "answers"):
            readable = {number for number, there in places[name].items() if not there & pages}
            assert readable <= after[name].keys(), name
        for name in UNTOUCHED:
            missing, told = len(before[name]) - len(after[name]), losses.lost.get(name, 0)
            assert told == missing if losses.exact else told <= missing
        assert set(losses.events) <= {row[2] for row in before["events"].values()}
        assert bool(losses.events) <= ("events" in losses.lost)


def places_of_the_schema(original: Original) -> set[int]:
    connection = sqlite3.connect(original[0])
    found = connection.execute("SELECT pageno FROM dbstat WHERE name = 'sqlite_schema'").fetchall()
    connection.close()
    return {1, *(page for (page,) in found)}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_r17_unreadable_rows_come_from_the_snapshot_and_waiting_deliveries_are_marked(
    original: Original, path: Path, seed: int
) -> None:
    before = original[1]
    snapshots.take(path, NOW)
    damage(path, seed)
    losses = recovery.recover(path)
    sound(path)
    after = aged.rows(path)
    only_what_was(before, after)
    for name in (*UNTOUCHED, "decisions", "cards", "deliveries"):
        assert after[name].keys() == before[name].keys(), name
    assert losses.lost == {}
    for number, row in after["deliveries"].items():
        old = before["deliveries"][number]
        marked = (*old[:UNCLEAR], old[UNCLEAR] + 1, old[CRASHED] + 1, *old[CRASHED + 1 :])
        assert row == old or (old[STATE] in ("queued", "held") and row == marked)
    assert losses.snapshot in {file.name for file in snapshots.taken(path)}


def test_a_row_removed_since_the_snapshot_does_not_come_back_if_its_table_is_intact(
    original: Original, path: Path
) -> None:
    snapshots.take(path, NOW)
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM strangers WHERE user_id < 100")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'events'").fetchone()[0]
    connection.close()
    with path.open("rb+") as file:
        file.seek((root - 1) * PAGE)
        file.write(bytes(PAGE))
    losses = recovery.recover(path)
    after = aged.rows(path)
    assert after["events"] == original[1]["events"]
    assert min(after["strangers"]) == 100
    assert losses.restored == {"events": aged.EVENTS}


def test_an_answered_question_that_is_open_in_the_snapshot_is_not_asked_again(path: Path) -> None:
    snapshots.take(path, NOW)
    connection = sqlite3.connect(path)
    (event,) = connection.execute("SELECT event FROM decisions WHERE state = 'open' LIMIT 1").fetchone()
    connection.execute("UPDATE decisions SET state = 'answered', option = 1 WHERE event = ?", (event,))
    body = '{"action": "denied", "option": "Deny"}'
    connection.execute(
        "INSERT INTO answers (kind, event, name, body, created_at) VALUES ('decision', ?, 'a', ?, 1)",
        (event, body),
    )
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'decisions'").fetchone()[0]
    connection.close()
    with path.open("rb+") as file:
        file.seek((root - 1) * PAGE)
        file.write(bytes(PAGE))
    recovery.recover(path)
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT state, text FROM decisions WHERE event = ?", (event,)).fetchone()
    connection.close()
    assert found == ("answered", "Deny")


def test_recovery_of_an_undamaged_store_changes_nothing(original: Original, path: Path) -> None:
    losses = recovery.recover(path)
    sound(path)
    after = aged.rows(path)
    after["facts"] = {n: row for n, row in after["facts"].items() if row[0] != recovery.FACT}
    assert after == original[1]
    assert (losses.lost, losses.exact, losses.restored) == ({}, True, {})
