"""Memory allocations of the running bridge, recorded by memray, those of Rust included.

memray stays loaded after the first such profile, with the libraries that it brings: 12 MB until the bridge is
restarted. The profile reports the memory before and after.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, Final

from cctelegram.absent import importing
from cctelegram.profiles.period import wait

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.profiles.period import Period

MISSING: Final = (
    "memory profiles need memray, which is not installed for the bridge's Python: "
    "pip install 'cctelegram[memray]', then restart the bridge"
)
# The recording is a record per allocation: some MB a second when the bridge is busy.
MOST_BYTES: Final = 256_000_000
CHECK_SECONDS: Final = 0.2
# Between two samples of the resident memory, in milliseconds; memray's own default is 10.
MEMORY_MS: Final = 100


def load() -> Any:
    """Import memray and return it. Raises NotImplementedError, with a sentence, if it is not installed."""
    try:
        with importing("memray"):
            import memray  # noqa: PLC0415 - 7 MB
            import memray.reporters.module_tools  # noqa: PLC0415 - which the tracker would import later
    except ImportError:
        raise NotImplementedError(MISSING) from None
    return memray


async def record(path: Path, period: Period) -> str | None:
    """Record all allocations to `path`, which exists; return why it ended early, or None.

    Raises:
        NotImplementedError: memray is not installed.
        BlockingIOError: another program in this process uses memray.
    """
    memray = await asyncio.to_thread(load)
    destination = memray.FileDestination(str(path), overwrite=True, compress_on_exit=False)
    tracker = memray.Tracker(
        destination=destination,
        native_traces=True,
        # Each Python object: otherwise only the arenas that hold thousands of them are seen.
        trace_python_allocators=True,
        memory_interval_ms=MEMORY_MS,
    )
    loop = asyncio.get_running_loop()
    until = loop.time() + period.seconds
    try:
        tracker.__enter__()
    except RuntimeError as error:
        raise BlockingIOError(f"memray cannot start: {error}") from None
    try:
        while (left := until - loop.time()) > 0 and not period.ended.is_set():
            await wait([], period.ended, min(left, CHECK_SECONDS))
            if os.stat(path).st_size > MOST_BYTES:  # noqa: PTH116 - microseconds, of an open file
                return f"the recording reached {MOST_BYTES // 1_000_000} MB"
    finally:
        tracker.__exit__(None, None, None)
    return None
