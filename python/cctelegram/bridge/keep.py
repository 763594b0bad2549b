"""Keeping a part of the bridge at work: a fault in one is told, and the part begins again from the store."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# Seconds before a part begins again: doubling, so that a lasting fault does not fill the log.
FIRST: Final = 0.5
LONGEST: Final = 30.0


class Faults:
    """What went wrong in the parts of the bridge, for the status; a part that works again is taken out."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._open: dict[str, str] = {}
        self._wanted: dict[str, Callable[[], Awaitable[None]]] = {}
        self._background: dict[str, asyncio.Task[None]] = {}

    @property
    def problems(self) -> list[str]:
        """Give each part that cannot work now, with the reason."""
        return [f"{name}: {reason}" for name, reason in self._open.items()]

    def tell(self, name: str, error: BaseException) -> None:
        """Note a fault that is being waited out."""
        self._open[name] = _words(error)
        self._log.error("fault", part=name, reason=_words(error))

    def over(self, name: str) -> None:
        """Note that a fault is over."""
        self._open.pop(name, None)

    async def keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` without end; a part holds nothing that is not in the store, so it can begin again.

        A disk that is full, a store that is locked and a mistake of ours are met in the same way: said, and
        tried again. Nothing is lost by waiting.
        """
        wait = FIRST
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            watch = loop.call_later(LONGEST, self._open.pop, name, None)
            try:
                await work()
            except Exception as error:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    self._failed(name, error)
                    raise  # it failed while it was being ended: it does not begin again
                if loop.time() - began > LONGEST:
                    wait = FIRST
                self._failed(name, error, again_seconds=wait)
            finally:
                watch.cancel()
            await asyncio.sleep(wait)
            wait = min(LONGEST, wait * 2)

    def background(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` beside the caller until it succeeds once; called in the event loop.

        A failure is logged and is a problem until a repetition, after the backoff, succeeds. Work of one name
        runs once at a time: a call meanwhile makes it run once more, with the newest `work`.
        """
        self._wanted[name] = work
        if name not in self._background:
            self._background[name] = asyncio.create_task(self._until_done(name), name=name)

    async def end(self) -> None:
        """Cancel what runs in the background, and wait for it."""
        tasks = list(self._background.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def unhandled(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log what the loop reports: the error of a callback, or of a task that nothing awaits."""
        self._log.error("unhandled", reason=context["message"], exc_info=context.get("exception"))

    async def _until_done(self, name: str) -> None:
        wait = FIRST
        try:
            while name in self._wanted:
                work = self._wanted.pop(name)
                try:
                    await work()
                except Exception as error:  # noqa: BLE001 - logged, shown and repeated, whatever it is
                    self._failed(name, error, again_seconds=wait)
                    self._wanted.setdefault(name, work)
                    await asyncio.sleep(wait)
                    wait = min(LONGEST, wait * 2)
                else:
                    self.over(name)
        finally:
            del self._background[name]  # before any other task runs: a call from now on starts a task

    def _failed(self, name: str, error: Exception, **more: float) -> None:
        self._open[name] = _words(error)
        self._log.error("fault", part=name, reason=_words(error), exc_info=error, **more)


def _words(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
