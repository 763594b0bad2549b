"""CPU samples by py-spy, a process of its own that reads the stacks from outside."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cctelegram.profiles.period import RATE, wait

if TYPE_CHECKING:
    from cctelegram.profiles.period import Period

NAME: Final = "py-spy.exe" if os.name == "nt" else "py-spy"
# py-spy reads the interpreter's symbols first, and writes its file at the end.
EXTRA_SECONDS: Final = 20.0


def find() -> str | None:
    """Return the path of py-spy, from PATH or beside this interpreter; None if it is not installed."""
    for folder in (*os.get_exec_path(), str(Path(sys.executable).parent)):
        path = Path(folder, NAME)
        if os.access(path, os.X_OK) and path.is_file():
            return str(path)
    return None


async def record(program: str, path: Path, period: Period) -> str | None:
    """Record this process to `path`, which exists; return None, or why it is not possible.

    Functions of native code are part of the Python line that calls them.
    """
    arguments = ["record", "--pid", str(os.getpid()), "--format", "raw", "--rate", str(RATE), "--threads"]
    # It would stop all threads for each sample; those that wait would wake, and seem to run.
    arguments += ["--nonblocking", "--duration", str(period.seconds), "--output", str(path)]
    child = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        # A foreign program needs none of the settings and secrets that this process may have there.
        env={} if os.name == "posix" else None,
        start_new_session=True,  # Ctrl-C in the bridge's terminal is for the bridge
    )
    said = asyncio.create_task(_read(child))
    try:
        await wait([said], period.ended, period.seconds + EXTRA_SECONDS)
        if not said.done():
            with suppress(ProcessLookupError):
                child.send_signal(signal.SIGINT)  # it writes what it has
            await wait([said], None, EXTRA_SECONDS)
        if not said.done():
            return f"it did not end within {period.seconds + EXTRA_SECONDS:g} s"
        text = said.result()
        return None if await child.wait() == 0 else _reason(text)
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
        said.cancel()


async def _read(child: asyncio.subprocess.Process) -> str:
    return (await child.communicate())[1].decode(errors="replace")


def _reason(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    found = next(
        (line for line in lines if line.startswith("Error: ")), lines[-1] if lines else "no reason given"
    )
    return found.removeprefix("Error: ")[:200]
