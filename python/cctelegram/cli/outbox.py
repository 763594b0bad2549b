"""Look into the outbox, and order what becomes of a delivery.

    cctelegram outbox list                  what waits, is held, in flight, ambiguous or dead, newest first
    cctelegram outbox show 12               all that is known of delivery 12, or of an event by its id
    cctelegram outbox retry 12              send it after all: dead, ambiguous, or held
    cctelegram outbox retry --all-dead      all the dead but those that were dropped
    cctelegram outbox drop 12               never send it; its question, if nobody else can answer it, ends

EVENT_ID means all deliveries of an event. `delivery:12` and `event:12` say which is meant where a number is
both. A retry sends only the parts that are missing; one that may be on the phone already goes with a mark.
Looking works when the bridge is down; then orders are followed on the store itself, and it sends when it runs
again.
Exit code 1 when there is no such delivery, or its state does not allow it.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from cctelegram.chat.pending import age
from cctelegram.cli import store, table
from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, add_json, home_of
from cctelegram.cli.printed import json_line
from cctelegram.config.load import load
from cctelegram.delivery import operator_actions as steps
from cctelegram.events.catalogue import LANES
from cctelegram.pools.loopback import segment
from cctelegram.server import history
from cctelegram.server.refusal import Refusal
from cctelegram.store import operator_actions as orders
from cctelegram.store import overview

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
        choices=overview.STATES,
        help="only in this state, can be repeated (default: all that are not over, and the dead)",
    )
    listed.add_argument("--chat", type=int, metavar="ID", help="only to this chat")
    listed.add_argument(
        "--limit", type=table.count, default=50, metavar="N", help="at most so many (default: 50)"
    )
    shown = what.add_parser("show", help="show all that is known of one")
    shown.add_argument("which", metavar="EVENT_ID|DELIVERY")
    retry = what.add_parser("retry", help="send it after all")
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("which", nargs="?", metavar="EVENT_ID|DELIVERY")
    which.add_argument("--all-dead", action="store_true", help="all the dead but those that were dropped")
    drop = what.add_parser("drop", help="never send it")
    drop.add_argument("which", metavar="EVENT_ID|DELIVERY")
    for one in (listed, shown, retry, drop):
        add_home(one)
        add_json(one)


def run(parsed: argparse.Namespace) -> int:
    """Do what was asked."""
    work = {"list": _list, "show": _show, "retry": _retry, "drop": _drop}[parsed.what]
    try:
        return work(parsed, home_of(parsed))
    except (Refusal, orders.Impossible) as refusal:
        raise Failed(str(refusal)) from None


def _list(parsed: argparse.Namespace, home: str) -> int:
    states = parsed.state or []
    try:
        told = history.ask(home, "/outbox", state=states, chat=parsed.chat, limit=parsed.limit)
    except history.Unreachable:
        told = store.read(home, lambda c: overview.listed(c, states, parsed.chat, parsed.limit))
    if parsed.json:
        return _json(told)
    if not told["deliveries"]:
        sys.stdout.write("There is no such delivery.\n" if states or parsed.chat else "Nothing waits.\n")
        return 0
    now = time.time_ns() // 1000
    body = [
        (
            str(one["delivery"]),
            one["state"],
            LANES[one["lane"]],
            "-" if one["chat_id"] is None else str(one["chat_id"]),
            age(now - one["queued_at"]),
            str(one["attempts"]),
            table.cut(one["title"], WIDTH),
            table.cut(one["reason"] or "", WIDTH),
        )
        for one in told["deliveries"]
    ]
    head = ("DELIVERY", "STATE", "LANE", "CHAT", "AGE", "TRIES", "TITLE", "REASON")
    sys.stdout.write(table.rows(head, body))
    more = told["total"] - len(body)
    if more:
        sys.stdout.write(f"and {more} more; --limit shows them\n")
    return 0


def _show(parsed: argparse.Namespace, home: str) -> int:
    def work(connection: sqlite3.Connection) -> list[dict[str, Any]]:
        return [overview.shown(connection, number) for number in orders.named(connection, parsed.which)]

    try:
        told = history.ask(home, f"/outbox/show/{segment(parsed.which)}")
    except history.Unreachable:
        told = store.read(home, work)
    if parsed.json:
        return _json(told)
    sys.stdout.write("\n".join("\n".join(_lines(one)) + "\n" for one in told))
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
        ("chat", "nobody yet" if one["chat_id"] is None else one["chat_id"]),
        ("topic", one["thread_id"]),
        ("tries", one["attempts"] or None),
        ("told of by", None if one["merged_into"] is None else f"delivery {one['merged_into']}"),
    )
    lines = [f"{name:<12}{table.clean(str(value))}" for name, value in named if value is not None]
    for part in one["parts"]:
        message = f", message {part['message_id']}" if part["message_id"] is not None else ""
        cursor = "  <- next" if part["position"] == one["cursor"] else ""
        number = f"part {part['position'] + 1}"
        lines.append(f"{number:<12}{part['state']}{message}{cursor}")
    lines += [
        f"{'tells of':<12}{member['delivery']}  {table.clean(member['event_id'])}  "
        f"{table.cut(member['title'], WIDTH)}"
        for member in one["members"]
    ]
    lines += [f"{table.moment(step['at'])}  {table.clean(step['step'])}" for step in one["way"]]
    return lines


def _retry(parsed: argparse.Namespace, home: str) -> int:
    def work(connection: sqlite3.Connection) -> dict[str, Any]:
        meant = orders.dead(connection) if parsed.all_dead else orders.named(connection, parsed.which)
        return steps.retry(connection, meant, load(home).settings).as_dict()

    path = "/outbox/retry-dead" if parsed.all_dead else f"/outbox/retry/{segment(parsed.which)}"
    try:
        told = history.ask(home, path, order=True)
    except history.Unreachable:
        told = store.change(home, work)
    return _followed(parsed, told)


def _drop(parsed: argparse.Namespace, home: str) -> int:
    def work(connection: sqlite3.Connection) -> dict[str, Any]:
        now = time.time_ns() // 1000
        return steps.drop(connection, orders.named(connection, parsed.which), now).as_dict()

    try:
        told = history.ask(home, f"/outbox/drop/{segment(parsed.which)}", order=True)
    except history.Unreachable:
        told = store.change(home, work)
    return _followed(parsed, told)


def _followed(parsed: argparse.Namespace, told: dict[str, Any]) -> int:
    if parsed.json:
        return _json(told)
    for one in told["done"]:
        sys.stdout.write(f"delivery {one['delivery']}: {one['before']} -> {one['state']}\n")
    if not told["done"]:
        sys.stdout.write("No delivery is dead, but for what was dropped.\n")
    if told["cancelled"]:
        sys.stdout.write("Its question is cancelled: whoever waits for the answer is told so.\n")
    for sentence in told["refused"]:
        sys.stderr.write(f"{table.clean(sentence)}\n")
    return 0


def _json(told: Any) -> int:
    json_line(told)
    return 0
