"""The newest 10 of 100,000 answers, compared with one bare C listing with times.

.venv/bin/python benches/spool/answers.py [--runs 15] [--json]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from figures import Figure, main, median_us, ratio
from spool.floors import Floors

from cctelegram import _native

ANSWERS = 100_000
AT = 1_795_455_672_123_456


def measure(runs: int) -> list[Figure]:
    floors = Floors()
    newest, with_times, names = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for index in range(ANSWERS):
            name = _native.answer_name(f"event {index % 1000}", AT + index * 1000, index)
            (Path(folder) / name).write_bytes(b'{"id":"x"}')
        for _ in range(runs):
            begin = time.perf_counter()
            found = _native.list_answers(folder, 10)
            newest.append(time.perf_counter() - begin)
            assert len(found) == 10
            with_times.append(floors.list(Path(folder), times=True)[0])
            names.append(floors.list(Path(folder), times=False)[0])
    return [
        median_us("C listing with times, an answer", with_times, ANSWERS),
        median_us("newest 10 of 100,000, an answer", newest, ANSWERS),
        ratio("newest 10 of 100,000, of a listing with times", newest, with_times, 1.3),
        ratio("newest 10 of 100,000, of a listing of names only", newest, names),
    ]


if __name__ == "__main__":
    main(__doc__ or "", measure, 15)
