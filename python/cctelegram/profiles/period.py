"""How long a profile is taken, and its early end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable


# CPU samples a second; py-spy's own default.
RATE: Final = 100


@dataclass(frozen=True)
class Period:
    """At most `seconds`, and no longer than until `ended` is set."""

    seconds: int
    ended: asyncio.Event = field(default_factory=asyncio.Event)


async def wait(tasks: Iterable[asyncio.Task[object]], ended: asyncio.Event | None, seconds: float) -> None:
    """Wait until one of the tasks is done, `ended` is set, or `seconds` are over."""
    ending = [] if ended is None else [asyncio.create_task(ended.wait())]
    try:
        await asyncio.wait([*tasks, *ending], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in ending:
            each.cancel()
