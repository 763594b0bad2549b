"""CPU samples from inside the process, where py-spy is not installed or may not attach.

A thread looks at the stacks of all others 100 times a second. It needs the interpreter lock for that, so it
sees a thread at the next place where that thread releases the lock; that is where it says the time went. A
thread counts as running if it used CPU time since the last sample, as the kernel says (Linux), and is not in
one of the functions that wait.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from cctelegram.profiles.period import RATE

if TYPE_CHECKING:
    from pathlib import Path
    from types import CodeType, FrameType

# A thread that is in one of these waits for something: file, function.
WAITING: Final = {
    ("selectors.py", "select"),
    ("threading.py", "wait"),
    ("threading.py", "_wait_for_tstate_lock"),
    ("threading.py", "join"),
    ("queue.py", "get"),
    ("socket.py", "accept"),
    ("subprocess.py", "_try_wait"),
}
# Seconds until a running thread gives the interpreter lock to the sampler: Python's default, half a sample
# period, would let it run far beyond the place where it was.
SWITCH_SECONDS: Final = 0.0005


class Sampler:
    """Samples all threads but its own, from `start` to `stop`."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="profile", daemon=True)
        # Keyed by the thread's name, the functions from the outermost, and the line in the innermost.
        self._counts: Counter[tuple[str, tuple[CodeType, ...], int]] = Counter()
        self._used: dict[int, float] = {}

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the last sample."""
        self._stop.set()
        self._thread.join()

    def write(self, path: Path) -> None:
        """Write the stacks with their counts, in the format of stacks.py."""
        with path.open("w", encoding="utf-8", errors="replace") as out:
            for (name, codes, line), count in self._counts.items():
                frames = [
                    f"{code.co_qualname} ({code.co_filename}:{code.co_firstlineno})" for code in codes[:-1]
                ]
                frames.append(f"{codes[-1].co_qualname} ({codes[-1].co_filename}:{line})")
                text = ";".join(each.replace(";", ",").replace("\n", " ") for each in (name, *frames))
                out.write(f"{text} {count}\n")

    def _run(self) -> None:
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            self._sample(count=False)  # from here on, CPU time is that of the profile
            due = time.monotonic()
            while not self._stop.wait(max(0.0, due - time.monotonic())):
                # One that comes late is not made up for.
                due = max(due, time.monotonic() - 1 / RATE) + 1 / RATE
                self._sample()
        finally:
            sys.setswitchinterval(before)

    def _sample(self, *, count: bool = True) -> None:
        own = threading.get_ident()
        threads = {each.ident: each for each in threading.enumerate()}
        for ident, frame in sys._current_frames().items():  # noqa: SLF001 - the documented way
            if ident == own:
                continue
            thread = threads.get(ident)
            ran = self._ran(thread)
            if count and ran and not _waits(frame):
                name = "a thread of native code" if thread is None else thread.name
                self._counts[name, _codes(frame), frame.f_lineno or 0] += 1

    def _ran(self, thread: threading.Thread | None) -> bool:
        """Whether a thread used CPU time since the last call; True where the system does not say."""
        used = None if thread is None else _cpu_seconds(thread.native_id)
        if thread is None or used is None:
            return True
        before = self._used.get(thread.native_id or 0)
        self._used[thread.native_id or 0] = used
        return before is not None and used > before


def _cpu_seconds(native_id: int | None) -> float | None:
    """Return the CPU time of a thread; None where the system does not say, or when it has ended."""
    if native_id is None or sys.platform != "linux":
        return None
    try:
        # The clock of a thread, as pthread_getcpuclockid(3) makes it; that takes a pthread_t, which is not
        # safe to use when the thread may have ended.
        return time.clock_gettime((~native_id << 3) | 6)
    except OSError:
        return None


def _waits(frame: FrameType) -> bool:
    code = frame.f_code
    return (code.co_filename.rpartition("/")[2], code.co_name) in WAITING


def _codes(frame: FrameType) -> tuple[CodeType, ...]:
    codes = []
    at: FrameType | None = frame
    while at is not None:
        codes.append(at.f_code)
        at = at.f_back
    return tuple(reversed(codes))
