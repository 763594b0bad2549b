"""A component is restarted after an error, not after cancellation; no error of a task is lost."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sqlite3
from typing import TYPE_CHECKING

import structlog

from cctelegram.daemon.recovery_notice import RecoveryNotice
from cctelegram.daemon.settings_watch import SettingsWatch
from cctelegram.delivery.modes import Modes
from cctelegram.runtime.supervisor import Supervisor
from contexts import context
from owned import Store
from running import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_component_that_fails_during_cancellation_is_not_restarted() -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise RuntimeError("it failed on its way out") from None

    async def run() -> list[BaseException | None]:
        task = asyncio.create_task(Supervisor(structlog.get_logger()).supervise("a part", work))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        async with asyncio.timeout(10):
            return list(await asyncio.gather(task, return_exceptions=True))

    (ended,) = asyncio.run(run())
    assert isinstance(ended, RuntimeError)
    assert begun == 1


def test_errors_of_unawaited_tasks_and_of_callbacks_are_logged() -> None:
    log = structlog.testing.CapturingLogger()

    async def fail() -> None:
        raise OSError("the disk is full")

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(Supervisor(log).unhandled)
        loop.create_task(fail())  # noqa: RUF006 - that is what is tried
        loop.call_soon(lambda: 1 / 0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gc.collect()

    asyncio.run(run())
    errors = {type(call.kwargs["exc_info"]) for call in log.calls}
    assert errors == {OSError, ZeroDivisionError}


def test_work_that_fails_after_a_reload_is_a_problem_until_it_succeeds(tmp_path: Path) -> None:
    part = RecoveryNotice.name
    named = f"{part}: OperationalError: no such table: facts"
    log = structlog.testing.CapturingLogger()
    supervisor = Supervisor(log, steady_seconds=0.2)

    async def until(seen: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                if seen():
                    return
                await asyncio.sleep(0.01)  # a restart signals nothing

    async def run() -> None:
        given = context(tmp_path, store, {"TELEGRAM_ALLOWED_USERS": "1001"}, log)
        components = (SettingsWatch(given, asyncio.Event()), RecoveryNotice(given, Modes(given)))
        tasks = [asyncio.create_task(supervisor.supervise(each.name, each.run)) for each in components]
        try:
            await until(lambda: store.commits > 0)  # it has begun
            other.execute("ALTER TABLE facts RENAME TO away")
            (tmp_path / "config.toml").write_text("[lanes]\nalert_bound = 7\n")
            await until(lambda: [each.reason for each in supervisor.problems.values()] == [named])
            assert part in [call.kwargs["part"] for call in log.calls if call.args == ("component.failed",)]
            other.execute("ALTER TABLE away RENAME TO facts")
            await until(lambda: supervisor.problems == {})
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    store = Store(tmp_path / "state" / "store.db")
    with contextlib.closing(store), contextlib.closing(sqlite3.connect(store.path)) as other:
        asyncio.run(run())
