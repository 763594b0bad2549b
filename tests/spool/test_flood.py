"""100,000 files at once: all are read and removed, with bounded memory and descriptors, in linear time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FILES = 100_000

CODE = """
import json, os, resource, sys, time
from cctelegram import _native
home, files = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))
def rss():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()
inbox = _native.Inbox(home + "/events", home + "/rejected")
before = rss()
events = most = batches = 0
keys = set()
started = time.monotonic()
while True:
    batch = inbox.take(time.monotonic())
    events += len(batch)
    batches += 1
    for row in batch.rows():
        keys.add(hash(row[0]))
    inbox.settle(batch, time.monotonic())
    most = max(most, rss())
    if not batch.more:
        break
print(json.dumps({
    "events": events, "keys": len(keys), "batches": batches, "seconds": time.monotonic() - started,
    "grown": most - before, "most": most, "left": len(os.listdir(home + "/events")),
}))
"""


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/statm")
def test_a_flood_of_files_is_read_completely_in_bounded_memory_and_descriptors_r16(tmp_path: Path) -> None:
    events = tmp_path / "events"
    events.mkdir()
    for n in range(FILES):
        (events / f"flood-{n:06}.json").write_text(f'{{"type":"info_notification","title":"{n}"}}')
    done = subprocess.run(
        [sys.executable, "-c", CODE, tmp_path, str(FILES)], capture_output=True, text=True, check=True
    )
    seen = json.loads(done.stdout)
    assert (seen["events"], seen["keys"], seen["left"]) == (FILES, FILES, 0)
    assert seen["batches"] <= FILES // 512 + 2
    # The test's own set of keys takes some 6 MB of it.
    assert seen["grown"] < 30 << 20, seen
    assert seen["most"] < 50 << 20, seen
