"""Reading 20,000 event files: the batch path compared with a C loop that opens and reads, and with Python.

.venv/bin/python benches/spool/read.py [--runs 15] [--json]

Warm cache; interleaved runs; a ratio is the median over neighbouring runs.
"""

from __future__ import annotations

import gc
import hashlib
import marshal
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

import msgspec
import orjson
from figures import Figure, main, median_us, ratio
from spool.batches import batches
from spool.floors import Floors
from workload import hooks, write_files

FILES = 20_000


class Crossed(NamedTuple):
    """Seconds for the rows of all batches, by the inbox and by marshal, and the bytes of the batches."""

    rows: float
    marshal: float
    held: int


def take(home: Path, threads: int) -> float:
    """Return the seconds of the takes alone."""
    return sum(took for _, took in batches(home, FILES, threads))


def cross(home: Path) -> Crossed:
    """Create and free the rows of each batch before the next."""
    crossed = marshalled = 0.0
    held = 0
    for batch, _ in batches(home, FILES, 1):
        held += batch.held
        begin = time.perf_counter()
        rows = batch.rows()
        crossed += time.perf_counter() - begin
        written = marshal.dumps(rows)
        begin = time.perf_counter()
        del rows
        crossed += time.perf_counter() - begin
        begin = time.perf_counter()
        rows = marshal.loads(written)
        del rows
        marshalled += time.perf_counter() - begin
    return Crossed(crossed, marshalled, held)


def usual_python(folder: Path) -> float:
    """Do the same work in usual Python: scandir, open, orjson, the same checks, an id; return seconds."""
    begin = time.perf_counter()
    events = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.endswith(".json") or entry.name.startswith("."):
                continue
            if not entry.is_file(follow_symlinks=False):
                continue
            with open(entry.path, "rb") as file:  # noqa: PTH123 - as people write it
                stat = os.fstat(file.fileno())
                content = file.read()
            event = orjson.loads(content)
            if not isinstance(event, dict) or not isinstance(event.get("title"), str):
                continue
            key = hashlib.blake2b(content, digest_size=16)
            key.update(f"{entry.name}{stat.st_mtime_ns}{stat.st_size}".encode())
            event["event_id"] = event.get("event_id") or key.hexdigest()
            event.setdefault("task_id", event["event_id"])
            event.setdefault("source", "external")
            event.setdefault("timestamp", stat.st_mtime)
            if not isinstance(event.setdefault("data", {}), dict):
                continue
            events.append((key.digest(), stat.st_ino, event))
    assert len(events) == FILES
    return time.perf_counter() - begin


class Event(msgspec.Struct):
    type: str
    title: str
    description: str = ""
    source: str = "external"
    task_id: str | None = None
    event_id: str | None = None
    timestamp: str | None = None
    data: dict[str, Any] = {}


def best_python(folder: Path) -> float:
    """Do as little as Python can: calls on a descriptor, directly into a struct, no id; return seconds."""
    decode = msgspec.json.Decoder(Event).decode
    begin = time.perf_counter()
    events = []
    directory = os.open(folder, os.O_RDONLY)
    for name in os.listdir(directory):  # noqa: PTH208 - pathlib has none of a descriptor
        if name.endswith(".json"):
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
            events.append(decode(os.read(file, 1 << 16)))
            os.close(file)
    os.close(directory)
    assert len(events) == FILES
    return time.perf_counter() - begin


def measure(runs: int) -> list[Figure]:
    floors = Floors()
    seconds: dict[str, list[float]] = {}
    held = mean = 0.0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "events").mkdir()
        mean = write_files(home / "events", hooks(FILES)) / FILES
        for _ in range(runs):
            gc.collect()
            crossed = cross(home)
            held = crossed.held / FILES
            for name, value in (
                ("one", take(home, 1)),
                ("floor", floors.read(home / "events")[0]),
                ("calls", floors.calls(home / "events", 1)),
                ("calls by two", floors.calls(home / "events", 2)),
                ("two", take(home, 2)),
                ("floor again", floors.read(home / "events")[0]),
                ("usual", usual_python(home / "events")),
                ("best", best_python(home / "events")),
                ("crossing", crossed.rows),
                ("marshal", crossed.marshal),
            ):
                seconds.setdefault(name, []).append(value)
    crossing_us = median_us("rows handed over, an event", seconds["crossing"], FILES)
    usual = ratio("Python as usually written, of the batch path", seconds["usual"], seconds["one"], 3.0)
    return [
        Figure("mean size of a file", mean, "B"),
        median_us("C loop (the floor), a file", seconds["floor"], FILES),
        median_us("batch path on one thread, a file", seconds["one"], FILES),
        ratio("batch path on one thread, of the floor", seconds["one"], seconds["floor"], 1.5),
        ratio("batch path on two threads, of the floor", seconds["two"], seconds["floor again"], 1.0),
        ratio("C with the same calls on one thread, of the floor", seconds["calls"], seconds["floor"]),
        ratio(
            "C with the same calls on two threads, of the floor", seconds["calls by two"], seconds["floor"]
        ),
        ratio("Python as usually written, of the floor", seconds["usual"], seconds["floor"]),
        ratio("Python at its best, of the floor", seconds["best"], seconds["floor"]),
        usual._replace(at_least=True),
        crossing_us,
        ratio(
            "rows handed over, of the same rows made by marshal", seconds["crossing"], seconds["marshal"], 1.5
        ),
        Figure("a taken event holds", held, "B", 700),
    ]


if __name__ == "__main__":
    main(__doc__ or "", measure, 15)
