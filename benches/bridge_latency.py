"""Latency from an event's file to the request at Telegram, with the bridge at rest.

The reference, in the same interleaved run: a bare watch (the same kernel watch in Rust, a blocking wait) that
reads the file, appends it to a file and syncs that twice, and posts the same request over an open connection.
The bridge also syncs twice before the request leaves (the event is durable, the delivery is recorded as in
flight), renders, and stores with an index. The sandbox reports when each request arrived, by this machine's
monotonic clock.

    .venv/bin/python benches/bridge_latency.py [--runs 200] [--json]
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from figures import Figure, main, on_disk, ratio

from cctelegram import _native
from cctelegram.sandbox.child import UNLIMITED, Sandbox, running
from cctelegram.sandbox.client import Control
from running import RunningBridge, bridge, make_home

# Seconds between two events: the bridge is at rest again when the next one comes.
REST = 0.03
LIMIT = 5.0


class BareWatch(threading.Thread):
    """Waits for a file, reads it, appends and syncs it twice, posts its title."""

    def __init__(self, directory: Path, sandbox: Sandbox) -> None:
        super().__init__(daemon=True)
        self.directory = directory
        self.inbox = _native.Inbox(str(directory), str(directory / "rejected"))
        self.kept = (directory / "kept").open("wb", buffering=0)
        self.user_id = sandbox.user_id
        address = urlsplit(sandbox.bot_url)
        self.path = f"{address.path}sendMessage"
        self.connection = http.client.HTTPConnection(address.hostname or "", address.port)

    def run(self) -> None:
        while self.inbox.wait(30.0) != "closed":
            for file in self.directory.glob("*.json"):
                event = json.loads(file.read_bytes())
                for _ in range(2):
                    self.kept.write(b"x" * 4096)
                    os.fdatasync(self.kept.fileno())
                file.unlink()
                self.post(event["title"])

    def post(self, title: str) -> None:
        body = json.dumps({"chat_id": self.user_id, "text": title})
        self.connection.request("POST", self.path, body, {"Content-Type": "application/json"})
        self.connection.getresponse().read()


def put(directory: Path, title: str) -> float:
    """Write an event and rename it into place; return the time of the rename, in monotonic seconds."""
    beside = directory / f".{title}.tmp"
    beside.write_text(json.dumps({"type": "build_failed", "title": title, "data": {"exit_code": 1}}))
    at = time.monotonic()
    os.rename(beside, directory / f"{title}.json")  # noqa: PTH104 - nothing but the call
    return at


def sync_ms(directory: Path, runs: int = 50) -> float:
    """Return the milliseconds that this disk needs to append 4 KiB and sync."""
    times = []
    with (directory / "sync").open("wb", buffering=0) as file:
        for _ in range(runs):
            begin = time.perf_counter()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def measure(runs: int) -> list[Figure]:
    with running(*UNLIMITED) as sandbox, tempfile.TemporaryDirectory(dir=on_disk()) as folder:
        bare = Path(folder) / "bare"
        bare.mkdir()
        with bridge(make_home(Path(folder) / "home", sandbox)) as bridged:
            bridged.wait_status(lambda now: now["telegram_connected"], "connected")
            watch = BareWatch(bare, sandbox)
            watch.start()
            written = interleave(bridged, bare, sandbox, runs)
            watch.inbox.close()
        arrived = arrivals(sandbox)
        pairs = [
            {kind: (arrived[f"{kind}{number}"] - at) * 1000 for kind, at in each.items()}
            for number, each in written.items()
        ]
        return [*figures(pairs), Figure("a sync of this disk", sync_ms(Path(folder)), "ms")]


def interleave(
    bridged: RunningBridge, bare: Path, sandbox: Sandbox, runs: int
) -> dict[int, dict[str, float]]:
    """Write events in turn; return the time of each rename, by number and kind."""
    written: dict[int, dict[str, float]] = {}
    last = 0
    for number in range(-10, runs):  # the first ten warm up
        for kind, directory in (("bridge", bridged.events), ("bare", bare)):
            title = f"{kind}{number + 10}"
            at = put(directory, title)
            if number >= 0:
                written.setdefault(number + 10, {})[kind] = at
            seen = sandbox.control.wait_for(partial(Control.calls, method="sendMessage", after=last))
            last = seen[-1]["number"]
            time.sleep(REST)
    return written


def arrivals(sandbox: Sandbox) -> dict[str, float]:
    """Return the time at which each title's request arrived."""
    found: dict[str, float] = {}
    for call in sandbox.control.calls("sendMessage"):
        title = next(word for word in call["params"]["text"].split() if word.startswith(("bridge", "bare")))
        found.setdefault(title, call["monotonic"])
    return found


def figures(pairs: list[dict[str, float]]) -> list[Figure]:
    """Return medians and 95th percentiles in ms, and the ratio to the bare watch, pair by pair."""
    found = []
    for kind in ("bridge", "bare"):
        values = [pair[kind] for pair in pairs]
        found += [
            Figure(f"{kind}, file to request, median", statistics.median(values), "ms"),
            Figure(f"{kind}, 95 of 100 under", statistics.quantiles(values, n=20)[-1], "ms"),
        ]
    ours, bare = ([pair[kind] for pair in pairs] for kind in ("bridge", "bare"))
    return [*found, ratio("of a bare watch that syncs as often", ours, bare, LIMIT)]


if __name__ == "__main__":
    main(__doc__ or "", measure, 200)
