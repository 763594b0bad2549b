"""The cost of monitoring: a bridge with it and one without, side by side in one run.

Both bridges are at rest, then get the same events in turn, each over a sandbox of its own. Processor time is
that of the scheduler, in nanoseconds, of all threads. Limits on time are ratios: to the other bridge, or to
the processor time of a bare interpreter in the same run, about 10 ms.

    .venv/bin/python benches/monitoring.py [--runs 100] [--json]
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from bridge_latency import put
from figures import Figure, main, median_us, of_ratios, on_disk, ratio
from rest import bare_cpu_seconds

from cctelegram.daemon.counters import Counters
from cctelegram.monitor import catalogue
from cctelegram.monitor.values import Metrics
from cctelegram.runtime.signals import MessageSent, Signals
from cctelegram.sandbox.child import UNLIMITED, Sandbox, running
from cctelegram.sandbox.client import Control
from running import QUICK, RunningBridge, bridge, make_home

if TYPE_CHECKING:
    from collections.abc import Sequence

WITHOUT = (sys.executable, str(Path(__file__).with_name("unmonitored.py")))
# Windows at rest, of one sample of all metrics each, in seconds.
WINDOWS, WINDOW = 6, 10.0
# 0.2 % of a core is 0.12 s per minute: 12 times the 10 ms of a bare interpreter.
AT_REST = 12.0
# A scrape takes under 20 ms: twice a bare interpreter.
SCRAPE = 2.0
EVENT_PATH = 1.02
MEMORY_MB = 2.0
BACKLOG = 100_000
# No digest replaces a burst.
CONFIG = f"{QUICK}\n[lanes]\nalert_bound = 10000\n"
# Events of one burst, for processor time per event.
BURST = 50
# What counting takes of an event's processor time.
SHARE = 0.02


class Side(NamedTuple):
    """A bridge and its sandbox."""

    bridge: RunningBridge
    sandbox: Sandbox

    def cpu(self) -> float:
        """Return the processor time of all threads, in seconds."""
        tasks = Path(f"/proc/{self.bridge.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def resident_mb(self) -> float:
        """Return the resident memory."""
        return int(Path(f"/proc/{self.bridge.process.pid}/statm").read_text().split()[1]) * 4096 / 1e6

    def sent(self) -> int:
        """Return the number of messages sent."""
        return len(self.sandbox.control.calls("sendMessage"))


def at_rest(on: Side, off: Side) -> list[Figure]:
    """Return the processor time that monitoring takes while nothing happens."""
    shares: list[tuple[float, float]] = []
    before = on.cpu(), off.cpu()
    for _ in range(WINDOWS):
        time.sleep(WINDOW)
        after = on.cpu(), off.cpu()
        shares.append(((after[0] - before[0]) / WINDOW, (after[1] - before[1]) / WINDOW))
        before = after
    bare = statistics.median(bare_cpu_seconds() for _ in range(21))
    extra = [with_it - without for with_it, without in shares]
    return [
        Figure("at rest with monitoring, of a core", 100 * statistics.mean(each for each, _ in shares), "%"),
        Figure("at rest without, of a core", 100 * statistics.mean(each for _, each in shares), "%"),
        Figure("monitoring at rest, of a core", 100 * statistics.mean(extra), "%"),
        of_ratios("a minute of it, of a bare interpreter", [each * 60 / bare for each in extra], AT_REST),
    ]


def memory(on: Side, off: Side) -> list[Figure]:
    """Return the resident memory that monitoring takes, before the first scrape and after."""
    found = on.resident_mb(), off.resident_mb()
    scrape(on)
    return [
        Figure("resident with monitoring", found[0], "MB"),
        Figure("resident without", found[1], "MB"),
        Figure("memory of monitoring", found[0] - found[1], "MB", MEMORY_MB),
        Figure("resident after the first scrape", on.resident_mb(), "MB"),
    ]


def event_path(on: Side, off: Side, runs: int) -> list[Figure]:
    """Return the time from an event's file to its request, and the processor time per event of a burst."""
    latency: dict[str, list[float]] = {"on": [], "off": []}
    for number in range(-10, runs):  # the first ten warm up
        for name, side in (("on", on), ("off", off)) if number % 2 else (("off", off), ("on", on)):
            last = (side.sandbox.control.calls("sendMessage") or [{"number": 0}])[-1]["number"]
            at = put(side.bridge.events, f"one{number + 10}")
            call = side.sandbox.control.wait_for(partial(Control.calls, method="sendMessage", after=last))[-1]
            if number >= 0:
                latency[name].append(call["monotonic"] - at)
            time.sleep(0.03)  # at rest again
    used: dict[str, list[float]] = {"on": [], "off": []}
    for number in range(max(6, runs // 4)):
        for name, side in (("on", on), ("off", off)) if number % 2 else (("off", off), ("on", on)):
            used[name].append(burst(side, number))
    return [
        median_us("file to request with monitoring", latency["on"], 1),
        median_us("file to request without", latency["off"], 1),
        ratio("file to request, with to without", latency["on"], latency["off"], EVENT_PATH),
        median_us("processor time per event with monitoring", used["on"], BURST),
        median_us("processor time per event without", used["off"], BURST),
        ratio("processor time per event, with to without", used["on"], used["off"], EVENT_PATH),
        median_us("counting of one event", counting(len(used["off"])), 1),
        of_ratios(
            "counting of one event, of its processor time",
            [count * BURST / one for count, one in zip(counting(len(used["off"])), used["off"], strict=True)],
            SHARE,
        ),
    ]


def counting(runs: int) -> list[float]:
    """Return the seconds that all counting takes for one event that becomes one message, by itself."""
    signals, metrics, many = Signals(None), Metrics(), 2000
    Counters(signals, metrics)
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        for _ in range(many):
            # The intake; of a batch of one event.
            metrics.observe(catalogue.BATCH_EVENTS, 1)
            metrics.observe(catalogue.STORE_EVENTS, 0.001)
            metrics.add(catalogue.EVENTS, 1, "task_failed")
            metrics.observe(catalogue.EVENT_TO_STORE, 0.01)
            metrics.add(catalogue.DEDUPLICATED, 0)
            # The sender, and the request.
            metrics.observe(catalogue.RENDER, 0.001)
            metrics.add(catalogue.REQUESTS, 1, "sendMessage", "ok")
            metrics.observe(catalogue.REQUEST_TIME, 0.01, "sendMessage")
            signals.send(MessageSent(1, complete=True, occurred_at=0, at=10_000))
        found.append((time.perf_counter() - began) / many)
    return found


def burst(side: Side, number: int) -> float:
    """Send a burst of single messages; return the processor time that the bridge used."""
    wanted, began = side.sent() + BURST, side.cpu()
    lines = (
        json.dumps({"type": "task_failed", "title": f"Burst {number} event {each}"}) for each in range(BURST)
    )
    beside = side.bridge.events / f".burst{number}.tmp"
    beside.write_text("".join(f"{line}\n" for line in lines))
    beside.rename(side.bridge.events / f"burst{number}.jsonl")
    side.sandbox.control.wait_for(lambda _: side.sent() >= wanted, 60)
    time.sleep(0.2)  # the last response is recorded
    return side.cpu() - began


def scrape(side: Side) -> float:
    """Scrape once; return the seconds."""
    where = json.loads((side.bridge.home / "state" / "bridge.json").read_text())
    connection = http.client.HTTPConnection(where["host"], where["port"], timeout=60)
    connection.connect()
    began = time.perf_counter()
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {where['key']}"})
    response = connection.getresponse()
    response.read()
    seconds = time.perf_counter() - began
    connection.close()
    if response.status != 200:
        raise RuntimeError(f"/metrics answered {response.status}")
    return seconds


def scrapes(on: Side, name: str, runs: int) -> list[Figure]:
    """Return the time of a scrape."""
    bare = [bare_cpu_seconds() for _ in range(runs)]
    times = [scrape(on) for _ in range(runs)]
    return [
        Figure(f"a scrape{name}", statistics.median(times) * 1000, "ms"),
        ratio(f"a scrape{name}, of a bare interpreter", times, bare, SCRAPE),
    ]


def fill(side: Side) -> None:
    """Queue a backlog while Telegram asks to wait."""
    side.sandbox.control.fail("sendMessage", error_code=429, parameters={"retry_after": 3600})
    accepted = side.bridge.status()["delivery"]["accepted"]
    beside = side.bridge.events / ".backlog.tmp"
    with beside.open("w") as file:
        for number in range(BACKLOG):
            file.write(json.dumps({"type": "info_notification", "title": f"Backlog {number}"}) + "\n")
    beside.rename(side.bridge.events / "backlog.jsonl")
    side.bridge.wait_status(
        lambda now: now["delivery"]["accepted"] - accepted >= BACKLOG, "the backlog is stored", 300
    )
    time.sleep(1)


def measure(runs: int) -> list[Figure]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=on_disk())))
        sides = []
        for name, before in (("on", ()), ("off", WITHOUT)):
            sandbox = stack.enter_context(running(*UNLIMITED))
            started = stack.enter_context(bridge(make_home(folder / name, sandbox, CONFIG), before=before))
            started.wait_status(lambda now: now["telegram_connected"], "connected")
            sides.append(Side(started, sandbox))
        on, off = sides
        time.sleep(3)  # the work that the start leaves behind is done
        found: Sequence[Figure] = [
            *at_rest(on, off),
            *memory(on, off),
            *event_path(on, off, runs),
            *scrapes(on, "", 21),
        ]
        fill(on)
        fill(off)
        return [
            *found,
            *scrapes(on, f" with {BACKLOG:,} queued", 21),
            Figure(f"resident with {BACKLOG:,} queued, with monitoring", on.resident_mb(), "MB", 50.0),
            Figure(f"resident with {BACKLOG:,} queued, without", off.resident_mb(), "MB"),
        ]


if __name__ == "__main__":
    main(__doc__ or "", measure, 100)
