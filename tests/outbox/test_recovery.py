"""A damaged store: all that can be read is recovered, nothing is invented, what is lost is told."""

from __future__ import annotations

import random
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.outbox import recovery, schema
from outbox import aged

if TYPE_CHECKING:
    from pathlib import Path

PAGE = 4096
SEEDS = 30
Original = tuple["Path", aged.Rows, dict[str, dict[int, set[int]]]]
# Tables whose rows mending leaves as they are.
UNTOUCHED = ("events", "answers", "updates", "positions", "strangers", "chats", "bots")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    path = tmp_path_factory.mktemp("aged") / "store.db"
    rows = aged.make(path)
    options = sqlite3.connect(":memory:").execute("PRAGMA compile_options").fetchall()
    if ("ENABLE_DBSTAT_VTAB",) not in options:
        pytest.skip("this SQLite has no dbstat, which tells in which page a row lies")
    return path, rows, aged.places(path)


def damage(path: Path, pages: dict[int, str], seed: int) -> None:
    """Write over whole pages."""
    random_bytes = random.Random(seed)
    content = bytearray(path.read_bytes())
    for page, wanted in pages.items():
        kind = wanted
        other = random_bytes.randrange(len(content) // PAGE) * PAGE
        if kind == "another page" and content[(page - 1) * PAGE] == 0:
            kind = "zeros"  # the middle of a long text in another's: nothing but a checksum would show it
        content[(page - 1) * PAGE : page * PAGE] = {
            "noise": random_bytes.randbytes(PAGE),
            "zeros": bytes(PAGE),
            "another page": content[other : other + PAGE],
        }[kind]
    path.write_bytes(content)


def without_bot(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*row[:2], None, *row[3:])


def sound(path: Path) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    without = "SELECT count(*) FROM events WHERE id NOT IN (SELECT event FROM deliveries)"
    assert connection.execute(without).fetchone() == (0,)
    connection.close()
    assert path.stat().st_mode & 0o777 == 0o600


def only_what_was(before: aged.Rows, after: aged.Rows) -> None:
    for number, row in after["answers"].items():
        if row[2] not in after["events"]:
            after["answers"][number] = before["answers"][number]  # it answers an event that is lost
            assert row[2] is None
    for number, row in after["bots"].items():
        if row != before["bots"][number]:  # made from its index: the updates that are there tell the offset
            assert row[:3] == before["bots"][number][:3]
            assert row[3] == max((update[2] + 1 for update in after["updates"].values()), default=0)
            after["bots"] = before["bots"]
    for name in UNTOUCHED:
        assert all(before[name].get(number) == row for number, row in after[name].items()), name
    for name in ("parts", "decisions", "cards"):
        assert after[name].keys() <= before[name].keys()


def all_that_is_readable(before: aged.Rows, after: aged.Rows, readable: dict[str, set[int]]) -> None:
    for name in ("events", "positions", "strangers", "answers"):
        assert readable[name] <= after[name].keys(), name
    if after["bots"]:
        for name in ("updates", "chats"):
            assert readable[name] <= after[name].keys(), name
    kept = {number for number in readable["deliveries"] if before["deliveries"][number][1] in after["events"]}
    assert kept <= after["deliveries"].keys()


def deliveries_are_sent_or_marked(before: aged.Rows, after: aged.Rows) -> None:
    event, state, unclear, crashed = 1, 6, 9, 10  # where these columns stand
    for number, row in after["deliveries"].items():
        old = before["deliveries"].get(number)
        if old is None or row[event] != old[event] or row[state] == "held":
            # Made for an event whose own is lost: held for the owner, to be sent with the mark.
            assert (row[state], row[unclear], row[crashed]) == ("held", 1, 1)
        elif old[state] == "sent" and row not in (old, without_bot(old)):
            # An open question whose buttons need a key that is lost: asked again, with the mark.
            assert (row[state], row[unclear], old[event] % 20) == ("queued", 1, 8)
            assert "card_key" not in {name for _, name, *_ in after["facts"].values()}


def told_of(before: aged.Rows, after: aged.Rows, losses: recovery.Losses) -> None:
    for name in UNTOUCHED:
        assert losses.recovered[name] == len(after[name])
        missing, told = len(before[name]) - len(after[name]), losses.lost.get(name, 0)
        assert told == missing if losses.exact else told <= missing
    assert set(losses.events) <= {row[2] for row in before["events"].values()}
    assert bool(losses.events) == ("events" in losses.lost)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_r17_of_a_store_with_damaged_pages_all_is_recovered_that_can_be_read_and_nothing_invented(
    original: Original, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    kinds = ("noise", "zeros", "another page")
    pages = {chance.randint(1, 127): chance.choice(kinds) for _ in range(chance.choice((1, 2, 5, 12, 40)))}
    if seed % 5 == 0:
        pages[1] = "noise"  # the header, and what leads to all tables
    source, before, places = original
    path = tmp_path / "store.db"
    shutil.copy(source, path)
    path.chmod(0o600)
    damage(path, pages, seed)
    content = path.read_bytes()
    losses = recovery.recover(path)
    sound(path)
    assert (path.parent / losses.kept).read_bytes() == content
    assert (path.parent / losses.kept).stat().st_mode & 0o777 == 0o600
    after = aged.rows(path)
    readable = {
        name: {number for number, there in table.items() if not there & pages.keys()}
        for name, table in places.items()
    }
    only_what_was(before, after)
    all_that_is_readable(before, after, readable)
    deliveries_are_sent_or_marked(before, after)
    # An index page in another's place may tell of rows that never were.
    if "another page" not in pages.values():
        told_of(before, after, losses)


def test_an_undamaged_store_comes_out_as_it_was(original: Original, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    shutil.copy(original[0], path)
    path.chmod(0o600)
    losses = recovery.recover(path)
    sound(path)
    after = aged.rows(path)
    after["facts"] = {n: row for n, row in after["facts"].items() if row[0] != recovery.FACT}
    assert after == original[1]
    assert (losses.lost, losses.exact) == ({}, True)
