"""Start of the installed commands compared with a bare interpreter; the bridge until it is ready.

.venv/bin/python benches/start.py [--runs 21] [--json]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from figures import Figure, ratio, report

from running import COMMAND, environment, make_home

COMMANDS = {
    "bare": [sys.executable, "-c", "pass"],
    "version": [COMMAND, "version"],
    "--help": [COMMAND, "--help"],
    "send": [COMMAND, "send", "build_failed", "Build failed"],
    "send --help": [COMMAND, "send", "--help"],
}

# Of a bare interpreter: the budget of 300 ms for a bridge is 28 times the 10.6 ms of one on a quiet machine.
LIMITS = {"version": 2.0, "send": 2.0, "bridge, ready": 28.0}


def run(command: list[str], home: str) -> float:
    """Return the milliseconds of a command, from start to exit."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment(CC_TELEGRAM_HOME=home))
    return (time.perf_counter() - begin) * 1000


def ready() -> float:
    """Return the milliseconds from the start of a bridge with a new home to its ready line."""
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home", None)
        begin = time.perf_counter()
        bridge = subprocess.Popen(
            [COMMAND, "bridge", "--home", str(home), "--port", "0"],
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        with bridge:
            assert bridge.stderr is not None
            for line in bridge.stderr:
                if "The bridge serves" in line:
                    break
            milliseconds = (time.perf_counter() - begin) * 1000
            bridge.terminate()
        return milliseconds


def figures(times: dict[str, list[float]]) -> list[Figure]:
    """Return the medians, and their ratios to the bare interpreter of the same run."""
    return [
        *(Figure(name, statistics.median(values), "ms") for name, values in times.items()),
        *(
            ratio(f"{name}, of bare", values, times["bare"], LIMITS.get(name))
            for name, values in times.items()
            if name != "bare"
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as home:
        for _ in range(given.runs):
            for name, command in COMMANDS.items():
                times.setdefault(name, []).append(run(command, home))
            times.setdefault("bridge, ready", []).append(ready())
    raise SystemExit(report(figures(times), as_json=given.json, runs=given.runs))


if __name__ == "__main__":
    main()
