"""A bridge whose store is damaged or removed: events still arrive, and losses are reported."""

from __future__ import annotations

import json
import shutil
import sqlite3
from typing import TYPE_CHECKING

from cli.commands import run
from flow.phone import labels, see, texts
from running import RunningBridge, bridge, make_home, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox

PAGE = 4096


def root(store: Path, name: str) -> int:
    connection = sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)
    (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
    connection.close()
    return int(page)


def spoil(store: Path, page: int) -> None:
    with store.open("rb+") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xff" * PAGE)


def kept_events(home: Path) -> int:
    connection = sqlite3.connect(f"{(home / 'state' / 'store.db').as_uri()}?mode=ro", uri=True)
    (count,) = connection.execute("SELECT count(*) FROM events").fetchone()
    connection.close()
    return int(count)


def test_r17_events_of_a_store_that_is_damaged_at_start_are_delivered_and_the_owner_is_notified(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", None)
    with bridge(home) as away:  # no allowed users yet
        for number in range(3):
            away.put(f"{number}.json", {"type": "task_failed", "title": f"Waits {number}"})
        away.put("q.json", {"type": "approval_request", "title": "May it", "event_id": "q"})
        wait_for(lambda: kept_events(home) == 4, "all are stored")
        assert run("store", "backup", home=home).returncode == 0
        assert away.stop() == 0
    store = home / "state" / "store.db"
    content = store.read_bytes()
    spoil(store, 1)
    make_home(home, fast_sandbox)
    with bridge(home) as running:
        for number in range(3):
            see(fast_sandbox, f"Waits {number}")
        see(fast_sandbox, "The store was damaged", "4 events", "come from the snapshot")
        # Each may have been sent after the snapshot was taken.
        assert all("may be a repeat" in text for text in texts(fast_sandbox) if "Waits" in text)
        card = see(fast_sandbox, "May it")
        assert labels(card) == ["Approve", "Deny"]
        fast_sandbox.control.tap(card["message_id"], "Approve")
        wait_for(running.responses, "the answer")
        reasons = "\n".join(running.status()["reasons"])
        (kept,) = (home / "state").glob("store.db.damaged-*")
        assert kept.name in reasons
        assert kept.read_bytes()[PAGE:] == content[PAGE:]
        assert [line for line in running.log() if line["event"] == "store.recovered"]
        running.stop()
    with bridge(home) as again:
        kept.unlink()
        again.wait_status(lambda now: not now["reasons"], "well again")
    assert sum("The store was damaged" in text for text in texts(fast_sandbox)) == 1


def test_r17_damage_found_by_a_running_bridge_is_recovered_while_it_runs(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.put("a.json", {"type": "task_failed", "title": "First", "event_id": "same"})
    running.put("q.json", {"type": "approval_request", "title": "Asked before", "event_id": "q"})
    card = see(fast_sandbox, "Asked before")
    see(fast_sandbox, "First")
    running.wait_status(lambda now: now["delivery"]["sent"] == 2, "both are sent")
    store = running.home / "state" / "store.db"
    # Into the file, and out of the log: the next reader finds nothing but the damage.
    other = sqlite3.connect(store)
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    spoil(store, root(store, "deliveries_waiting"))
    spoil(store, root(store, "sqlite_autoindex_events_1"))
    # Who wrote it knows its pages; another who writes makes it read them again.
    other = sqlite3.connect(store)
    other.execute("INSERT INTO facts VALUES ('touched', X'31')")
    other.commit()
    other.close()
    running.put("b.json", {"type": "task_failed", "title": "Second"})
    see(fast_sandbox, "Second")
    see(fast_sandbox, "The store was damaged", "events")
    fast_sandbox.control.tap(card["message_id"], "Deny")
    (answer,) = wait_for(running.responses, "the answer to what was asked before")
    assert answer["action"] == "denied"
    assert sum("First" in text for text in texts(fast_sandbox)) == 1
    assert running.process.poll() is None


def test_r17_a_store_that_is_removed_while_the_bridge_runs_exists_after_a_kill(
    home: Path, fast_sandbox: Sandbox
) -> None:
    with bridge(home) as running:
        running.put("a.json", {"type": "task_failed", "title": "First"})
        see(fast_sandbox, "First")
        fast_sandbox.control.fail("sendMessage", error_code=500, times=1000)
        for file in (home / "state").glob("store.db*"):
            file.unlink()
        running.put("b.json", {"type": "task_failed", "title": "Second"})
        wait_for(
            lambda: (home / "state" / "store.db").exists() and kept_events(home) == 2, "it is there again"
        )
        wait_for(lambda: not list(running.events.iterdir()), "the file is taken")
        running.kill()
    fast_sandbox.control.faults([])
    with bridge(home):
        see(fast_sandbox, "Second")
    assert sum("First" in text for text in texts(fast_sandbox)) == 1


def test_r17_a_home_that_is_removed_and_created_again_is_still_served(
    home: Path, fast_sandbox: Sandbox
) -> None:
    with bridge(home) as running:
        running.put("a.json", {"type": "task_failed", "title": "First"})
        see(fast_sandbox, "First")
        kept = {name: (home / name).read_text(encoding="utf-8") for name in (".env", "config.toml")}
        # In one step: file by file, the bridge would create again what is still being removed.
        shutil.rmtree(home.rename(home.with_name("gone")))
        wait_for((home / "state" / "bridge.json").exists, "the home is made anew", 60)
        for name, text in kept.items():
            (home / name).write_text(text)
        wait_for(running.events.is_dir, "events are taken again")
        running.put("b.json", {"type": "task_failed", "title": "Second"})
        see(fast_sandbox, "Second")
        assert kept_events(home) == 2
        assert (
            json.loads((home / "state" / "bridge.json").read_text(encoding="utf-8"))["pid"]
            == running.process.pid
        )
        assert running.log()
        # The lock is that of the new home: no second bridge can have it.
        assert (home / "state" / "bridge.lock").read_text(encoding="utf-8").strip() == str(
            running.process.pid
        )
        assert "Traceback" not in running.errors.read_text(encoding="utf-8")


def test_r13_a_lock_that_is_removed_is_taken_again_before_another_bridge_can(
    home: Path, fast_sandbox: Sandbox
) -> None:
    with bridge(home) as running:
        lock = home / "state" / "bridge.lock"
        lock.unlink()
        running.put("a.json", {"type": "task_failed", "title": "First"})
        see(fast_sandbox, "First")
        wait_for(
            lambda: lock.exists() and lock.read_text(encoding="utf-8").strip() == str(running.process.pid),
            "locked",
        )
        running.wait_status(lambda now: now["ready"], "it serves on")
        second = run("bridge", "--port", "0", home=home)
        assert (second.returncode, "already serves" in second.stderr) == (1, True)
        running.put("b.json", {"type": "task_failed", "title": "Second"})
        see(fast_sandbox, "Second")
    assert sum("First" in text for text in texts(fast_sandbox)) == 1
