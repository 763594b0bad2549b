"""The settings in force: swapped as a whole, reloaded after a change or when the snapshot expires."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import timeit
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from cctelegram.config import live as module
from cctelegram.config.errors import SettingsError
from cctelegram.config.live import Live
from config.homes import write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

PATIENCE = 20.0
BURST = "[pacing]\nchat_burst = {}\n[lanes]\nalert_bound = {}\n"


def open_live(home: Path) -> Live:
    return Live(str(home), {}, {})


def burst(live: Live) -> int:
    return live.current.pacing.chat_burst


class Changes:
    """The changes that a Live reports, and a wait for one of them."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.told = 0
        self._bell = asyncio.Event()
        live.on_change(self._ring)

    def _ring(self) -> None:
        self.told += 1
        self._bell.set()

    async def until(self, look: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not look():
                self._bell.clear()
                await self._bell.wait()


@asynccontextmanager
async def watched(home: Path) -> AsyncIterator[Changes]:
    """A Live that watches, from the moment its watch is set."""
    live = open_live(home)
    changes = Changes(live)
    stop = asyncio.Event()
    watching = asyncio.create_task(live.watch(stop))
    async with asyncio.timeout(PATIENCE):
        # The constructor compares; so does the watch when it is set, which nothing reports.
        while live.compared == 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # as above
    yield changes
    stop.set()
    await asyncio.wait_for(watching, PATIENCE)


def in_place(file: Path, text: str) -> None:
    file.write_text(text)


def renamed_over(file: Path, text: str) -> None:
    beside = file.with_name("beside")
    beside.write_text(text)
    beside.replace(file)


def removed_and_made_anew(file: Path, text: str) -> None:
    file.unlink()
    file.write_text(text)


def another_link(file: Path, text: str) -> None:
    target = file.parent.parent / "other.toml"
    target.write_text(text)
    file.unlink()
    file.symlink_to(target)


def half_first(file: Path, text: str) -> None:
    with file.open("w") as opened:
        opened.write(text[:-4])
        opened.flush()
        os.fsync(opened.fileno())
        opened.write(text[-4:])


@pytest.mark.parametrize("how", [in_place, renamed_over, removed_and_made_anew, another_link, half_first])
def test_an_edit_takes_effect_soon_however_it_is_written(
    tmp_path: Path, how: Callable[[Path, str], None]
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    write(home, BURST.format(1, 1))

    async def run() -> None:
        async with watched(home) as changes:
            for number in (2, 3):
                how(home / "config.toml", BURST.format(number, number))
                await changes.until(lambda: burst(changes.live) == number)  # noqa: B023 - awaited here

    asyncio.run(run())


def test_the_target_of_a_link_is_watched(tmp_path: Path) -> None:
    home, dotfiles = tmp_path / "home", tmp_path / "dotfiles"
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (home, dotfiles, first, second):
        folder.mkdir()
    (home / "config.toml").symlink_to("../dotfiles/cctelegram.toml")
    (dotfiles / "cctelegram.toml").symlink_to(dotfiles / "now" / "config.toml")
    (first / "config.toml").write_text(BURST.format(1, 1))
    (second / "config.toml").write_text(BURST.format(3, 3))
    (dotfiles / "now").symlink_to(first)

    async def run() -> None:
        async with watched(home) as changes:
            (first / "config.toml").write_text(BURST.format(2, 2))
            await changes.until(lambda: burst(changes.live) == 2)
            # As a config map is changed: the link to the directory is replaced.
            (dotfiles / "then").symlink_to(second)
            (dotfiles / "then").replace(dotfiles / "now")
            await changes.until(lambda: burst(changes.live) == 3)
            (second / "config.toml").write_text(BURST.format(4, 4))
            await changes.until(lambda: burst(changes.live) == 4)

    asyncio.run(run())


def test_a_file_that_is_truncated_before_it_is_written_never_counts_as_empty(tmp_path: Path) -> None:
    write(tmp_path, BURST.format(5, 5))
    seen: set[int] = set()

    async def run() -> None:
        async with watched(tmp_path) as changes:
            changes.live.on_change(lambda: seen.add(burst(changes.live)))
            (tmp_path / "config.toml").write_text("")
            await asyncio.sleep(module.STEP * 2.5)  # longer than the watch gathers
            (tmp_path / "config.toml").write_text(BURST.format(6, 6))
            await changes.until(lambda: burst(changes.live) == 6)
            # One that stays empty is a wish.
            (tmp_path / "config.toml").write_text("")
            await changes.until(lambda: burst(changes.live) == 3)

    asyncio.run(run())
    assert seen == {6, 3}


def test_a_missing_home_leaves_the_settings_in_force_until_it_is_back(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    write(home, BURST.format(2, 2))

    async def run() -> None:
        async with watched(home) as changes:
            home.rename(tmp_path / "away")
            await changes.until(lambda: "the home is missing" in str(changes.live.refused))
            assert burst(changes.live) == 2
            home.mkdir()
            write(home, BURST.format(4, 4))
            await changes.until(lambda: burst(changes.live) == 4)
            assert changes.live.refused is None
            write(home, BURST.format(5, 5))
            await changes.until(lambda: burst(changes.live) == 5)

    asyncio.run(run())


def test_a_change_that_no_watch_reports_is_found_when_the_snapshot_expires(
    tmp_path: Path,
) -> None:
    write(tmp_path, "[config]\nttl_seconds = 86400\n" + BURST.format(1, 1))

    async def run() -> None:
        live = open_live(tmp_path)
        changes = Changes(live)
        # The part that compares old snapshots, without the part that watches: as on some mounts.
        aging = asyncio.create_task(live._follow_age())
        await asyncio.sleep(0)  # it waits for a day
        write(tmp_path, "[config]\nttl_seconds = 1\n" + BURST.format(1, 1))
        assert live.reload(), "the time to live is live itself"
        changes.told = 0
        write(tmp_path, "[config]\nttl_seconds = 1\n" + BURST.format(2, 2))
        assert burst(live) == 1, "a read does not wait for the disk"
        await changes.until(lambda: changes.told == 1)  # within the time to live, read or not
        assert burst(live) == 2
        assert (live.hits, live.misses) == (2, 0)
        aging.cancel()

    asyncio.run(run())


def test_threads_that_read_during_a_comparison_do_not_touch_the_event_loop(
    tmp_path: Path,
) -> None:
    write(tmp_path, "[config]\nttl_seconds = 1\n" + BURST.format(1, 1))
    live = open_live(tmp_path)
    threads, each = 3, 20_000

    def read() -> None:
        for _ in range(each):
            assert burst(live) == 1

    async def run() -> None:
        changes = Changes(live)
        aging = asyncio.create_task(live._follow_age())
        await asyncio.sleep(0)
        await asyncio.gather(*(asyncio.to_thread(read) for _ in range(threads)))
        assert live.hits + live.misses == threads * each
        write(tmp_path, "[config]\nttl_seconds = 1\n" + BURST.format(2, 2))
        await changes.until(lambda: changes.told == 1)
        aging.cancel()

    asyncio.run(run(), debug=True)


def test_r42_no_read_returns_the_old_snapshot_after_a_swap(tmp_path: Path) -> None:
    live = open_live(write(tmp_path, BURST.format(1, 1)))
    before = live.current
    write(tmp_path, BURST.format(2, 2))
    seen: list[int] = []
    live.on_change(lambda: seen.append(burst(live)))
    assert live.reload()
    assert seen == [2], "whoever is told finds the new one already"
    assert live.current is not before
    assert live.current is live.current
    assert before.pacing.chat_burst == 1, "who still works with the old one works with the whole of it"


@pytest.mark.slow
def test_two_settings_that_must_agree_agree_in_every_snapshot_over_a_thousand_changes(tmp_path: Path) -> None:
    live = open_live(write(tmp_path, BURST.format(1, 1)))
    mixed: list[tuple[int, int]] = []
    reads, done = 0, threading.Event()

    def look() -> None:
        nonlocal reads
        while not done.is_set():
            settings = live.current
            reads += 1
            pair = (settings.pacing.chat_burst, settings.lanes.alert_bound)
            if pair[0] != pair[1]:
                mixed.append(pair)

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(2, 1002):
        renamed_over(tmp_path / "config.toml", BURST.format(number, number))
        assert live.reload()
        assert burst(live) == number
    done.set()
    reader.join()
    assert (live.reloads, mixed) == (1000, [])
    assert reads > 1000


def test_a_rejected_change_is_counted_and_cleared_by_a_valid_one(tmp_path: Path) -> None:
    live = open_live(write(tmp_path, BURST.format(1, 1)))
    write(tmp_path, BURST.format(0, 7))
    assert not live.reload()
    assert f"{tmp_path}/config.toml:2: pacing.chat_burst: read 0" in str(live.refused)
    settings = live.current
    assert (settings.pacing.chat_burst, settings.lanes.alert_bound) == (1, 1), "nothing of it is in force"
    write(tmp_path, BURST.format(1, 1))
    assert live.reload()
    assert live.refused is None
    told = live.figures()
    assert (told["reloads"], told["refused"]) == (1, 1)


def test_a_file_rewritten_unchanged_is_not_a_change(tmp_path: Path) -> None:
    live = open_live(write(tmp_path, BURST.format(1, 1)))
    changes: list[int] = []
    live.on_change(lambda: changes.append(1))
    before = live.loaded
    write(tmp_path, BURST.format(1, 1))
    assert live.reload()
    assert live.loaded is before
    assert (changes, live.reloads) == ([], 0)


def test_settings_that_need_a_restart_keep_their_value_and_are_named(tmp_path: Path) -> None:
    live = open_live(write(tmp_path, "[http]\nport = 8001\n"))
    write(tmp_path, f"[spool]\nevents_dir = '{tmp_path}/x'\n[http]\nport = 8002\n" + BURST.format(9, 9))
    assert live.reload()
    settings = live.current
    assert (settings.http.port, settings.spool.events_dir) == (8001, f"{tmp_path}/events")
    assert settings.pacing.chat_burst == 9
    assert [(each.key, each.in_force, each.written, each.origin) for each in live.restart] == [
        ("spool.events_dir", f"{tmp_path}/events", f"{tmp_path}/x", "config.toml, line 2"),
        ("http.port", 8001, 8002, "config.toml, line 4"),
    ]
    assert live.loaded.origins["http.port"] == "config.toml, line 2", "where the value in force came from"
    write(tmp_path, "[http]\nport = 8001\n")
    assert live.reload()
    assert live.restart == ()


@pytest.mark.parametrize(
    ("config", "env"),
    [
        ("[telegram]\nallowed_users = 5\n", ""),
        ("[telegram]\nallowed_users = [5\n", ""),
        ("[telegram]\nallowed_user = [5]\n", ""),
        ("", "TELEGRAM_ALLOWED_USERS=everybody\n"),
        ("", "TELEGRAM_ALLOWED_USERS\n"),
    ],
)
def test_an_invalid_file_ends_the_start_instead_of_using_defaults(
    tmp_path: Path, config: str, env: str
) -> None:
    with pytest.raises(SettingsError):
        open_live(write(tmp_path, config, env))


def test_a_cached_read_takes_less_than_a_microsecond_and_is_a_hit(tmp_path: Path) -> None:
    live = open_live(write(tmp_path, BURST.format(1, 1)))
    # The best of many short runs: what else this machine does is not what is measured.
    runs = timeit.repeat("live.current", globals={"live": live}, number=1000, repeat=300)
    assert min(runs) / 1000 < 1e-6
    assert live.figures()["hit_rate"] == 1.0
    assert live.hits == 300_000


def test_the_age_is_that_of_the_snapshot(tmp_path: Path) -> None:
    now = time.monotonic()
    live = Live(str(write(tmp_path, BURST.format(1, 1))), {}, {}, clock=lambda: now)
    now += 12.5
    assert live.figures()["age_seconds"] == live.figures()["compared_seconds"] == 12.5
    assert live.reload()
    told = live.figures()
    assert (told["age_seconds"], told["compared_seconds"]) == (12.5, 0.0)


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 8, 13, 40])
def test_a_watch_ends_when_it_is_cancelled_at_any_moment(tmp_path: Path, steps: int) -> None:
    async def run() -> BaseException | None:
        watching = asyncio.create_task(open_live(tmp_path).watch(asyncio.Event()))
        for _ in range(steps):
            await asyncio.sleep(0)
        watching.cancel()
        async with asyncio.timeout(PATIENCE):
            (ended,) = await asyncio.gather(watching, return_exceptions=True)
        return ended

    assert isinstance(asyncio.run(run()), asyncio.CancelledError)
