"""20,000 events in one .jsonl file, compared with `orjson.loads` line by line, which validates nothing.

.venv/bin/python benches/spool/lines.py [--runs 15] [--json]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import orjson
from figures import Figure, main, median_us, ratio
from spool.batches import batches
from workload import hooks

LINES = 20_000


def measure(runs: int) -> list[Figure]:
    ours, parsing, theirs = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "events").mkdir()
        path = home / "events" / "hooks.jsonl"
        path.write_bytes(b"".join(event + b"\n" for event in hooks(LINES)))
        for _ in range(runs):
            taking = parse_ns = 0.0
            for batch, took in batches(home, LINES, 1):
                taking += took
                parse_ns += batch.counters["parse_ns"]
            ours.append(taking)
            parsing.append(parse_ns / 1e9)
            begin = time.perf_counter()
            with path.open("rb") as lines:
                events = [orjson.loads(line) for line in lines]
            theirs.append(time.perf_counter() - begin)
            assert len(events) == LINES
    return [
        median_us("orjson.loads, a line", theirs, LINES),
        median_us("the inbox, a line", ours, LINES),
        median_us("of it parsing and mending, a line", parsing, LINES),
        ratio("the inbox, of orjson.loads", ours, theirs),
    ]


if __name__ == "__main__":
    main(__doc__ or "", measure, 15)
