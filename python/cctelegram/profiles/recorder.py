"""Take profiles of this process: record, let a child process render, keep the page in `captures/`."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from cctelegram.monitor.memory import resident
from cctelegram.profiles import allocations, sampler, spy
from cctelegram.profiles.period import Period, wait

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS: Final = ("cpu", "memory")
MOST_SECONDS: Final = 60
# Reading the largest recording of memory takes the child about half of this.
RENDER_SECONDS: Final = 120.0
NAME: Final = re.compile(r"(cpu|memory)-\d{8}T\d{6}Z(-\d+)?\.html")


class Recorder:
    """Takes one profile at a time.

    Args:
        home: its `captures/` receives the pages, which cleanup removes.
        log: the bridge's.
    """

    def __init__(self, home: Path, log: Any) -> None:
        self._folder = home / "captures"
        self._log = log
        self._running: tuple[str, float, Period] | None = None
        self._task: asyncio.Task[dict[str, Any]] | None = None
        self._stopped = False

    async def take(self, kind: str, seconds: int) -> dict[str, Any]:
        """Profile this process and return what was found.

        Returns:
            `kind`; `by`, the program that measured, and `note`, why not a better one; `seconds`, as measured;
            `ended_early`, why, if so; `file` and its `bytes`; `unit` and `total`; `top`, the lines with the
            most, and `text`, the same for people; for CPU, `cpu_seconds` of the process; for memory,
            `resident_bytes` of the process and `resident_bytes_before`: memray stays loaded.

        Raises:
            ValueError: the kind or the time is not possible.
            BlockingIOError: another profile is being taken.
            NotImplementedError: the kind needs something that is not installed.
            ChildProcessError: the recording could not be rendered, or the bridge stops.
            OSError: `captures/` cannot be written.
        """
        if kind not in KINDS:
            raise ValueError(f"there is no profile {kind!r}; allowed: {', '.join(KINDS)}")
        if not 1 <= seconds <= MOST_SECONDS:
            raise ValueError(f"seconds: read {seconds}; allowed: a whole number from 1 to {MOST_SECONDS}")
        if self._stopped:
            raise ChildProcessError("the bridge stops")
        if self._running is not None:
            raise BlockingIOError(self._busy(*self._running))
        period = Period(seconds)
        self._running = (kind, time.monotonic(), period)
        self._task = asyncio.create_task(self._take(kind, period))
        try:
            found = await self._task
        except asyncio.CancelledError:
            if not self._stopped:
                self._task.cancel()
                raise
            raise ChildProcessError("the bridge was stopped meanwhile") from None
        finally:
            self._running = None
        self._log.info(
            "profile.taken", kind=kind, by=found["by"], seconds=found["seconds"], file=found["file"]
        )
        return found

    def end(self) -> bool:
        """End the running profile now, with what was measured; return whether there was one."""
        if self._running is None:
            return False
        self._running[2].ended.set()
        return True

    def running(self) -> dict[str, Any] | None:
        """Return `kind` and `seconds_left` of the running profile, 0 while its page is written; else None."""
        if self._running is None:
            return None
        kind, began, period = self._running
        return {"kind": kind, "seconds_left": max(0.0, round(began + period.seconds - time.monotonic(), 1))}

    async def stop(self) -> None:
        """Abandon the running profile, if any: the bridge stops."""
        self._stopped = True
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    def pages(self) -> list[dict[str, Any]]:
        """Return the kept pages, newest first: `name`, `bytes`, `at` in us since the epoch."""
        found = []
        for path in self._existing():
            try:
                status = path.stat()
            except OSError:
                continue  # cleanup has just removed it
            found.append({"name": path.name, "bytes": status.st_size, "at": status.st_mtime_ns // 1000})
        return sorted(found, key=lambda each: (each["at"], each["name"]), reverse=True)

    def page(self, name: str) -> bytes | None:
        """Return the content of a page, or None if there is none of this name."""
        if NAME.fullmatch(name) is None:
            return None
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return None

    def _existing(self) -> Iterator[Path]:
        return (path for path in self._folder.glob("*.html") if NAME.fullmatch(path.name))

    async def _take(self, kind: str, period: Period) -> dict[str, Any]:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for left in self._folder.glob(".*.raw"):  # of a bridge that was killed meanwhile
            left.unlink(missing_ok=True)
        page = self._new(f"{kind}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
        raw = page.with_name(f".{page.stem}.raw")
        os.close(os.open(raw, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
        try:
            began, used = time.monotonic(), time.process_time()
            facts = await (_cpu(raw, period) if kind == "cpu" else _memory(raw, period))
            facts = {"kind": kind, "seconds": round(time.monotonic() - began, 2), **facts}
            if kind == "cpu":
                facts["cpu_seconds"] = round(time.process_time() - used, 3)
            if period.ended.is_set():
                facts["ended_early"] = "it was ended on request"
            return {**facts, **await _render(raw, page, facts)}
        finally:
            raw.unlink(missing_ok=True)

    def _new(self, stem: str) -> Path:
        """Return a path that no page has yet."""
        path, number = self._folder / f"{stem}.html", 2
        while path.exists():
            path, number = self._folder / f"{stem}-{number}.html", number + 1
        return path

    @staticmethod
    def _busy(kind: str, began: float, period: Period) -> str:
        left = max(0, round(began + period.seconds - time.monotonic()))
        what = f"another {left} s" if left else "a moment, until its page is written"
        return f"a {kind} profile is being taken, for {what}; one at a time is possible"


async def _cpu(raw: Path, period: Period) -> dict[str, Any]:
    program = spy.find()
    note = "py-spy is not installed"
    if program is not None:
        began = time.monotonic()
        problem = await spy.record(program, raw, period)
        if problem is None:
            return {"by": "py-spy"}
        note = f"py-spy may not attach: {problem}"
        left = period.seconds - round(time.monotonic() - began)
        period = Period(max(1, left), period.ended)
    inside = sampler.Sampler()
    inside.start()
    try:
        await wait([], period.ended, period.seconds)
    finally:
        await asyncio.to_thread(inside.stop)
    await asyncio.to_thread(inside.write, raw)
    return {"by": "sampling inside the process", "note": note}


async def _memory(raw: Path, period: Period) -> dict[str, Any]:
    before = resident()
    early = await allocations.record(raw, period)
    facts = {"by": "memray", "resident_bytes": resident(), "resident_bytes_before": before}
    return facts if early is None else {**facts, "ended_early": early}


async def _render(raw: Path, page: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Write the page in a child process, whose memory is not ours; return what it found."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "cctelegram.profiles",
        str(raw),
        str(page),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C in the bridge's terminal is for the bridge
    )
    try:
        async with asyncio.timeout(RENDER_SECONDS):
            out, errors = await child.communicate(json.dumps(facts).encode())
    except TimeoutError:
        raise ChildProcessError(
            f"the {facts['kind']} profile could not be read in {RENDER_SECONDS:g} s"
        ) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        last = errors.decode(errors="replace").strip().rpartition("\n")[2][:300]
        raise ChildProcessError(f"the {facts['kind']} profile could not be read: {last or child.returncode}")
    found: dict[str, Any] = json.loads(out)
    return found
