"""A batch that fails: nothing is held back, one event's fault is its own, and the status says so."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from cctelegram.bridge.figures import Figures
from cctelegram.bridge.intake import Intake
from cctelegram.bridge.judge import Standing
from cctelegram.bridge.keep import Faults
from cctelegram.bridge.mode_events import ModeEvents
from cctelegram.bridge.routes import Routes
from cctelegram.config.load import load
from cctelegram.outbox import intake
from cctelegram.outbox.judgement import by_lane
from cctelegram.spool.inbox import Inbox
from owned import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from cctelegram.outbox.intake import Row
    from cctelegram.outbox.judgement import Judgement

DEADLINE = 30.0


class Taking:
    """An intake over a real store and a real directory, whose judge fails as the test says."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.fails: Callable[[Row], Exception | None] = lambda _: None
        settings = load(str(home), {}, {"telegram.allowed_users": "1001"}).settings
        self.store = Store(home / "store.db")
        self.inbox = Inbox(str(home / "events"), str(home / "rejected"), batch_events=100)
        self.figures = Figures()
        self.faults = Faults(structlog.get_logger())
        modes: Any = None  # no event here changes the mode
        self.intake = Intake(
            self.store,
            self.inbox,
            routes=lambda: Routes(settings, {}),
            judging=lambda: self._judge,
            standing=Standing,
            mode_events=ModeEvents(modes, allowed=lambda: False, log=structlog.get_logger()),
            arrived=lambda *_: None,
            turn=asyncio.Lock(),
            figures=self.figures,
            log=structlog.get_logger(),
        )

    def _judge(self, row: Row) -> Judgement:
        error = self.fails(row)
        if error is not None:
            raise error
        return by_lane(row)

    def put(self, name: str, *titles: str) -> None:
        events = self.home / "events"
        lines = "".join(f'{{"title":"{title}"}}\n' for title in titles)
        (events / f".{name}").write_text(lines)
        (events / f".{name}").rename(events / name)

    async def titles(self) -> list[str]:
        rows = await self.store.read(
            lambda c: c.execute("SELECT title FROM events ORDER BY title").fetchall()
        )
        return [title for (title,) in rows]

    async def until(self, seen: Callable[[], Any]) -> None:
        async with asyncio.timeout(DEADLINE):
            while True:
                found = seen()
                if await found if asyncio.iscoroutine(found) else found:
                    return
                await asyncio.sleep(0.01)  # files and a store: nothing to wait at

    async def stored(self, *titles: str) -> bool:
        return await self.titles() == list(titles)

    def left(self) -> list[str]:
        return sorted(file.name for file in (self.home / "events").iterdir())

    def rejected(self) -> list[str]:
        found = (self.home / "rejected").glob("*")
        return sorted(file.name for file in found)


@contextlib.asynccontextmanager
async def taking(home: Path) -> AsyncIterator[Taking]:
    one = Taking(home)
    task = asyncio.create_task(one.faults.keep("taking events", one.intake.run))
    try:
        yield one
    finally:
        await one.inbox.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        one.store.close()


def poison(row: Row) -> Exception | None:
    return KeyError("no such thing") if row[intake.TITLE].startswith("poison") else None


def test_an_event_that_fails_twice_is_rejected_with_its_reason_and_the_others_are_stored(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        async with taking(tmp_path) as one:
            one.fails = poison
            for name in "abc":
                one.put(f"{name}.json", name)
            one.put("p.json", "poison 1")
            one.put("l.jsonl", "1", "poison 2", "3")
            await one.until(lambda: one.stored("1", "3", "a", "b", "c"))
            await one.until(lambda: one.left() == ["l.jsonl"])
            await one.until(lambda: one.intake.problem is None)
            names = ["l.jsonl.line-2.json", "p.json"]
            assert one.rejected() == sorted([*names, *(f"{name}.reason.json" for name in names)])
            for name in names:
                reason = json.loads((tmp_path / "rejected" / f"{name}.reason.json").read_text())
                assert "KeyError: 'no such thing'" in reason["reason"]
            assert one.figures.rejected == 2
            assert one.intake.tally()["rejected"] == {"failed": 2}
            one.put("d.json", "d")
            await one.until(lambda: one.stored("1", "3", "a", "b", "c", "d"))
            notices = await one.store.read(
                lambda c: c.execute("SELECT count(*) FROM deliveries WHERE event IS NULL").fetchone()
            )
            assert notices == (1,)

    asyncio.run(run())


def test_one_error_alone_rejects_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with taking(tmp_path) as one:
            errors = [KeyError("once")]
            one.fails = lambda _: errors.pop() if errors else None
            one.put("a.json", "a")
            await one.until(lambda: one.stored("a"))
            await one.until(lambda: one.left() == [])
            assert one.rejected() == []
            assert one.intake.problem is None

    asyncio.run(run())


@pytest.mark.parametrize("error", [OSError("the disk"), MemoryError("none left")])
def test_what_is_no_fault_of_an_event_is_waited_for_with_a_problem(tmp_path: Path, error: Exception) -> None:
    async def run() -> None:
        async with taking(tmp_path) as one:
            one.fails = lambda _: error
            one.put("a.json", "a")
            one.put("l.jsonl", "1", "2")
            await one.until(lambda: one.intake.problem is not None)
            assert str(error) in (one.intake.problem or "")
            assert one.rejected() == []
            assert one.left() == ["a.json", "l.jsonl"]
            one.fails = lambda _: None
            await one.until(lambda: one.stored("1", "2", "a"))
            await one.until(lambda: one.left() == ["l.jsonl"])
            assert one.intake.problem is None

    asyncio.run(run())


def test_rejected_that_cannot_be_written_loses_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with taking(tmp_path) as one:
            one.fails = poison
            (tmp_path / "rejected").write_text("a file stands there")
            one.put("a.json", "a")
            one.put("p.json", "poison")
            await one.until(lambda: "cannot store" in (one.intake.problem or ""))
            assert one.left() == ["a.json", "p.json"]
            (tmp_path / "rejected").unlink()
            await one.until(lambda: one.left() == [])
            assert await one.titles() == ["a"]
            assert one.rejected() == ["p.json", "p.json.reason.json"]

    asyncio.run(run())
