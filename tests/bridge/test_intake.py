"""A batch that fails: the other events are stored, the failing one is rejected, the status reports it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from cctelegram.daemon.counters import Counters
from cctelegram.delivery.modes import Modes
from cctelegram.delivery.recipients import Recipients
from cctelegram.intake.intake import Intake
from cctelegram.monitor import catalogue
from cctelegram.store import intake
from contexts import context, open_inbox
from owned import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from cctelegram.store.intake import Row
    from cctelegram.store.judgement import Judgement

DEADLINE = 30.0


class FailingModes(Modes):
    """Real modes whose `judge` fails when the test says so."""

    fails: Callable[[Row], Exception | None] = staticmethod(lambda _: None)

    def batch_judge(self) -> Callable[[Row], Judgement]:
        real = super().batch_judge()

        def judge(row: Row) -> Judgement:
            error = self.fails(row)
            if error is not None:
                raise error
            return real(row)

        return judge


class Taking:
    """An intake with a real store and directory, whose `judge` fails when the test says so."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.store = Store(home / "store.db")
        self.inbox = open_inbox(home, batch_events=100)
        given = context(home, self.store, {"TELEGRAM_ALLOWED_USERS": "1001"})
        self.metrics = given.metrics
        self.figures = Counters(given.signals, given.metrics)
        self.supervisor = given.supervisor
        self.modes = FailingModes(given)
        self.intake = Intake(given, self.inbox, Recipients(given, self.modes), self.modes)

    @property
    def problem(self) -> str | None:
        return next((each.reason for each in self.intake.problems()), None)

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
    task = asyncio.create_task(one.supervisor.supervise("taking events", one.intake.run))
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
            one.modes.fails = poison
            for name in "abc":
                one.put(f"{name}.json", name)
            one.put("p.json", "poison 1")
            one.put("l.jsonl", "1", "poison 2", "3")
            await one.until(lambda: one.stored("1", "3", "a", "b", "c"))
            await one.until(lambda: one.left() == ["l.jsonl"])
            await one.until(lambda: one.problem is None)
            names = ["l.jsonl.line-2.json", "p.json"]
            assert one.rejected() == sorted([*names, *(f"{name}.reason.json" for name in names)])
            for name in names:
                reason = json.loads(
                    (tmp_path / "rejected" / f"{name}.reason.json").read_text(encoding="utf-8")
                )
                assert "KeyError: 'no such thing'" in reason["reason"]
            assert one.figures.rejected == 2
            assert one.metrics.total(catalogue.EVENTS) == one.figures.accepted == 5, "each counted once"
            assert one.intake.status()["spool"]["rejected"] == {"failed": 2}
            one.put("d.json", "d")
            await one.until(lambda: one.stored("1", "3", "a", "b", "c", "d"))
            notices = await one.store.read(
                lambda c: c.execute("SELECT count(*) FROM deliveries WHERE event IS NULL").fetchone()
            )
            assert notices == (1,)

    asyncio.run(run())


def test_a_single_error_rejects_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with taking(tmp_path) as one:
            errors = [KeyError("once")]
            one.modes.fails = lambda _: errors.pop() if errors else None
            one.put("a.json", "a")
            await one.until(lambda: one.stored("a"))
            await one.until(lambda: one.left() == [])
            assert one.rejected() == []
            assert one.problem is None

    asyncio.run(run())


@pytest.mark.parametrize("error", [OSError("the disk"), MemoryError("none left")])
def test_a_failure_that_no_event_causes_is_retried_and_reported_as_a_problem(
    tmp_path: Path, error: Exception
) -> None:
    async def run() -> None:
        async with taking(tmp_path) as one:
            one.modes.fails = lambda _: error
            one.put("a.json", "a")
            one.put("l.jsonl", "1", "2")
            await one.until(lambda: one.problem is not None)
            assert str(error) in (one.problem or "")
            assert one.rejected() == []
            assert one.left() == ["a.json", "l.jsonl"]
            one.modes.fails = lambda _: None
            await one.until(lambda: one.stored("1", "2", "a"))
            await one.until(lambda: one.left() == ["l.jsonl"])
            assert one.problem is None

    asyncio.run(run())


def test_an_unwritable_rejected_directory_loses_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with taking(tmp_path) as one:
            one.modes.fails = poison
            (tmp_path / "rejected").write_text("a file stands there")
            one.put("a.json", "a")
            one.put("p.json", "poison")
            await one.until(lambda: "cannot store" in (one.problem or ""))
            assert one.left() == ["a.json", "p.json"]
            (tmp_path / "rejected").unlink()
            await one.until(lambda: one.left() == [])
            assert await one.titles() == ["a"]
            assert one.rejected() == ["p.json", "p.json.reason.json"]

    asyncio.run(run())
