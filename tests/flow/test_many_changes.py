"""A thousand saves under traffic: no event lost, no mixed settings, no leak."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flow.phone import texts
from running import QUICK, RunningBridge, make_home, wait_for

if TYPE_CHECKING:
    from cctelegram.sandbox.child import Sandbox

SAVES = 1000
AT = "2026-11-23T12:00:00Z"
# Two settings that must always agree: the style that shows the time goes with the zone in which it is 17:45.
WIDE = QUICK + "[lanes]\nalert_bound = 10000\n[display]\n"
PAIRS = (
    'style = "detailed"\ntimezone = "Asia/Kathmandu"\n',
    'style = "concise"\ntimezone = "UTC"\n',
)


def holds(running: RunningBridge) -> tuple[int, int]:
    """Open descriptors and resident bytes, from the kernel."""
    proc = Path(f"/proc/{running.process.pid}")
    lines = dict(
        line.split(":", 1)
        for line in (proc / "status").read_text(encoding="utf-8").splitlines()
        if ":" in line
    )
    return len(list((proc / "fd").iterdir())), int(lines["VmRSS"].split()[0]) * 1024


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc of Linux")
def test_a_thousand_saves_under_traffic_lose_nothing_mix_nothing_and_leak_nothing(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    config, beside = running.home / "config.toml", running.home / "beside"
    put, done = [0], threading.Event()

    def traffic() -> None:
        while not done.wait(0.02):
            put[0] += 1
            event = {"type": "task_failed", "title": f"Event {put[0]}.", "timestamp": AT}
            running.put(f"{put[0]}.json", {**event, "event_id": f"id-{put[0]}-"})

    def save(number: int) -> None:
        # One more setting is another each time, so that no save says what is in force already.
        beside.write_text(f"{WIDE}{PAIRS[number % 2]}[config]\nttl_seconds = {300 + number}\n")
        beside.replace(config)

    def swaps() -> int:
        return int(running.status()["config"]["reloads"])

    thread = threading.Thread(target=traffic)
    thread.start()
    try:
        for number in range(4):
            save(number)
            wait_for(lambda: swaps() > number, "in force")  # noqa: B023 - awaited here
        before = holds(running)
        for number in range(SAVES):
            # Some are waited for, so that they are swapped; the others come as fast as they can be written.
            waited_for = number % 50 == 0
            seen = swaps() if waited_for else 0
            save(4 + number)
            if waited_for:
                wait_for(lambda: swaps() > seen, "in force")  # noqa: B023 - awaited here
        after = holds(running)
    finally:
        done.set()
        thread.join()
    told = running.wait_status(lambda now: now["delivery"]["sent"] == put[0], "all is sent")
    shown = texts(fast_sandbox)
    assert {int(found[1]) for text in shown if (found := re.search(r"Event (\d+)\.", text))} == set(
        range(1, put[0] + 1)
    )
    assert told["config"]["reloads"] >= SAVES // 50
    assert told["config"]["hit_rate"] > 0.9
    detailed = [text for text in shown if re.search(r"id-\d+-", text)]
    assert 0 < len(detailed) < len(shown)
    assert [text for text in detailed if "17:45" not in text] == []
    assert [text for text in shown if "17:45" in text and text not in detailed] == []
    assert after[0] <= before[0] + 2, "a descriptor may be open at the moment of the look"
    assert after[1] - before[1] < 3_000_000


def test_the_hit_rate_under_usual_traffic_is_over_nine_in_ten(
    running: RunningBridge, fast_sandbox: Sandbox
) -> None:
    make_home(running.home, fast_sandbox, WIDE + "[config]\nttl_seconds = 1\n")
    running.wait_status(lambda now: now["config"]["reloads"] == 1, "a time to live of a second")
    for number in range(200):
        running.put(f"{number}.json", {"type": "task_failed", "title": f"Event {number}"})
    told = running.wait_status(lambda now: now["delivery"]["sent"] == 200, "sent")
    assert told["config"]["hits"] > 100
    assert told["config"]["hit_rate"] > 0.9
    later = running.wait_status(lambda now: now["config"]["misses"] > 0, "the snapshot grew old")
    assert later["config"]["compared_seconds"] < 3.0
