"""Cleanup compared with the bare work in C: a listing with times, and unlinks.

Medians of the ratios of interleaved runs.

    .venv/bin/python benches/cleanup.py [--files 1000000] [--removed 50000] [--runs 5] [--json]

Named benchmarks: `cleanup.plan.all` (every file is removed, so every name is kept), `cleanup.plan.few` (1 in
40 is removed), `cleanup.plan.bounded` (as the bridge plans: at most 20,000), `cleanup.remove`,
`cleanup.memory` (bytes per file in addition to the kept names, of a fresh process). Needs a C compiler.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from figures import Figure, of_ratios, on_disk, report

from cctelegram import _native

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

SOURCE = Path(__file__).parent / "cleanup" / "floors.c"
DAY = 86_400_000_000
# Just after the newest of the files that floors.c makes.
NOW = (1_700_000_000 + 40 * 86_400) * 1_000_000
PLANS: dict[str, dict[str, int]] = {
    "cleanup.plan.all": {"age_us": 0},
    "cleanup.plan.few": {"age_us": 39 * DAY},
    "cleanup.plan.bounded": {"age_us": 0, "most": 20_000},
}
BUDGETS = {"plan": 1.2, "memory": 32}
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


class Time(NamedTuple):
    """Wall and CPU seconds: the latter vary less on a shared machine."""

    wall: float
    cpu: float


def timed(work: Callable[[], T]) -> tuple[Time, T]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return Time(time.perf_counter() - wall, time.process_time() - cpu), result


def plan(directory: Path, policy: dict[str, Any]) -> _native.CleanupPlan:
    return _native.plan_cleanup(directory, NOW, by_content=True, **policy)


def compared(ours: list[Time], bare: list[Time]) -> dict[str, Any]:
    """Return medians, and the medians of the ratios run by run."""
    pairs = list(zip(ours, bare, strict=True))
    return {
        "s": statistics.median(each.wall for each in ours),
        "c_s": statistics.median(each.wall for each in bare),
        "ratios": [each.wall / floor.wall for each, floor in pairs],
        "cpu_ratio": statistics.median(each.cpu / floor.cpu for each, floor in pairs),
        "least_s": min(each.wall for each in ours),
        "least_c_s": min(each.wall for each in bare),
    }


def plans(program: Path, directory: Path, files: int, runs: int) -> dict[str, Any]:
    directory.mkdir()
    floor(program, "make", str(directory), str(files))
    bare: list[Time] = []
    ours: dict[str, list[Time]] = {name: [] for name in PLANS}
    for run in range(-1, runs):  # the first warms up
        _, *seconds = floor(program, "list", str(directory))
        measured = {name: timed(partial(plan, directory, policy)) for name, policy in PLANS.items()}
        if run >= 0:
            bare.append(Time(float(seconds[0]), float(seconds[1])))
            for name, (each, made) in measured.items():
                assert made.files == files
                ours[name].append(each)
        del measured
    found: dict[str, Any] = {name: compared(ours[name], bare) for name in PLANS}
    found["files"] = files
    found["cleanup.memory"] = {
        name: memory(directory, PLANS[name]["age_us"]) for name in ("cleanup.plan.all", "cleanup.plan.few")
    }
    return found


def memory(directory: Path, age: int) -> dict[str, float]:
    """Return the bytes per file that a plan adds to a process, less the names it keeps."""
    command = [sys.executable, "-c", MEMORY, str(directory), str(NOW), str(age)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    added, files, going = (int(word) for word in run.stdout.split())
    return {"added_bytes": added, "bytes_a_file": (added - going * NAME_BYTES) / files}


def removals(program: Path, folder: Path, files: int, runs: int) -> dict[str, Any]:
    bare: list[Time] = []
    ours: list[Time] = []
    for run in range(runs):
        for kind in ("c", "ours") if run % 2 else ("ours", "c"):
            directory = folder / f"{kind}{run}"
            directory.mkdir()
            floor(program, "make", str(directory), str(files))
            if kind == "c":
                count, *seconds = floor(program, "unlink", str(directory))
                assert int(count) == files
                bare.append(Time(float(seconds[0]), float(seconds[1])))
            else:
                made = plan(directory, {"age_us": 0})
                each, removed = timed(partial(made.remove, files))
                assert removed.by_rule[0][1] == files
                ours.append(each)
            directory.rmdir()
    return {"files": files, **compared(ours, bare)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--removed", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=on_disk()) as folder:
        program = Path(folder) / "floors"
        subprocess.run(["cc", "-O2", "-o", program, SOURCE], check=True)
        found = plans(program, Path(folder) / "plan", given.files, given.runs)
        found["cleanup.remove"] = removals(program, Path(folder), given.removed, given.runs)
    rows = {name: found[name] for name in (*PLANS, "cleanup.remove")}
    figures = [
        *(Figure(name, each["s"], "s") for name, each in rows.items()),
        *(of_ratios(f"{name}, of C", each["ratios"], BUDGETS["plan"]) for name, each in rows.items()),
        *(Figure(f"{name}, processor, of C", each["cpu_ratio"], "x") for name, each in rows.items()),
        *(
            Figure(f"a file's memory, {name}", each["bytes_a_file"], "B", BUDGETS["memory"])
            for name, each in found["cleanup.memory"].items()
        ),
    ]
    raise SystemExit(report(figures, as_json=given.json, **found))


if __name__ == "__main__":
    main()
