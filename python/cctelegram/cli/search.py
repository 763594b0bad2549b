"""Search events and their answers, newest first.

    cctelegram search deploy production          events with all these words, in any order
    cctelegram search migr --since 2d            words that begin with migr, in the last two days
    cctelegram search --type build_failed        the newest events of a type

A word matches the words that begin with it, in any case, with or without accents. Titles, descriptions, data
and answers are searched; a member of a digest shows the digest's message. Works while the bridge is down.
Exit codes: 0 found, 1 nothing found, 2 usage error.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cctelegram.chat.search import hits
from cctelegram.cli import store, table
from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, add_json, home_of
from cctelegram.cli.printed import json_line
from cctelegram.client import Unreachable, routes
from cctelegram.store import search
from cctelegram.times.instant import local

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("text", nargs="*", help="the words to find (default: list the newest events)")
    parser.add_argument("--type", metavar="T", help="only this event type; `message` for a person's messages")
    parser.add_argument("--since", metavar="TIME", help="only events since this long ago: 30m, 12h, 2d")
    parser.add_argument(
        "--limit", type=table.count, default=20, metavar="N", help="at most N hits (default: 20)"
    )
    add_home(parser)
    add_json(parser)


def run(parsed: argparse.Namespace) -> int:
    """Search and print."""
    home, text = home_of(parsed), " ".join(parsed.text)
    try:
        since = 0 if parsed.since is None else routes.ago(parsed.since)
    except ValueError as error:
        raise Failed(f"--since: {error}", 2) from None
    query = search.Query(text, parsed.type, since, parsed.limit)
    try:
        found = routes.search(home, text, parsed.type, since, parsed.limit)["hits"]
    except Unreachable:
        found = store.read(home, lambda c: hits(search.search(c, query)))
    if parsed.json:
        json_line({"count": len(found), "hits": found})
        return 0 if found else 1
    for hit in found:
        sys.stdout.write("\n".join(_lines(hit)) + "\n")
    if not found:
        sys.stdout.write("Nothing found.\n")
    return 0 if found else 1


def _lines(hit: dict[str, Any]) -> list[str]:
    message = f" message {hit['message_id']}" if "message_id" in hit else ""
    chat = f" chat {hit['chat_id']}" if "chat_id" in hit else ""
    digest = f" in the digest {hit['digest']['delivery']}," if "digest" in hit else ""
    where = f"{digest}{chat}{message}".strip(",")
    lines = [
        f"{local(hit['at'])}  {hit['state']}{where}  {table.clean(hit.get('event_id', ''))}",
        f"  {table.clean(hit['type'])}: {table.clean(hit['title'])}",
    ]
    if hit["snippet"]:
        lines.append(f"  {table.clean(hit['snippet'])}")
    answer = hit.get("answer", {})
    if hit["type"] != search.MESSAGE and answer:
        text = answer.get("option") or answer.get("text") or answer.get("action", "")
        who = answer.get("first_name") or answer.get("user_id") or "nobody"
        lines.append(f"  answered by {table.clean(str(who))}: {table.clean(str(text))}")
    return lines
