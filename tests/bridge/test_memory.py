"""The memory of the bridge: always under 50 MB, at most 45 MB at rest, whatever is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from running import bridge, environment, make_home, wait_for

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox

AT_REST = 45_000_000
ALWAYS = 50_000_000
# What once came in by the way, or would be felt: each has cost megabytes.
FORBIDDEN = (
    *(
        "rich",
        "click",
        "pydantic",
        "typer",
        "greenlet",
        "textual",
        "opentelemetry",
        "aiohttp",
        "trio",
        "numpy",
    ),
    *("httpx._main", "uvicorn.main", "uvicorn.supervisors", "uvloop", "h2", "websockets", "watchfiles"),
    *(
        "multiprocessing",
        "pydoc",
        "unittest",
        "doctest",
        "ctypes",
        "mcp",
        "pytest",
        "psutil",
        "cctelegram.sandbox",
    ),
    *("shutil", "tempfile", "bz2", "lzma", "pickle", "calendar", "certifi", "email.utils"),
    *("structlog.stdlib", "structlog.testing", "structlog.threadlocal"),
    *("cctelegram.server", "cctelegram.cli.demo"),
)

linux = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="reads /proc of Linux")


def memory(pid: int) -> tuple[int, int]:
    """Resident bytes now and at their peak, from the kernel."""
    lines = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        if ":" in line
    )
    return tuple(int(lines[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))  # type: ignore[return-value]


def test_the_reported_memory_of_a_process_is_that_of_the_system() -> None:
    from cctelegram.monitor.memory import resident, resident_by_psutil

    assert abs(resident() - resident_by_psutil()) < 4_000_000
    assert resident() > 10_000_000


@pytest.mark.alone  # coverage imports some of it into each process
def test_the_bridge_imports_nothing_that_it_does_not_need() -> None:
    code = (
        "import cctelegram.cli.bridge, httpcore, anyio._backends._asyncio, json, sys;"
        "from cctelegram.cli.command import parser_of; parser_of('bridge');"
        "print(json.dumps(sorted(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment()
    )
    loaded = json.loads(run.stdout)
    assert [name for name in loaded if _is_of(name)] == []


def _is_of(name: str) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in FORBIDDEN)


@pytest.mark.alone
@linux
def test_the_bridge_is_small_at_rest_and_after_a_thousand_events(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    home = make_home(tmp_path / "home", fast_sandbox)
    with bridge(home) as running:
        running.wait_status(lambda now: now["telegram_connected"], "connected")
        rest, _ = memory(running.process.pid)
        assert rest <= AT_REST
        for number in range(1000):
            running.put(f"{number}.json", {"type": "build_failed", "title": f"Event {number}"})
        # The rest goes as a digest, in its own time.
        running.wait_status(lambda now: now["delivery"]["accepted"] == 1000, "taken")
        running.wait_status(
            lambda now: now["delivery"]["sent"] > 0 and not any(now["queue"].values()), "sent"
        )
        wait_for(lambda: not any(running.events.iterdir()), "the files are gone")
        _, highest = memory(running.process.pid)
        assert highest < ALWAYS
