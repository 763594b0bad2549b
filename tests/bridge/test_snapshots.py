"""The bridge's own snapshots and checks: when they are due, what they find, how a stop ends them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
import structlog

from cctelegram.daemon import store_checks as module
from cctelegram.daemon.store_checks import StoreChecks
from cctelegram.runtime import clock
from cctelegram.store import snapshots
from contexts import context
from owned import Store
from store import aged

if TYPE_CHECKING:
    from pathlib import Path

DAY = snapshots.EVERY


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    aged.make(path)
    return path


def serve(path: Path, until: str, *, unclean: bool = False) -> list[str]:
    """Run it until this is logged; return the log."""

    async def work() -> list[str]:
        store = Store(path)
        with structlog.testing.capture_logs() as logged:
            made = StoreChecks(context(path.parent, store), unclean=unclean)
            task = asyncio.create_task(made.run())
            async with asyncio.timeout(30):
                while until not in [line["event"] for line in logged]:  # noqa: ASYNC110 - a thread works
                    await asyncio.sleep(0.01)  # another thread: nothing to wait at
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        store.close()
        return [line["event"] for line in logged]

    return asyncio.run(work())


def test_a_snapshot_is_taken_after_the_start_and_once_a_day(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AFTER_START", 0.0)
    monkeypatch.setattr(module, "LONGEST_SLEEP", 0.01)
    assert serve(path, "store.snapshot") == ["store.snapshot"]
    (taken,) = snapshots.taken(path)
    assert snapshots.fault(taken) is None
    assert (taken.stat().st_mode & 0o777, taken.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    now = clock.wall()
    assert not snapshots.is_due(path, now)
    assert snapshots.is_due(path, now + DAY) == (path.stat().st_mtime * 1e6 > now)
    aged_by = Store(path)
    aged_by.submit(lambda c: c.execute("UPDATE facts SET value = value")).result()
    assert snapshots.is_due(path, now + DAY)
    aged_by.close()


def test_the_newest_three_are_kept(path: Path) -> None:
    taken = [snapshots.take(path, clock.wall() + number) for number in range(5)]
    assert snapshots.taken(path) == taken[2:]
    assert {file.name for file in taken[0].parent.iterdir()} == {file.name for file in taken[2:]}


def test_no_snapshot_is_taken_without_free_space_and_that_is_logged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AFTER_START", 0.0)
    monkeypatch.setattr(snapshots, "ROOM", 1 << 40)
    assert serve(path, "store.snapshot_failed") == ["store.snapshot_failed"]
    with pytest.raises(snapshots.NoRoom, match=r"bytes free, and \d+ are needed"):
        snapshots.take(path, clock.wall())
    assert snapshots.taken(path) == []


def test_r17_damage_after_an_unclean_shutdown_is_found_and_recovered_in_the_background(path: Path) -> None:
    good = snapshots.take(path, clock.wall())
    with path.open("rb+") as file:
        file.seek(60 * 4096)
        file.write(bytes(4096 * 3))
    assert serve(path, "store.damaged", unclean=True)[0] == "store.damaged"
    assert list(path.parent.glob("store.db.damaged-*"))
    # A snapshot of what is damaged does not push out a sound one.
    assert good in snapshots.taken(path)


def test_a_cancelled_snapshot_leaves_no_file(path: Path) -> None:
    with pytest.raises(snapshots.Stopped):
        snapshots.take(path, clock.wall(), stop=lambda: True)
    assert list((path.parent / "snapshots").iterdir()) == []


def test_writes_continue_during_a_snapshot_which_is_of_one_moment(path: Path) -> None:
    store = Store(path)
    done: list[int] = []

    def write_one() -> bool:
        # Between two steps of the copy: each write would restart a copy without a transaction.
        store.submit(lambda c: c.execute("DELETE FROM strangers WHERE user_id = ?", (len(done),))).result(10)
        done.append(1)
        return False

    taken = snapshots.take(path, clock.wall(), stop=write_one)
    store.close()
    assert done
    assert len(aged.rows(taken)["strangers"]) == aged.EVENTS
