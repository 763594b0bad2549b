"""Cleaning beside the bare work in C: a listing with times, and unlinks. Ratios of medians, interleaved runs.

    .venv/bin/python benches/cleanup.py [--files 1000000] [--removed 200000] [--runs 5] [--json]

Named benchmarks: `cleanup.plan.all` (every file goes, so every name is kept), `cleanup.plan.few` (1 in 40
goes), `cleanup.plan.bounded` (as the bridge plans: at most 20,000), `cleanup.remove`, `cleanup.memory` (bytes
a file beside the names that are kept, of a fresh process). Needs a C compiler.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cctelegram import _native

SOURCE = Path(__file__).parent / "cleanup" / "floors.c"
DAY = 86_400_000_000
# Just after the newest of the files that floors.c makes.
NOW = (1_700_000_000 + 40 * 86_400) * 1_000_000
PLANS: dict[str, dict[str, int]] = {
    "cleanup.plan.all": {"age_us": 0},
    "cleanup.plan.few": {"age_us": 39 * DAY},
    "cleanup.plan.bounded": {"age_us": 0, "most": 20_000},
}
BUDGETS = {"plan": 1.2, "remove": 1.2, "memory": 32}
# Run in a process of its own: what the plan adds to the highest memory it ever had, and the names in it.
MEMORY = """
import sys
from cctelegram import _native
def highest():
    lines = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
    return int(lines["VmHWM"].split()[0]) * 1024
before = highest()
plan = _native.plan_cleanup(sys.argv[1], int(sys.argv[2]), by_content=True, age_us=int(sys.argv[3]))
print(highest() - before, plan.files, plan.left)
"""
NAME_BYTES = len("20261123T174112.000000Z-deploy-00000000.json") + 2


def floor(program: Path, *words: str) -> list[str]:
    run = subprocess.run([program, *words], check=True, capture_output=True, text=True)
    return run.stdout.split()


def planned(directory: Path, policy: dict[str, int]) -> tuple[float, _native.CleanupPlan]:
    begin = time.perf_counter()
    plan = _native.plan_cleanup(directory, NOW, by_content=True, **policy)
    return time.perf_counter() - begin, plan


def plans(program: Path, directory: Path, files: int, runs: int) -> dict[str, Any]:
    directory.mkdir()
    floor(program, "make", str(directory), str(files))
    times: dict[str, list[float]] = {"list": [], **{name: [] for name in PLANS}}
    for run in range(-1, runs):  # the first warms up
        seconds = float(floor(program, "list", str(directory))[2])
        measured = {"list": seconds}
        for name, policy in PLANS.items():
            measured[name], plan = planned(directory, policy)
            assert plan.files == files
        if run >= 0:
            for name, value in measured.items():
                times[name].append(value)
    found: dict[str, Any] = {"files": files, "c_list_s": statistics.median(times["list"])}
    for name in PLANS:
        found[name] = {
            "s": statistics.median(times[name]),
            "spread_s": max(times[name]) - min(times[name]),
            "ratio": statistics.median(
                ours / bare for ours, bare in zip(times[name], times["list"], strict=True)
            ),
        }
    found["cleanup.memory"] = {
        name: memory(directory, PLANS[name]["age_us"]) for name in ("cleanup.plan.all", "cleanup.plan.few")
    }
    return found


def memory(directory: Path, age: int) -> dict[str, float]:
    """Bytes that a plan adds to a process, less the names it keeps, for each file that is there."""
    command = [sys.executable, "-c", MEMORY, str(directory), str(NOW), str(age)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    added, files, going = (int(word) for word in run.stdout.split())
    return {"added_bytes": added, "bytes_a_file": (added - going * NAME_BYTES) / files}


def removals(program: Path, folder: Path, files: int, runs: int) -> dict[str, Any]:
    times: dict[str, list[float]] = {"c": [], "ours": []}
    for run in range(runs):
        for kind in ("c", "ours") if run % 2 else ("ours", "c"):
            directory = folder / f"{kind}{run}"
            directory.mkdir()
            floor(program, "make", str(directory), str(files))
            if kind == "c":
                count, seconds = floor(program, "unlink", str(directory))
                assert int(count) == files
                times["c"].append(float(seconds))
            else:
                _, plan = planned(directory, {"age_us": 0})
                begin = time.perf_counter()
                removed = plan.remove(files)
                times["ours"].append(time.perf_counter() - begin)
                assert removed.by_rule[0][1] == files
            directory.rmdir()
    return {
        "files": files,
        "c_s": statistics.median(times["c"]),
        "s": statistics.median(times["ours"]),
        "ratio": statistics.median(times["ours"]) / statistics.median(times["c"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--removed", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        program = Path(folder) / "floors"
        subprocess.run(["cc", "-O2", "-o", program, SOURCE], check=True)
        found = plans(program, Path(folder) / "plan", given.files, given.runs)
        found["cleanup.remove"] = removals(program, Path(folder), given.removed, given.runs)
    if given.json:
        print(json.dumps(found))
        return
    print(f"{found['files']} files; a listing with times in C takes {found['c_list_s']:.2f} s\n")
    print(f"{'':<24}{'s':>8}{'of C':>9}{'budget':>9}")
    for name in PLANS:
        print(f"{name:<24}{found[name]['s']:>8.2f}{found[name]['ratio']:>8.2f}x{BUDGETS['plan']:>8}x")
    remove = found["cleanup.remove"]
    print(f"{'cleanup.remove':<24}{remove['s']:>8.2f}{remove['ratio']:>8.2f}x{BUDGETS['remove']:>8}x")
    print(f"  of {remove['files']} files; in C {remove['c_s']:.2f} s\n")
    for name, each in found["cleanup.memory"].items():
        print(
            f"cleanup.memory of {name}: {each['bytes_a_file']:.1f} bytes a file beside the names kept "
            f"(budget {BUDGETS['memory']}), {each['added_bytes'] / 1e6:.1f} MB in all"
        )


if __name__ == "__main__":
    main()
