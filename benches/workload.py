"""Named, seeded workloads: the same events in each run, for the benches of Python and of Rust.

.venv/bin/python benches/workload.py hooks --count 20000 --out target/workloads/hooks.jsonl
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 20261123
TYPES = (
    "task_progress",
    "task_completion",
    "command_executed",
    "file_modified",
    "test_suite_run",
    "build_failed",
    "info_notification",
    "git_commit",
)
TEXT = "the build of session store parser has failed with code and a report was written to it"
WORDS = tuple(TEXT.split(" "))
BEYOND_ASCII = ("Prüfung", "café", "→", "完了", "✅")


def hooks(count: int) -> Iterator[bytes]:
    """Yield events as agents' hooks write them: 300 to 1,500 bytes, mostly small, a tenth beyond ASCII."""
    chance = random.Random(SEED)
    for index in range(count):
        size = min(1_500, 300 + int(chance.expovariate(1 / 250)))
        yield _event(chance, index, size)


def _event(chance: random.Random, index: int, size: int) -> bytes:
    event: dict[str, object] = {
        "type": chance.choice(TYPES),
        "title": f"{' '.join(chance.choices(WORDS, k=4))} #{index}",
        "source": "claude-code",
        "task_id": f"task-{index // 50}",
        "timestamp": f"2026-11-23T{index // 3600 % 24:02}:{index // 60 % 60:02}:{index % 60:02}.5Z",
        "data": {
            "severity": chance.choice(("low", "medium", "high")),
            "duration_ms": chance.randrange(100_000),
            "file_path": f"src/{chance.choice(WORDS)}/{chance.choice(WORDS)}.rs",
            "success": chance.random() < 0.8,
        },
        "description": "",
    }
    if index % 2:
        event["event_id"] = f"{chance.getrandbits(128):032x}"
    words = WORDS if index % 10 else (*WORDS, *BEYOND_ASCII)
    description: list[str] = []
    length = len(json.dumps(event, ensure_ascii=False).encode())
    while length < size:
        word = chance.choice(words)
        description.append(word + ("\n" if chance.random() < 0.05 else " "))
        length += len(word.encode()) + 1
    event["description"] = "".join(description)
    return json.dumps(event, ensure_ascii=False).encode()


WORKLOADS = {"hooks": hooks}


def write_files(folder: Path, events: Iterator[bytes]) -> int:
    """Write one file per event, named as by `send`; return their total bytes."""
    total = 0
    for index, event in enumerate(events):
        (folder / f"20261123T174112.{index:06}Z-{index % 65536:04x}.json").write_bytes(event)
        total += len(event)
    return total


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--out", type=Path, required=True, help="JSON lines, one event each")
    given = parser.parse_args()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_bytes(b"".join(event + b"\n" for event in WORKLOADS[given.workload](given.count)))


if __name__ == "__main__":
    main()
