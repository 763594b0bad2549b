"""`cctelegram store`: check of a sound and a damaged store, backup, restore."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from cli.commands import run
from running import bridge, make_home, wait_for
from store import aged

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = make_home(tmp_path / "home", None)
    aged.make(home / "state" / "store.db")
    return home


def spoil(home: Path) -> bytes:
    store = home / "state" / "store.db"
    content = bytearray(store.read_bytes())
    content[40 * 4096 : 60 * 4096] = bytes(20 * 4096)
    store.write_bytes(content)
    return bytes(content)


def titles(store: Path) -> int:
    connection = sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)
    (count,) = connection.execute("SELECT count(*) FROM events").fetchone()
    connection.close()
    return int(count)


def test_check_reports_a_sound_store_as_sound(home: Path) -> None:
    said = run("store", "check", home=home)
    assert (said.returncode, said.stderr) == (0, "")
    assert "is sound: 400 events" in said.stdout
    told = json.loads(run("store", "check", "--json", home=home).stdout)
    assert (told["sound"], told["events"], told["snapshots"]) == (True, 400, [])


def test_r13_check_reports_a_damaged_store_with_exit_code_1_and_changes_no_byte_of_it(home: Path) -> None:
    content = spoil(home)
    for words in (["check"], ["backup"], ["backup", str(home / "copy.db")]):
        said = run("store", *words, home=home)
        assert said.returncode == 1, words
        assert "Traceback" not in said.stderr
    assert "is damaged" in run("store", "check", home=home).stderr
    assert json.loads(run("store", "check", "--json", home=home).stdout)["sound"] is False
    for words in (["cleanup", "plan"], ["search", "x"], ["audit", "verify"], ["outbox", "list"]):
        said = run(*words, home=home)
        assert "Traceback" not in said.stderr, said.stderr
    assert (home / "state" / "store.db").read_bytes() == content
    assert not list((home / "state").glob("store.db.*"))
    assert not (home / "copy.db").exists()


def test_a_backup_while_a_bridge_runs_is_complete_and_overwrites_nothing(home: Path) -> None:
    copy = home / "copy.db"
    with bridge(home) as running:
        running.put("a.json", {"type": "task_failed", "title": "New"})
        wait_for(lambda: titles(home / "state" / "store.db") == 401, "taken")
        assert json.loads(run("store", "backup", str(copy), "--json", home=home).stdout)["file"] == str(copy)
        again = run("store", "backup", str(copy), home=home)
        assert (again.returncode, "already exists" in again.stderr) == (1, True)
        refused = run("store", "restore", str(copy), home=home)
        assert (refused.returncode, "A bridge serves this home" in refused.stderr) == (1, True)
    assert titles(copy) == 401
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_snapshot_is_restored_and_the_previous_store_is_kept(home: Path) -> None:
    for _ in range(5):
        assert run("store", "backup", home=home).returncode == 0
    taken = sorted((home / "state" / "snapshots").iterdir())
    assert len(taken) == 3
    store = home / "state" / "store.db"
    content = spoil(home)
    told = json.loads(run("store", "restore", str(taken[-1]), "--json", home=home).stdout)
    assert (home / "state" / told["kept"]).read_bytes() == content
    assert titles(store) == 400
    assert run("store", "check", home=home).returncode == 0
    # What waited may have been sent since.
    connection = sqlite3.connect(store)
    marks = connection.execute(
        "SELECT DISTINCT unclear, crashed FROM deliveries WHERE state IN ('queued', 'held')"
    ).fetchall()
    connection.close()
    assert marks == [(1, 1)]


@pytest.mark.parametrize("what", ["missing", "damaged", "empty", "another"])
def test_a_file_that_is_not_a_sound_store_is_not_restored(home: Path, what: str) -> None:
    store = home / "state" / "store.db"
    file = home / "file.db"
    if what == "damaged":
        content = store.read_bytes()
        spoil(home)
        store.rename(file)
        store.write_bytes(content)
    elif what == "empty":
        file.touch()
    elif what == "another":
        other = sqlite3.connect(file)
        other.execute("CREATE TABLE t (x)")
        other.close()
    before = store.read_bytes()
    said = run("store", "restore", str(file), home=home)
    assert said.returncode == 1
    assert "othing was changed" in said.stderr
    assert store.read_bytes() == before
    assert not list((home / "state").glob("store.db.*"))


def test_restore_puts_a_store_into_a_home_without_one(tmp_path: Path, home: Path) -> None:
    assert run("store", "backup", str(tmp_path / "copy.db"), home=home).returncode == 0
    new = make_home(tmp_path / "new", None)
    said = run("store", "restore", str(tmp_path / "copy.db"), home=new)
    assert (said.returncode, "kept" in said.stdout) == (0, False)
    assert titles(new / "state" / "store.db") == 400
    assert run("store", "check", home=tmp_path / "none").returncode == 1
