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
                    raise  # it failed while it was being ended: it does not begin again
                if loop.time() - began > LONGEST:
                    wait = FIRST
                self._open[name] = _words(error)
                self._log.error("fault", part=name, reason=_words(error), again_seconds=wait, exc_info=error)
            finally:
                watch.cancel()
            await asyncio.sleep(wait)
            wait = min(LONGEST, wait * 2)


def _words(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
