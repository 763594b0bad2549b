"""Show what the bridge says of itself: health and what is wrong, mode, queue, delivery, memory.

Exit code 0 when it runs and is well or degraded, 1 when it does not run or is failing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cctelegram import _native
from cctelegram.cli.home import add_home, add_json, home_of
from cctelegram.cli.printed import json_line
from cctelegram.client import bridge
from cctelegram.times.duration import rough

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_home(parser)
    add_json(parser)


def run(parsed: argparse.Namespace) -> int:
    """Ask and print."""
    told = bridge.status(home_of(parsed))
    if parsed.json:
        # The bridge counts its own pools; this command's way to it was counted here.
        told["pools"] = {**(told.get("pools") or {}), **bridge.counters()}
        json_line(told)
    else:
        sys.stdout.write("\n".join(_lines(told)) + "\n")
    return 0 if told["running"] and told.get("health") != "failing" else 1


def _lines(told: dict[str, Any]) -> list[str]:
    if not told["running"]:
        return [told["note"]]
    queue = ", ".join(f"{lane} {count}" for lane, count in told["queue"].items() if count) or "empty"
    states = ", ".join(
        f"{state} {count}" for state, count in told["deliveries"].items() if count and state != "queued"
    )
    delivery = told["delivery"]
    rows = [
        ("health", told["health"]),
        *(("", f"- {reason}") for reason in told["reasons"]),
        ("telegram", f"connected as @{told['bot']}" if told["telegram_connected"] else "not connected"),
        *(("no topics in", f"{chat}: {reason}") for chat, reason in told["chats"]["no_topics"].items()),
        ("mode", told["mode"]),
        ("queue", queue),
        ("deliveries", states or "none held, ambiguous or dead"),
        ("decisions", ", ".join(f"{state} {count}" for state, count in told["decisions"].items()) or "none"),
        (
            "since start",
            f"accepted {delivery['accepted']}, sent {delivery['sent']}, rejected {delivery['rejected']}",
        ),
    ]
    seconds = delivery.get("seconds")
    if seconds:
        rows.append(
            (
                "to the phone",
                f"p50 {seconds['p50']:.3f} s, p95 {seconds['p95']:.3f} s, max {seconds['max']:.3f} s",
            )
        )
    rows += [
        *_settings(told["config"]),
        (
            "process",
            f"pid {told['pid']}, up {rough(told['uptime_seconds'])}, {_megabytes(told)} MB",
        ),
        ("version", told["version"]),
        ("home", told["home"]),
    ]
    return [f"{name:<13}{_native.one_line(str(value))}" for name, value in rows]


def _settings(config: dict[str, Any]) -> list[tuple[str, str]]:
    rate = config["hit_rate"]
    figures = [
        f"read {rough(config['age_seconds'])} ago",
        f"reloads {config['reloads']}",
        f"refused {config['refused']}",
        *([] if rate is None else [f"hit rate {rate:.1%}"]),
    ]
    waiting = [
        f"- {each['key']} needs a restart: {each['in_force']} is in force, "
        f"{each['written']} stands in {each['origin']}"
        for each in config["restart"]
    ]
    return [("settings", ", ".join(figures)), *(("", line) for line in waiting)]


def _megabytes(told: dict[str, Any]) -> str:
    return f"{told['memory']['rss_bytes'] / 1e6:.1f}"
