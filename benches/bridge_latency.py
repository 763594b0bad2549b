"""From an event's file to the request that Telegram gets, with the bridge at rest.

Beside it, in the same interleaved run: a bare watch (the same kernel watch in Rust, a blocking wait) that
reads the file and posts the same request over a connection it kept. The sandbox tells when each request had
arrived; its clock is this machine's monotonic one. A watch alone keeps nothing: the bridge also renders, and
syncs the disk twice before the request leaves (the event is durable, what is in flight is written down).

    .venv/bin/python benches/bridge_latency.py [--runs 200] [--json]
"""

from __future__ import annotations

import argparse
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
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from figures import Figure, on_disk, tell

from cctelegram import _native
from cctelegram.sandbox.child import UNLIMITED, Sandbox, running
from cctelegram.sandbox.client import Control
from running import RunningBridge, bridge, make_home

# Seconds between two events: the bridge is at rest again when the next one comes.
REST = 0.03
BUDGET_MS = 20.0


class BareWatch(threading.Thread):
    """Waits for a file, reads it, posts its title; stores nothing."""

    def __init__(self, directory: Path, sandbox: Sandbox) -> None:
        super().__init__(daemon=True)
        self.directory = directory
        self.inbox = _native.Inbox(str(directory), str(directory / "rejected"))
        self.user_id = sandbox.user_id
        address = urlsplit(sandbox.bot_url)
        self.path = f"{address.path}sendMessage"
        self.connection = http.client.HTTPConnection(address.hostname or "", address.port)

    def run(self) -> None:
        while self.inbox.wait(30.0) != "closed":
            for file in self.directory.glob("*.json"):
                event = json.loads(file.read_bytes())
                file.unlink()
                self.post(event["title"])

    def post(self, title: str) -> None:
        body = json.dumps({"chat_id": self.user_id, "text": title})
        self.connection.request("POST", self.path, body, {"Content-Type": "application/json"})
        self.connection.getresponse().read()


def put(directory: Path, title: str) -> float:
    """Write an event beside, rename it into place; returns when, in monotonic seconds."""
    beside = directory / f".{title}.tmp"
    beside.write_text(json.dumps({"type": "build_failed", "title": title, "data": {"exit_code": 1}}))
    at = time.monotonic()
    os.rename(beside, directory / f"{title}.json")  # noqa: PTH104 - nothing but the call
    return at


def sync_ms(directory: Path, runs: int = 50) -> float:
    """Milliseconds that this disk needs to append 4 KiB and sync."""
    times = []
    with (directory / "sync").open("wb", buffering=0) as file:
        for _ in range(runs):
            begin = time.perf_counter()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def measure(runs: int) -> dict[str, Any]:
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
        times = {
            kind: sorted((arrived[title] - at) * 1000 for title, at in each.items())
            for kind, each in written.items()
        }
        return {"runs": runs, "sync_ms": sync_ms(Path(folder)), **report(times)}


def interleave(
    bridged: RunningBridge, bare: Path, sandbox: Sandbox, runs: int
) -> dict[str, dict[str, float]]:
    written: dict[str, dict[str, float]] = {"bridge": {}, "bare": {}}
    last = 0
    for number in range(-10, runs):  # the first ten warm up
        for kind, directory in (("bridge", bridged.events), ("bare", bare)):
            title = f"{kind}{number + 10}"
            at = put(directory, title)
            if number >= 0:
                written[kind][title] = at
            seen = sandbox.control.wait_for(partial(Control.calls, method="sendMessage", after=last))
            last = seen[-1]["number"]
            time.sleep(REST)
    return written


def arrivals(sandbox: Sandbox) -> dict[str, float]:
    """When each title's request had arrived."""
    found: dict[str, float] = {}
    for call in sandbox.control.calls("sendMessage"):
        title = next(word for word in call["params"]["text"].split() if word.startswith(("bridge", "bare")))
        found.setdefault(title, call["monotonic"])
    return found


def report(times: dict[str, list[float]]) -> dict[str, Any]:
    def at(values: list[float], share: float) -> float:
        return values[min(len(values) - 1, int(len(values) * share))]

    found: dict[str, Any] = {
        kind: {"p50_ms": at(values, 0.5), "p95_ms": at(values, 0.95), "max_ms": values[-1]}
        for kind, values in times.items()
    }
    found["ratio_p50"] = found["bridge"]["p50_ms"] / found["bare"]["p50_ms"]
    found["under_20_ms"] = sum(value < BUDGET_MS for value in times["bridge"]) / len(times["bridge"])
    return found


def figures(found: dict[str, Any]) -> list[Figure]:
    """In the form that all benches share."""
    return [
        Figure("file to request, median", found["bridge"]["p50_ms"], "ms"),
        Figure("file to request, 95 of 100 under", found["bridge"]["p95_ms"], "ms", BUDGET_MS),
        Figure("of a bare watch", found["ratio_p50"], "x"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = measure(given.runs)
    if given.json:
        raise SystemExit(tell(figures(found), as_json=True, **found))
    print(f"file to request, {found['runs']} events each; a sync of this disk {found['sync_ms']:.2f} ms\n")
    print(f"{'':<10}{'p50 ms':>10}{'p95 ms':>10}{'max ms':>10}")
    for kind in ("bridge", "bare"):
        print(
            f"{kind:<10}" + "".join(f"{found[kind][name]:>10.2f}" for name in ("p50_ms", "p95_ms", "max_ms"))
        )
    print(
        f"\nratio of medians {found['ratio_p50']:.1f}x; {found['under_20_ms']:.1%} under {BUDGET_MS:.0f} ms"
    )


if __name__ == "__main__":
    main()
