"""The writing thread under faults: waiting work fails, the thread continues, or reports that it cannot."""

from __future__ import annotations

import ctypes
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.retry import STORE
from cctelegram.store import database as stores
from cctelegram.store import facts
from owned import Store
from running import environment, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator


class Faulty(sqlite3.Connection):
    """A connection whose statements of some kinds fail, as on a failing disk."""

    failing: tuple[str, ...] = ()

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql.startswith(Faulty.failing) and Faulty.failing:
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, *values)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, told: list[str]) -> Iterator[Store]:
    opened = Store(tmp_path / "store.db", report=told.append, factory=Faulty)
    yield opened
    Faulty.failing = ()
    opened.close()


def put(store: Store, name: str) -> None:
    store.submit(lambda c: facts.put(c, name, b"1")).result(30)


def test_r19_a_failed_commit_and_rollback_fail_the_work_and_the_next_work_is_done(
    store: Store, told: list[str]
) -> None:
    put(store, "before")
    Faulty.failing = ("COMMIT", "ROLLBACK")
    waiting = [store.submit(lambda c: facts.put(c, "lost", b"1")) for _ in range(5)]
    for future in waiting:
        with pytest.raises(sqlite3.OperationalError, match="disk I/O error"):
            future.result(30)
    assert "disk I/O error" in str(store.problem)
    assert store.stuck is None
    assert "disk I/O error" in told[0]
    Faulty.failing = ()

    def again() -> bool:
        future = store.submit(lambda c: facts.get(c, "lost"))
        return future.exception(30) is None and future.result() is None

    wait_for(again, "it is opened again")
    put(store, "after")
    assert store.problem is None


def test_r19_a_store_that_cannot_be_reopened_is_not_retried_endlessly(store: Store, told: list[str]) -> None:
    Faulty.failing = ("COMMIT", "ROLLBACK", "PRAGMA")
    began = time.monotonic()
    for _ in range(500):
        with pytest.raises(sqlite3.OperationalError):
            put(store, "lost")
    assert len(told) <= 2 + (time.monotonic() - began) / STORE.first
    assert "disk I/O error" in str(store.problem)
    Faulty.failing = ()
    wait_for(lambda: store.submit(lambda c: facts.get(c, "x")).exception(30) is None, "well again")
    assert store.problem is None


def test_r19_an_unexpected_exception_fails_the_work_and_not_the_thread(store: Store) -> None:
    def leave(_: sqlite3.Connection) -> None:
        sys.exit("a mistake")

    with pytest.raises(sqlite3.OperationalError, match="SystemExit: a mistake"):
        store.submit(leave).result(30)
    wait_for(lambda: store.submit(lambda c: facts.get(c, "x")).exception(30) is None, "well again")


def test_r19_the_end_of_the_thread_fails_waiting_work_and_is_reported(store: Store, told: list[str]) -> None:
    put(store, "before")
    thread = store._thread
    # Raised in the thread as soon as it leaves the queue it waits in; the work behind it is not begun.
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit)
    )
    store._work.put(None)
    waiting = store.submit(lambda c: facts.put(c, "waiting", b"1"))
    thread.join(30)
    for future in (waiting, store.submit(lambda c: facts.put(c, "late", b"1"))):
        with pytest.raises(stores.Ended, match="SystemExit"):
            future.result(30)
    assert "SystemExit" in told[0]
    assert store.stuck is not None
    assert store.problem == store.stuck


def test_a_store_that_is_closed_refuses_work_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.db")
    store.close()
    with pytest.raises(sqlite3.OperationalError, match="closed"):
        put(store, "late")


def test_r19_a_transaction_that_takes_too_long_is_reported(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    future = store.submit(lambda _: go_on.wait(30))
    monkeypatch.setattr(stores, "SLOW", 0.01)
    wait_for(lambda: store.problem, "it is told")
    assert store.stuck is None
    monkeypatch.setattr(stores, "STUCK", 0.02)
    wait_for(lambda: store.stuck, "it is given up")
    go_on.set()
    assert future.result(30)
    wait_for(lambda: store.problem is None, "well again")


FULL_DISK = """
import os, resource, sqlite3, sys, time
from pathlib import Path
from cctelegram.store import facts
from owned import Store
store = Store(Path(sys.argv[1]))
put = lambda name, size: store.submit(lambda c: facts.put(c, name, bytes(size)))
put("before", 10).result(30)
if sys.argv[2] == "limit":
    # No file may grow: the kernel refuses what SQLite writes.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    heal = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
else:
    # Every file of SQLite's becomes one that reads as zeros and takes nothing, behind its back.
    mine = [int(fd) for fd in os.listdir("/proc/self/fd")]
    names = {fd: os.readlink(f"/proc/self/fd/{fd}") for fd in mine if os.path.exists(f"/proc/self/fd/{fd}")}
    held = {fd: os.dup(fd) for fd, name in names.items() if "store.db" in name}
    full = os.open("/dev/full", os.O_RDWR)
    for fd in held:
        os.dup2(full, fd)
    def heal():
        for fd, real in held.items():
            if os.readlink(f"/proc/self/fd/{fd}") == "/dev/full":
                os.dup2(real, fd)
failed = [put(f"lost-{number}", 100_000) for number in range(10)]
kept = [number for number, one in enumerate(failed) if one.exception(60) is None]
print(len(kept), flush=True)
heal()
deadline = time.monotonic() + 60
while put("after", 100_000).exception(60) is not None:
    assert time.monotonic() < deadline
    time.sleep(0.1)
wanted = ["before", *(f"lost-{number}" for number in kept), "after"]
found = [store.submit(lambda c: facts.get(c, name)).result(60) for name in wanted]
print(all(found), store.problem)
store.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors under /proc are Linux's")
@pytest.mark.parametrize("way", ["limit", "descriptors"])
def test_r19_a_write_that_the_kernel_refuses_fails_the_work_and_nothing_waits(
    tmp_path: Path, way: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "store.db"), way],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env=environment(PYTHONPATH=str(Path(__file__).parents[1])),
    )
    # What reads as zeros is recovered by the file's name, then stored; work reported as durable is there.
    stored = {"limit": "0"}.get(way, done.stdout.partition("\n")[0])
    assert done.stdout == f"{stored}\nTrue None\n", done.stderr
