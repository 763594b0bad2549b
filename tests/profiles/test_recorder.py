"""The recorder by itself: what it refuses, and the names of its pages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from cctelegram.profiles.recorder import MOST_SECONDS, Recorder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


def recording(home: Path, work: Callable[[Recorder], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        return await work(Recorder(home, structlog.get_logger()))

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("kind", "seconds", "says"),
    [
        ("heap", 1, "no profile 'heap'; allowed: cpu, memory"),
        ("cpu", 0, "seconds: read 0"),
        ("memory", MOST_SECONDS + 1, f"allowed: a whole number from 1 to {MOST_SECONDS}"),
    ],
)
def test_a_kind_or_time_that_is_not_possible_is_refused(
    tmp_path: Path, kind: str, seconds: int, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        recording(tmp_path, lambda recorder: recorder.take(kind, seconds))


def test_a_bridge_that_stops_takes_no_profile(tmp_path: Path) -> None:
    async def work(recorder: Recorder) -> None:
        await recorder.stop()
        await recorder.take("cpu", 1)

    with pytest.raises(ChildProcessError, match="the bridge stops"):
        recording(tmp_path, work)


def test_one_that_waits_for_a_profile_can_give_up_and_another_may_be_taken(tmp_path: Path) -> None:
    async def work(recorder: Recorder) -> dict[str, Any]:
        waiting = asyncio.create_task(recorder.take("cpu", 60))
        await asyncio.sleep(0)  # the task runs until it waits
        with pytest.raises(BlockingIOError, match=r"a cpu profile is being taken, for another \d+ s"):
            await recorder.take("memory", 1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert recorder.end() is False
        return await recorder.take("cpu", 1)

    found = recording(tmp_path, work)
    assert (found["kind"], found["bytes"] > 1000) == ("cpu", True)
    assert [file.name for file in (tmp_path / "captures").iterdir()] == [found["file"].rpartition("/")[2]]


def test_two_pages_of_one_second_have_two_names(tmp_path: Path) -> None:
    captures = tmp_path / "captures"
    captures.mkdir()

    async def work(recorder: Recorder) -> list[str]:
        names = []
        for _ in range(3):
            path = recorder._new("cpu-20261128T090000Z")
            path.touch()
            names.append(path.name)
        return names

    names = recording(tmp_path, work)
    assert names == [f"cpu-20261128T090000Z{end}.html" for end in ("", "-2", "-3")]
    recorder = Recorder(tmp_path, structlog.get_logger())
    assert {each["name"] for each in recorder.pages()} == set(names)
    assert recorder.page(names[1]) == b""


@pytest.mark.parametrize("name", ["../config.toml", "cpu-1.html", "cpu-20261128T090000Z.html"])
def test_a_page_that_is_none_is_not_served(tmp_path: Path, name: str) -> None:
    (tmp_path / "config.toml").write_text("secret")
    (tmp_path / "captures").mkdir()
    assert Recorder(tmp_path, structlog.get_logger()).page(name) is None
