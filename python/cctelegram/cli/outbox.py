"""List deliveries, show one in full, retry or drop it.

    cctelegram outbox list                  deliveries that are queued, held, in flight, ambiguous or dead
    cctelegram outbox show 12               delivery 12 in full, or all deliveries of an event by its id
    cctelegram outbox retry 12              send a delivery that is dead, ambiguous or held
    cctelegram outbox retry --all-dead      send all dead letters that were not dropped
    cctelegram outbox drop 12               never send it; cancel its question if no one else can answer it

EVENT_ID selects all deliveries of an event. Write `delivery:12` or `event:12` where a number could be either.
A retry sends only the missing parts; a part that may be on the phone already is marked as a repeat. All of
this works while the bridge is down: retry and drop then change the store, and the next bridge sends.
Exit codes: 0 success, 1 there is no such delivery, or its state does not allow the action.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from cctelegram.cli import store, table
from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, add_json, home_of
from cctelegram.cli.printed import json_line
from cctelegram.client import BridgeError, Unreachable, routes
from cctelegram.config.load import load
from cctelegram.delivery import operator_actions as steps
from cctelegram.events.lane import LANES
from cctelegram.store import operator_actions as orders
from cctelegram.store import outbox
from cctelegram.times.duration import rough
from cctelegram.times.instant import SECOND, local

if TYPE_CHECKING:
    import argparse
    import sqlite3

WIDTH = 60


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    what = parser.add_subparsers(required=True, dest="what", metavar="{list,show,retry,drop}")
    listed = what.add_parser("list", help="list deliveries")
    listed.add_argument(
        "--state",
        action="append",
        choices=outbox.STATES,
        help="only this state; can be repeated (default: queued, held, sending, ambiguous, dead)",
    )
    listed.add_argument("--chat", type=int, metavar="ID", help="only deliveries to this chat")
    listed.add_argument(
        "--limit", type=table.count, default=50, metavar="N", help="list at most N (default: 50)"
    )
    shown = what.add_parser("show", help="show a delivery in full")
    shown.add_argument("which", metavar="EVENT_ID|DELIVERY")
    retry = what.add_parser("retry", help="send a delivery that is dead, ambiguous or held")
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("which", nargs="?", metavar="EVENT_ID|DELIVERY")
    which.add_argument("--all-dead", action="store_true", help="all dead letters that were not dropped")
    drop = what.add_parser("drop", help="never send a delivery")
    drop.add_argument("which", metavar="EVENT_ID|DELIVERY")
    for one in (listed, shown, retry, drop):
        add_home(one)
        add_json(one)


def run(parsed: argparse.Namespace) -> int:
    """Run the subcommand."""
    work = {"list": _list, "show": _show, "retry": _retry, "drop": _drop}[parsed.what]
    try:
        return work(parsed, home_of(parsed))
    except (BridgeError, orders.Impossible) as error:
        raise Failed(str(error)) from None


def _list(parsed: argparse.Namespace, home: str) -> int:
    states = parsed.state or []
    try:
        result = routes.outbox(home, states, parsed.chat, parsed.limit)
    except Unreachable:
        result = store.read(home, lambda c: outbox.listed(c, states, parsed.chat, parsed.limit))
    if parsed.json:
        return _json(result)
    if not result["deliveries"]:
        sys.stdout.write(
            "There is no such delivery.\n" if states or parsed.chat else "The outbox is empty.\n"
        )
        return 0
    now = time.time_ns() // 1000
    body = [
        (
            str(one["delivery"]),
            one["state"],
            LANES[one["lane"]],
            "-" if one["chat_id"] is None else str(one["chat_id"]),
            rough((now - one["queued_at"]) / SECOND),
            str(one["attempts"]),
            table.cut(one["title"], WIDTH),
            table.cut(one["reason"] or "", WIDTH),
        )
        for one in result["deliveries"]
    ]
    head = ("DELIVERY", "STATE", "LANE", "CHAT", "AGE", "TRIES", "TITLE", "REASON")
    sys.stdout.write(table.rows(head, body))
    more = result["total"] - len(body)
    if more:
        sys.stdout.write(f"and {more} more; --limit shows them\n")
    return 0


def _show(parsed: argparse.Namespace, home: str) -> int:
    def work(connection: sqlite3.Connection) -> list[dict[str, Any]]:
        return [outbox.shown(connection, number) for number in orders.named(connection, parsed.which)]

    try:
        result = routes.details(home, parsed.which)
    except Unreachable:
        result = store.read(home, work)
    if parsed.json:
        return _json(result)
    sys.stdout.write("\n".join("\n".join(_lines(one)) + "\n" for one in result))
    return 0


def _lines(one: dict[str, Any]) -> list[str]:
    named = (
        ("delivery", one["delivery"]),
        ("state", one["state"] + (f": {one['reason']}" if one["reason"] else "")),
        ("note", one["note"]),
        ("event", one["event_id"]),
        ("type", one["type"]),
        ("title", one["title"]),
        ("lane", LANES[one["lane"]]),
        ("chat", "no recipient yet" if one["chat_id"] is None else one["chat_id"]),
        ("topic", one["thread_id"]),
        ("tries", one["attempts"] or None),
        ("merged into", None if one["merged_into"] is None else f"delivery {one['merged_into']}"),
    )
    lines = [f"{name:<12}{table.clean(str(value))}" for name, value in named if value is not None]
    for part in one["parts"]:
        message = f", message {part['message_id']}" if part["message_id"] is not None else ""
        cursor = "  <- next" if part["position"] == one["cursor"] else ""
        number = f"part {part['position'] + 1}"
        lines.append(f"{number:<12}{part['state']}{message}{cursor}")
    lines += [
        f"{'member':<12}{member['delivery']}  {table.clean(member['event_id'])}  "
        f"{table.cut(member['title'], WIDTH)}"
        for member in one["members"]
    ]
    lines += [f"{local(step['at'])}  {table.clean(step['step'])}" for step in one["way"]]
    return lines


def _retry(parsed: argparse.Namespace, home: str) -> int:
    def work(connection: sqlite3.Connection) -> dict[str, Any]:
        selected = orders.dead(connection) if parsed.all_dead else orders.named(connection, parsed.which)
        return steps.retry(connection, selected, load(home).settings).as_dict()

    try:
        result = routes.retry_dead(home) if parsed.all_dead else routes.retry(home, parsed.which)
    except Unreachable:
        result = store.change(home, work)
    return _followed(parsed, result)


def _drop(parsed: argparse.Namespace, home: str) -> int:
    def work(connection: sqlite3.Connection) -> dict[str, Any]:
        now = time.time_ns() // 1000
        return steps.drop(connection, orders.named(connection, parsed.which), now).as_dict()

    try:
        result = routes.drop(home, parsed.which)
    except Unreachable:
        result = store.change(home, work)
    return _followed(parsed, result)


def _followed(parsed: argparse.Namespace, result: dict[str, Any]) -> int:
    if parsed.json:
        return _json(result)
    for one in result["done"]:
        sys.stdout.write(f"delivery {one['delivery']}: {one['before']} -> {one['state']}\n")
    if not result["done"]:
        sys.stdout.write("There are no dead letters, except dropped ones.\n")
    if result["cancelled"]:
        sys.stdout.write("Its question is cancelled; the waiting session is notified.\n")
    for sentence in result["refused"]:
        sys.stderr.write(f"{table.clean(sentence)}\n")
    return 0


def _json(result: Any) -> int:
    json_line(result)
    return 0
