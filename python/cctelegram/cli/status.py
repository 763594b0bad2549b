"""Show the bridge's health and problems, alerts, mode, queue, delivery figures and memory.

    cctelegram status            once
    cctelegram status --watch    again and again, in place; Ctrl-C ends it

Where the output is no terminal, --watch prints one line each time; with --json, the whole status in a line.
It goes on while the bridge is down, and shows it again when it is back.
Exit codes: 0 the bridge runs and its health is ok or degraded, 1 it is down or failing, 130 by Ctrl-C.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from cctelegram import _native
from cctelegram.cli.home import add_home, add_json, home_of
from cctelegram.cli.interval import interval
from cctelegram.cli.printed import json_line
from cctelegram.cli.watch import watch
from cctelegram.client import bridge
from cctelegram.times.duration import rough

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--watch", action="store_true", help="show it again and again, until Ctrl-C")
    parser.add_argument(
        "--interval", type=interval, metavar="TIME", default=2.0, help="between two times (default: 2s)"
    )
    add_home(parser)
    add_json(parser)


def run(parsed: argparse.Namespace) -> int:
    """Ask and print."""
    if parsed.watch:
        watch(lambda: bridge.status(home_of(parsed)), _lines, parsed.interval, as_json=parsed.json)
    status = bridge.status(home_of(parsed))
    if parsed.json:
        # The bridge counts its own pools; this process counts its connections to the bridge.
        status["pools"] = {**(status.get("pools") or {}), **bridge.counters()}
        json_line(status)
    else:
        sys.stdout.write("\n".join(_lines(status)) + "\n")
    return 0 if status["running"] and status.get("health") != "failing" else 1


def _lines(status: dict[str, Any]) -> list[str]:
    if not status["running"]:
        return [status["note"]]
    queue = ", ".join(f"{lane} {count}" for lane, count in status["queue"].items() if count) or "empty"
    states = ", ".join(
        f"{state} {count}" for state, count in status["deliveries"].items() if count and state != "queued"
    )
    delivery = status["delivery"]
    rows = [
        ("health", status["health"]),
        *(("", line) for problem in status["problems"] for line in _problem(problem)),
        *(("", line) for alert in status["alerts"] for line in _alert(alert)),
        ("telegram", f"connected as @{status['bot']}" if status["telegram_connected"] else "not connected"),
        *(("no topics in", f"{chat}: {reason}") for chat, reason in status["chats"]["no_topics"].items()),
        ("mode", status["mode"]),
        ("queue", queue),
        ("deliveries", states or "none held, ambiguous or dead"),
        (
            "decisions",
            ", ".join(f"{state} {count}" for state, count in status["decisions"].items()) or "none",
        ),
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
        *_budgets(status["budgets"]),
        *_settings(status["config"]),
        (
            "process",
            f"pid {status['pid']}, up {rough(status['uptime_seconds'])}, {_megabytes(status)} MB",
        ),
        ("version", status["version"]),
        ("home", status["home"]),
    ]
    return [f"{name:<13}{_native.one_line(str(value))}" for name, value in rows]


def _problem(problem: dict[str, Any]) -> list[str]:
    """Return the reason, and what to do where the reason does not say it."""
    action = problem["action"]
    return [f"- {problem['reason']}", *([] if action is None else [f"  {action}"])]


def _alert(alert: dict[str, Any]) -> list[str]:
    lasted = rough(time.time() - alert["since"] / 1_000_000)
    return [
        f"- alert: {alert['title']}, for {lasted}: {alert['says']}",
        f"  {alert['action']}",
    ]


def _budgets(found: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Return a line for each budget; what was not observed is said to be unknown."""
    lines = [f"{each['about']}: {used(each)}" for each in found.values()]
    return list(zip(("budgets", *[""] * (len(lines) - 1)), lines, strict=True))


def used(budget: dict[str, Any]) -> str:
    """Return how much of a budget is used: "38.2 of 50 MB", "not measured lately, of 5 s"."""
    limit = f"{budget['limit']:g} {budget['unit']}"
    return (
        f"not measured lately, of {limit}" if budget["value"] is None else f"{budget['value']:.3g} of {limit}"
    )


def _settings(config: dict[str, Any]) -> list[tuple[str, str]]:
    rate = config["hit_rate"]
    figures = [
        f"read {rough(config['age_seconds'])} ago",
        f"reloads {config['reloads']}",
        f"rejected {config['refused']}",
        *([] if rate is None else [f"hit rate {rate:.1%}"]),
    ]
    waiting = [
        f"- {each['key']} needs a restart: {each['in_force']} is in force, "
        f"{each['origin']} has {each['written']}"
        for each in config["restart"]
    ]
    return [("settings", ", ".join(figures)), *(("", line) for line in waiting)]


def _megabytes(status: dict[str, Any]) -> str:
    return f"{status['memory']['rss_bytes'] / 1e6:.1f}"
