"""The bridge's own rounds of cleanup: at the start, by schedule, and ended by a stop."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import threading
from typing import TYPE_CHECKING, Any

from cctelegram.cleanup import cleaning, rounds
from cctelegram.cleanup.cleaning import Cleaning
from cctelegram.runtime.log_file import DAY, FULL, LogFile
from cctelegram.spool.file_lock import FileLock
from cleanup.homes import NOW, make
from contexts import context
from owned import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

AT_ONCE = '[cleanup.rejected]\nage = "0s"\nkeep = 0\n'


def serve(home: Path, until: Callable[[Cleaning], bool], schedule: str = "1h") -> Cleaning:
    """Run the rounds of a home until a condition holds."""
    make(home, f'[cleanup]\nschedule = "{schedule}"\n{AT_ONCE}')

    async def work() -> Cleaning:
        store = Store(home / "state" / "store.db")
        made = Cleaning(context(home, store))
        task = asyncio.create_task(made.run())
        try:
            async with asyncio.timeout(30):
                while not until(made):  # noqa: ASYNC110 - a thread works, which has no bell of ours
                    await asyncio.sleep(0.01)  # another thread: nothing to wait at
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            store.close()
        return made

    return asyncio.run(work())


def fill(home: Path, count: int = 3) -> Path:
    folder = home / "rejected"
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / str(number)).write_text("x")
    return folder


def test_the_first_round_runs_some_seconds_after_the_start_and_schedules_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "AFTER_START", 0.05)
    folder = fill(tmp_path)
    told = serve(
        tmp_path, lambda made: "last" in made.status()["cleanup"] and "next" in made.status()["cleanup"]
    ).status()["cleanup"]
    assert list(folder.iterdir()) == []
    assert (told["rounds"], told["removed"], told["errors"]) == (1, 3, 0)
    assert told["next"] > told["last"]["at"]


def test_no_round_runs_when_the_schedule_is_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "AFTER_START", 0.0)
    folder = fill(tmp_path)
    looks = iter(range(20))
    told = serve(tmp_path, lambda _: next(looks) == 19, "off").status()["cleanup"]
    assert len(list(folder.iterdir())) == 3
    assert "next" not in told


def test_a_round_is_skipped_while_another_process_cleans_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "AFTER_START", 0.0)
    folder = fill(tmp_path)
    (tmp_path / "state").mkdir()
    other = FileLock(str(tmp_path / "state" / rounds.LOCK))
    assert other.try_lock()
    told = serve(tmp_path, lambda made: "next" in made.status()["cleanup"]).status()["cleanup"]
    other.unlock()
    assert (told["rounds"], len(list(folder.iterdir()))) == (0, 3)


def test_a_stop_waits_for_the_current_step_and_not_for_the_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "AFTER_START", 0.0)
    monkeypatch.setattr(rounds, "STEP", 1)
    folder = fill(tmp_path, 3000)
    serve(tmp_path, lambda _: len(list(folder.iterdir())) < 3000)
    assert 0 < len(list(folder.iterdir())) < 3000


def test_a_directory_that_cannot_be_cleaned_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "AFTER_START", 0.0)
    (tmp_path / "captures").symlink_to(tmp_path)
    made = serve(tmp_path, lambda made: "last" in made.status()["cleanup"])
    assert made.status()["cleanup"]["errors"] == 1
    assert made.problems()[0].reason.startswith("cleanup: ")
    assert "is a link" in made.problems()[0].reason


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_the_log_is_rotated_each_day_and_when_it_is_full(tmp_path: Path) -> None:
    clock = Clock()
    log = LogFile(tmp_path / "logs", clock)
    log.info('{"day": 1}')
    clock.now += DAY
    log.info('{"day": 2}')
    (full,) = (tmp_path / "logs").glob("bridge-*.jsonl")
    assert lines(full) == [{"day": 1}]
    assert lines(tmp_path / "logs" / "bridge.jsonl") == [{"day": 2}]
    for _ in range(2):
        log.info(json.dumps({"long": "x" * FULL}))
    log.info('{"day": 2}')
    assert len(list((tmp_path / "logs").glob("bridge-*.jsonl"))) == 4
    assert (tmp_path / "logs" / "bridge.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_log_that_is_moved_away_is_created_again_and_an_unwritable_log_stops_nothing(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "logs"
    log = LogFile(folder, Clock())
    log.info('{"a": 1}')
    folder.rename(tmp_path / "moved")
    log.info('{"b": 2}')
    assert lines(folder / "bridge.jsonl") == [{"b": 2}]
    folder.rename(tmp_path / "again")
    folder.write_text("a file in its place")
    log.info('{"c": 3}')
    folder.unlink()
    log.info('{"d": 4}')
    assert lines(folder / "bridge.jsonl") == [{"d": 4}]


def test_three_threads_write_every_line_once_across_rotations(tmp_path: Path) -> None:
    counted, each = itertools.count(), 5000
    log = LogFile(tmp_path, lambda: NOW + next(counted) // 500 * DAY)
    begin = threading.Barrier(3)

    def write(thread: int) -> None:
        begin.wait()
        for number in range(each):
            log.info(json.dumps([thread, number]))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = list(tmp_path.glob("bridge*.jsonl"))
    assert len(files) > 10
    written = sorted(line for file in files for line in file.read_text(encoding="utf-8").splitlines())
    expected = [json.dumps([thread, number]) for thread in range(3) for number in range(each)]
    assert len(written) == len(expected)
    assert written == sorted(expected)


def test_a_log_of_yesterday_is_rotated_at_the_start(tmp_path: Path) -> None:
    clock = Clock()
    LogFile(tmp_path, clock).info('{"day": 1}')
    (tmp_path / "bridge.jsonl").touch()
    clock.now = (tmp_path / "bridge.jsonl").stat().st_mtime_ns // 1000 + DAY
    LogFile(tmp_path, clock).info('{"day": 2}')
    assert lines(tmp_path / "bridge.jsonl") == [{"day": 2}]
