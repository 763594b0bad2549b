"""The settings: cold load, cached reads, and the time until an edit is in force under traffic.

The reference of the cold load is the TOML parser alone on the same file, that of the cached read a plain
attribute. The edits go to a real bridge that sends to the sandbox meanwhile, one after the other. Its log
records when an edit is in force, by the clock that also times the edit. The reference of the edits is a bare
watch of watchfiles, with the same step, on the same directory.

    .venv/bin/python benches/settings.py [--changes 100] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
import timeit
import tomllib
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import watchfiles
from figures import Figure, of_ratios, ratio, report

from cctelegram.client.loopback import LoopbackError
from cctelegram.config.live import STEP, Live
from cctelegram.config.load import load
from cctelegram.sandbox.child import UNLIMITED, Sandbox, running
from running import QUICK, RunningBridge, bridge, make_home, wait_for

EXAMPLE = Path(__file__).parent.parent / "docs" / "config.example.toml"
# Of a plain attribute, and of the bare watch.
CACHED, IN_FORCE = 40.0, 2.0
# Seconds between two events.
EVERY = 0.1
WIDE = QUICK + "[lanes]\nalert_bound = 10000\nordinary_bound = 10000\n"
RELOADED = '"event":"settings.reloaded"'


def nanoseconds(code: str, names: dict[str, Any], number: int) -> list[float]:
    """Return the nanoseconds of one call, in each of many short runs."""
    return [each / number * 1e9 for each in timeit.repeat(code, globals=names, number=number, repeat=50)]


def reads(home: Path) -> dict[str, list[float]]:
    text = EXAMPLE.read_text()
    (home / "config.toml").write_text(text)
    live = Live(str(home), {}, {})
    names = {"live": live, "load": load, "home": str(home), "text": text, "loads": tomllib.loads}
    return {
        "cold_load_ns": nanoseconds("load(home, {})", names, 5),
        "toml_alone_ns": nanoseconds("loads(text)", names, 5),
        "cached_read_ns": nanoseconds("live.current", names, 10_000),
        "attribute_ns": nanoseconds("live.loaded", names, 10_000),
    }


def settings(number: int) -> str:
    return WIDE + f"# change {number}\n[display]\nstyle = '{('concise', 'detailed')[number % 2]}'\n"


def holds(bridge_: RunningBridge) -> tuple[int, float]:
    """Return open descriptors and resident megabytes."""
    proc = Path(f"/proc/{bridge_.process.pid}")
    rss = int((proc / "statm").read_text().split()[1]) * 4096
    return len(list((proc / "fd").iterdir())), rss / 1e6


class BareWatch(threading.Thread):
    """Records when the watch on a home reports that its config.toml changed."""

    def __init__(self, home: Path) -> None:
        super().__init__(daemon=True)
        self.home = home
        self.done = threading.Event()
        self.seen: list[float] = []

    def run(self) -> None:
        watch = watchfiles.watch(
            self.home,
            watch_filter=None,
            step=int(STEP * 1000),
            debounce=int(STEP * 2000),
            recursive=False,
            stop_event=self.done,
            rust_timeout=1000,
            yield_on_timeout=False,
        )
        for changes in watch:
            if any(path.endswith("/config.toml") for _, path in changes):
                self.seen.append(time.time())

    def first_after(self, at: float) -> float:
        return next((seen for seen in self.seen if seen > at), 0.0)


def edit(home: Path, number: int, watch: BareWatch) -> tuple[float, float]:
    """Return the seconds from a rename over config.toml until it is in force, and until the bare watch."""
    log, beside = home / "logs" / "bridge.jsonl", home / "beside"
    beside.write_text(settings(number))
    read = log.stat().st_size

    def in_force() -> str:
        nonlocal read
        with log.open() as lines:
            lines.seek(read if read <= log.stat().st_size else 0)  # it was rotated
            new = lines.read()
        read += len(new.encode())
        return next((line for line in new.splitlines() if RELOADED in line), "")

    at = time.time()
    beside.replace(home / "config.toml")
    line = wait_for(in_force, "a reload")
    seen = wait_for(lambda: watch.first_after(at), "the bare watch")
    return datetime.fromisoformat(json.loads(line)["timestamp"]).timestamp() - at, seen - at


def all_sent(bridge_: RunningBridge, count: int) -> dict[str, Any]:
    """Return the status once `count` events are sent; empty before, and while the bridge is busy."""
    with suppress(LoopbackError):
        now = bridge_.status()
        return now if now["delivery"]["sent"] >= count else {}
    return {}


def under_traffic(home: Path, sandbox: Sandbox, changes: int) -> dict[str, Any]:
    make_home(home, sandbox, settings(0))
    with bridge(home) as running_:
        put, done = [0], threading.Event()

        def traffic() -> None:
            while not done.wait(EVERY):
                put[0] += 1
                running_.put(f"{put[0]}.json", {"type": "task_failed", "title": f"Event {put[0]}."})

        thread = threading.Thread(target=traffic)
        thread.start()
        watch = BareWatch(home)
        watch.start()
        for number in range(1, 11):  # until caches are full
            edit(home, number, watch)
        before = holds(running_)
        edits = [edit(home, number, watch) for number in range(11, 11 + changes)]
        after = holds(running_)
        watch.done.set()
        done.set()
        thread.join()
        now = wait_for(partial(all_sent, running_, put[0]), "all is sent", 300)
        texts = [message["text"] for message in sandbox.control.messages()]
        arrived = {word for text in texts for word in text.split("\n")[0].split() if word.endswith(".")}
        lost = [number for number in range(1, put[0] + 1) if f"{number}." not in arrived]
    seconds = [ours for ours, _ in edits]
    return {
        "changes": changes,
        "in_force": [ours / bare for ours, bare in edits],
        "seconds_p50": statistics.median(seconds),
        "seconds_p95": statistics.quantiles(seconds, n=20)[-1],
        "seconds_max": max(seconds),
        "events": put[0],
        "lost": len(lost),
        "descriptors": [before[0], after[0]],
        "rss_mb": [before[1], after[1]],
        "config": now["config"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(*UNLIMITED) as sandbox:
        read = reads(Path(folder))
        changed = under_traffic(Path(folder) / "home", sandbox, given.changes)
    cold, toml, cached, attribute = (
        read[name] for name in ("cold_load_ns", "toml_alone_ns", "cached_read_ns", "attribute_ns")
    )
    figures = [
        Figure("cold load", min(cold) / 1e6, "ms"),
        Figure("cold load, of the TOML parser alone", min(cold) / min(toml), "x"),
        Figure("a cached read", min(cached), "ns"),
        ratio("a cached read, of a plain attribute", cached, attribute, CACHED),
        *(
            Figure(f"an edit until in force, {name}", changed[f"seconds_{name}"], "s")
            for name in ("p50", "p95", "max")
        ),
        of_ratios("an edit until in force, of a bare watch", changed["in_force"], IN_FORCE),
        Figure("events sent meanwhile", changed["events"], ""),
        Figure("events lost meanwhile", changed["lost"], "", 0),
        Figure("descriptors before", changed["descriptors"][0], ""),
        Figure("descriptors after", changed["descriptors"][1], ""),
        Figure("resident before", changed["rss_mb"][0], "MB"),
        Figure("resident after", changed["rss_mb"][1], "MB"),
        Figure("reads that were hits", changed["config"]["hit_rate"] * 100, "%"),
    ]
    raise SystemExit(report(figures, as_json=given.json, **changed))


if __name__ == "__main__":
    main()
