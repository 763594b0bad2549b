"""No file descriptors or watches left: that is reported, the bridge waits, and nothing is lost."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from flow.phone import see, sends
from running import QUICK, bridge, make_home, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from cctelegram.sandbox.child import Sandbox
    from running import RunningBridge

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's own")
# A user namespace has limits of its own, so that nothing else on this machine lacks them.
LIMIT = "/proc/sys/user/max_inotify_instances"
WITHOUT_WATCHES = ("unshare", "--user", "--map-root-user", "sh", "-c", f'echo 0 > {LIMIT}; exec "$@"', "sh")


@LINUX
def test_r17_events_wait_while_no_file_can_be_opened_and_that_is_reported(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    running.put("a.json", {"type": "task_failed", "title": "Before"})
    see(fast_sandbox, "Before")
    running.wait_status(lambda now: now["delivery"]["sent"] == 1, "sent")
    pid = running.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    # What is open stays open; not one more can be opened.
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, limits[1]))
    running.put("b.json", {"type": "task_failed", "title": "Without files"})

    def told() -> bool:
        return any("Too many open files" in str(line) for line in running.log())

    wait_for(told, "it is told")
    assert (running.events / "b.json").exists()
    assert running.process.poll() is None
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    see(fast_sandbox, "Without files")
    wait_for(lambda: not list(running.events.iterdir()), "the file is gone")
    running.put("c.json", {"type": "task_failed", "title": "Afterwards"})
    see(fast_sandbox, "Afterwards")
    assert len(sends(fast_sandbox)) == 3
    assert len(os.listdir(f"/proc/{pid}/fd")) < 64  # noqa: PTH208 - from the kernel


@pytest.mark.slow
@LINUX
def test_r15_without_watches_the_bridge_scans_reports_that_and_watches_again_when_it_can(
    tmp_path: Path, fast_sandbox: Sandbox
) -> None:
    tried = subprocess.run([*WITHOUT_WATCHES, "cat", LIMIT], capture_output=True, text=True, check=False)
    if tried.stdout.strip() != "0":
        pytest.skip(f"a user namespace cannot be made here: {tried.stderr.strip()}")
    home = make_home(tmp_path / "home", fast_sandbox, QUICK)
    with bridge(home, before=WITHOUT_WATCHES) as running:
        running.put("a.json", {"type": "task_failed", "title": "Without watches"})
        see(fast_sandbox, "Without watches")
        running.wait_status(lambda now: "watch" in str(now["reasons"]), "it is said")
        running.put("b.json", {"type": "task_failed", "title": "Scanned"})
        see(fast_sandbox, "Scanned")
        inside = ("nsenter", "--user", "--preserve-credentials", "--target", str(running.process.pid))
        subprocess.run([*inside, "sh", "-c", f"echo 100 > {LIMIT}"], check=True)
        wait_for(lambda: not running.status()["reasons"], "well again", 90)
        running.put("c.json", {"type": "task_failed", "title": "Watched"})
        see(fast_sandbox, "Watched")
