"""A bridge at rest: CPU and wake-ups by thread in a minute, connected, with nothing to send.

Read from /proc: CPU in clock ticks of the whole process, wake-ups as the voluntary context switches of each
thread. The sandbox holds the long poll open for its 50 s.

    .venv/bin/python benches/rest.py [--seconds 60] [--json]
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from figures import Figure, of_ratios, on_disk, report

from cctelegram.sandbox.child import running
from running import bridge, make_home

# The budget of 0.2 % of a core is 0.12 s per minute: 12 times the 10 ms of a bare interpreter.
BARE = 12.0


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bare_cpu_seconds() -> float:
    """Return user and system time of a Python process that does nothing."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def switches(pid: int) -> dict[str, int]:
    """Return the voluntary context switches of each thread, by name and number."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        lines = dict(
            line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line
        )
        found[f"{lines['Name']} {task.name}"] = int(lines["voluntary_ctxt_switches"])
    return found


def measure(seconds: float) -> list[Figure]:
    """Return CPU in percent of a core, and wake-ups per minute by thread."""
    with (
        running() as sandbox,
        tempfile.TemporaryDirectory(dir=on_disk()) as folder,
        bridge(make_home(Path(folder) / "home", sandbox, "")) as started,
    ):
        started.wait_status(lambda now: now["telegram_connected"], "connected")
        time.sleep(3)  # the work that the start leaves behind is done
        pid = started.process.pid
        cpu, before = cpu_seconds(pid), switches(pid)
        time.sleep(seconds)
        after = switches(pid)
        percent = (cpu_seconds(pid) - cpu) / seconds * 100
    ratios = [percent * 0.6 / bare_cpu_seconds() for _ in range(21)]
    wakes = {name: round((count - before.get(name, 0)) * 60 / seconds) for name, count in after.items()}
    woken = sorted(wakes.items(), key=lambda item: -item[1])
    return [
        Figure("at rest, of a core", percent, "%"),
        of_ratios("CPU of a minute at rest, of a bare interpreter's", ratios, BARE),
        *(Figure(f"wake-ups of {name}", count, "/min") for name, count in woken),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    return report(measure(given.seconds), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
