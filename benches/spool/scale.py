"""The cost of a file as the directory grows from 1,000 to 1,000,000 files; memory and descriptors meanwhile.

.venv/bin/python benches/spool/scale.py [--runs 1] [--json]

The files are taken and removed as by the bridge, in batches with its bounds; nothing is stored.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

from figures import Figure, main, median_us
from spool.batches import batches
from spool.floors import Floors
from workload import hooks

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def make(folder: Path, count: int) -> None:
    """Write many files, with the contents of the first 1,000 events of the workload."""
    contents = list(hooks(1_000))
    directory = os.open(folder, os.O_RDONLY)
    for index in range(count):
        file = os.open(f"{index:07}.json", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=directory)
        os.write(file, contents[index % len(contents)])
        os.close(file)
    os.close(directory)
    os.sync()  # or the system writes them meanwhile, on one of the two processors


class Run(NamedTuple):
    """Of one directory: seconds, those of the C loop, growth of the process in kB, most descriptors."""

    taking: float
    removing: float
    floor: float
    grown: int
    descriptors: int


def take(home: Path, count: int, threads: int, *, removes: bool) -> tuple[float, int]:
    """Take all files, and remove them or not; return the seconds of the takes and the most descriptors."""
    taking, descriptors = 0.0, 0
    for _, took in batches(home, count, threads, removes=removes):
        taking += took
        descriptors = max(descriptors, len(os.listdir("/proc/self/fd")))  # noqa: PTH208 - quick
    return taking, descriptors


def run(count: int, floors: Floors) -> Run:
    """Take all files twice: first without removing them, then with.

    The cost of a file is measured on one thread, as in the C loop, and without removal: the file system
    continues a removal after its call, on the other processor.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "events").mkdir()
        make(home / "events", count)
        floors.read(home / "events")  # the first read of a file costs more
        before = floors.read(home / "events")[0]
        taking, _ = take(home, count, 1, removes=False)
        floor = (before + floors.read(home / "events")[0]) / 2
        Path("/proc/self/clear_refs").write_text("5")  # reset the high-water mark
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        removing, descriptors = take(home, count, 2, removes=True)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - size
    return Run(taking, removing, floor, grown, descriptors)


def measure(runs: int) -> list[Figure]:
    floors = Floors()
    run(1_000, floors)  # what is loaded once is not of any size
    figures, costs, descriptors = [], [], []
    for size in SIZES:
        repeats = max(runs, min(20, 300_000 // size))
        found = [run(size, floors) for _ in range(repeats)]
        costs.append(statistics.median(each.taking / each.floor for each in found))
        amid = statistics.median(each.removing / each.floor for each in found)
        descriptors.append(max(each.descriptors for each in found))
        grown = max(each.grown for each in found) / 1e3
        figures += [
            median_us(f"{size:,} files: a file", [each.taking for each in found], size),
            Figure(f"{size:,} files: of the C loop over the same files", costs[-1], "x"),
            Figure(f"{size:,} files: on two threads, while what was taken is removed", amid, "x"),
            Figure(f"{size:,} files: the process grew by", grown, "MB"),
        ]
    return [
        *figures,
        Figure("dearest size, of the cheapest", max(costs) / min(costs), "x", 1.25),
        Figure("descriptors open at most", max(descriptors), "", 20),
    ]


if __name__ == "__main__":
    main(__doc__ or "", measure, 1)
