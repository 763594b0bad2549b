"""A part of the bridge begins again after a fault, and not after its end."""

from __future__ import annotations

import asyncio

import structlog

from cctelegram.bridge.keep import Faults


def test_a_part_that_fails_while_it_is_ended_does_not_begin_again() -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise RuntimeError("it failed on its way out") from None

    async def run() -> list[BaseException | None]:
        task = asyncio.create_task(Faults(structlog.get_logger()).keep("a part", work))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        async with asyncio.timeout(10):
            return list(await asyncio.gather(task, return_exceptions=True))

    (ended,) = asyncio.run(run())
    assert isinstance(ended, RuntimeError)
    assert begun == 1
