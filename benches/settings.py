"""The settings: reading them cold, reading them cached, and how soon an edit is in force under traffic.

Beside the cold load: the TOML parser alone on the same file. Beside the cached read: a plain attribute. The
edits go to a real bridge that sends to the sandbox all the while; each is waited for. The log says when it
was in force, in the clock that also timed the edit.

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

from figures import Figure, tell

from cctelegram.config.live import Live
from cctelegram.config.load import load
from cctelegram.pools.loopback import LoopbackError
from cctelegram.sandbox.child import UNLIMITED, Sandbox, running
from running import QUICK, RunningBridge, bridge, make_home, wait_for

EXAMPLE = Path(__file__).parent.parent / "docs" / "config.example.toml"
BUDGET_NS, BUDGET_SECONDS = 1000.0, 1.0
# Seconds between two events.
EVERY = 0.1
WIDE = QUICK + "[lanes]\nalert_bound = 10000\nordinary_bound = 10000\n"
READ_AGAIN = '"event":"settings read again"'


def best(code: str, names: dict[str, Any], number: int) -> float:
    """Nanoseconds of one run, the best of many short ones."""
    return min(timeit.repeat(code, globals=names, number=number, repeat=50)) / number * 1e9


def reads(home: Path) -> dict[str, float]:
    text = EXAMPLE.read_text()
    (home / "config.toml").write_text(text)
    live = Live(str(home), {}, {})
    names = {"live": live, "load": load, "home": str(home), "text": text, "loads": tomllib.loads}
    return {
        "cold_load_ns": best("load(home, {})", names, 5),
        "toml_alone_ns": best("loads(text)", names, 5),
        "cached_read_ns": best("live.current", names, 10_000),
        "attribute_ns": best("live.loaded", names, 10_000),
    }


def settings(number: int) -> str:
    return WIDE + f"# change {number}\n[display]\nstyle = '{('concise', 'detailed')[number % 2]}'\n"


def holds(bridge_: RunningBridge) -> tuple[int, float]:
    """Open descriptors, and resident megabytes."""
    proc = Path(f"/proc/{bridge_.process.pid}")
    rss = int((proc / "statm").read_text().split()[1]) * 4096
    return len(list((proc / "fd").iterdir())), rss / 1e6


def edit(home: Path, number: int) -> float:
    """Seconds from a rename over config.toml to its being in force."""
    log, beside = home / "logs" / "bridge.jsonl", home / "beside"
    beside.write_text(settings(number))
    read = log.stat().st_size

    def in_force() -> str:
        nonlocal read
        with log.open() as lines:
            lines.seek(read if read <= log.stat().st_size else 0)  # it was rotated
            new = lines.read()
        read += len(new.encode())
        return next((line for line in new.splitlines() if READ_AGAIN in line), "")

    at = time.time()
    beside.replace(home / "config.toml")
    line = wait_for(in_force, "a reload")
    return datetime.fromisoformat(json.loads(line)["timestamp"]).timestamp() - at


def all_sent(bridge_: RunningBridge, count: int) -> dict[str, Any]:
    """The status, once `count` events were sent; empty before, and while a busy machine gives none."""
    with suppress(LoopbackError):
        told = bridge_.status()
        return told if told["delivery"]["sent"] >= count else {}
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
        for number in range(1, 11):  # until caches are full
            edit(home, number)
        before = holds(running_)
        seconds = [edit(home, number) for number in range(11, 11 + changes)]
        after = holds(running_)
        done.set()
        thread.join()
        told = wait_for(partial(all_sent, running_, put[0]), "all is sent", 300)
        texts = [message["text"] for message in sandbox.control.messages()]
        arrived = {word for text in texts for word in text.split("\n")[0].split() if word.endswith(".")}
        lost = [number for number in range(1, put[0] + 1) if f"{number}." not in arrived]
    return {
        "changes": changes,
        "seconds_p50": statistics.median(seconds),
        "seconds_p95": statistics.quantiles(seconds, n=20)[-1],
        "seconds_max": max(seconds),
        "events": put[0],
        "lost": len(lost),
        "descriptors": [before[0], after[0]],
        "rss_mb": [before[1], after[1]],
        "config": told["config"],
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
    if given.json:
        figures = [
            Figure("cold load, of the TOML parser alone", read["cold_load_ns"] / read["toml_alone_ns"], "x"),
            Figure("a cached read", read["cached_read_ns"], "ns", BUDGET_NS),
            Figure("an edit until in force, 95 of 100 under", changed["seconds_p95"], "s", BUDGET_SECONDS),
            Figure("events lost meanwhile", changed["lost"], "", 0),
            Figure("reads that were hits", changed["config"]["hit_rate"] * 100, "%"),
        ]
        raise SystemExit(tell(figures, as_json=True, **read, **changed))
    cold, toml, cached = read["cold_load_ns"], read["toml_alone_ns"], read["cached_read_ns"]
    print(f"{'cold load':<14}{cold / 1e6:>8.2f} ms{cold / toml:>8.2f}x the TOML parser alone")
    print(f"{'cached read':<14}{cached:>8.0f} ns{cached / read['attribute_ns']:>8.2f}x a plain attribute")
    print(f"{'':<14}{'under' if cached < BUDGET_NS else 'OVER'} the budget of {BUDGET_NS:.0f} ns\n")
    print(f"{given.changes} edits under traffic of {changed['events']} events; lost: {changed['lost']}")
    times = ", ".join(f"{name} {changed[f'seconds_{name}']:.3f}" for name in ("p50", "p95", "max"))
    print(f"seconds until in force: {times} (budget {BUDGET_SECONDS:.0f})")
    for name in ("descriptors", "rss_mb"):
        print(f"{name}: {changed[name][0]:.4g} -> {changed[name][1]:.4g}")
    counted = changed["config"]
    print(f"hit rate {counted['hit_rate']:.3%} of {counted['hits'] + counted['misses']} reads")


if __name__ == "__main__":
    main()
