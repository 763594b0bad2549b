"""A component is restarted after an error, not after cancellation; no error of a task is lost."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sqlite3
from typing import TYPE_CHECKING

import structlog

from cctelegram.runtime.supervisor import Supervisor
from flow.test_settings import write
from running import QUICK

if TYPE_CHECKING:
    from running import RunningBridge


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
        task = asyncio.create_task(Supervisor(structlog.get_logger()).keep("a part", work))
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


def test_work_that_fails_after_a_reload_is_a_problem_until_it_succeeds(running: RunningBridge) -> None:
    part = "telling of a recovered store"
    named = f"{part}: OperationalError: no such table: facts"
    with contextlib.closing(sqlite3.connect(running.home / "state" / "store.db")) as other:
        other.execute("ALTER TABLE facts RENAME TO away")
        write(running, QUICK + "\n[lanes]\nalert_bound = 7\n")
        running.wait_status(lambda now: named in str(now["reasons"]), "it is a problem")
        assert part in [line["part"] for line in running.log() if line["event"] == "component.failed"]
        other.execute("ALTER TABLE away RENAME TO facts")
    # A component counts as well again after half a minute of work.
    running.wait_status(lambda now: part not in str(now["reasons"]), "it was repeated", 90)
