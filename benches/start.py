"""Start of the installed commands beside an interpreter that does nothing; the bridge until it is ready.

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

from figures import Figure, tell

from running import COMMAND, environment, make_home

COMMANDS = {
    "bare": [sys.executable, "-c", "pass"],
    "version": [COMMAND, "version"],
    "--help": [COMMAND, "--help"],
    "send": [COMMAND, "send", "build_failed", "Build failed"],
    "send --help": [COMMAND, "send", "--help"],
}


def run(command: list[str], home: str) -> float:
    """Milliseconds of a command, start to end."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment(CC_TELEGRAM_HOME=home))
    return (time.perf_counter() - begin) * 1000


def ready() -> float:
    """Milliseconds from the start of a bridge of a new home to its ready line."""
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


def figures(medians: dict[str, float], ratios: dict[str, float]) -> list[Figure]:
    """In the form that all benches share; the limits are the budgets of the design."""
    limits = {"version": 2.0, "send": 2.0}
    of_bare = [Figure(f"{name}, of bare", value, "x", limits.get(name)) for name, value in ratios.items()]
    return [*of_bare, Figure("bridge, ready", medians["bridge, ready"], "ms", 300)]


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
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratios = {name: value / medians["bare"] for name, value in medians.items()}
    if given.json:
        facts = {"runs": given.runs, "median_ms": medians, "of_bare": ratios}
        raise SystemExit(tell(figures(medians, ratios), as_json=True, **facts))
    print(f"start to end, median of {given.runs} interleaved runs\n")
    print(f"{'':<16}{'ms':>9}{'of bare':>10}")
    for name, value in medians.items():
        print(f"{name:<16}{value:>9.1f}{ratios[name]:>9.2f}x")


if __name__ == "__main__":
    main()
