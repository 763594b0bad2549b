"""Print the answers that are not taken yet, newest first; with --take, take them: each is returned once.

An answer that a live session waits for is not taken.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cctelegram import _native
from cctelegram.cli.home import add_home, add_json, home_of
from cctelegram.cli.printed import json_line
from cctelegram.config import paths
from cctelegram.spool import responses

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--limit", type=int, default=10, metavar="N", help="at most N answers (default: 10)")
    parser.add_argument(
        "--take", action="store_true", help="move the answers to responses/taken/, oldest first"
    )
    add_home(parser)
    add_json(parser)


def run(parsed: argparse.Namespace) -> int:
    """Print them."""
    home = home_of(parsed)
    directory = paths.responses_dir(home)
    if parsed.take:
        found = responses.take(directory, limit=parsed.limit, sessions_dir=paths.sessions_dir(home))
    else:
        found = responses.newest(directory, parsed.limit)
    if parsed.json:
        json_line([answer for _, answer in found])
        return 0
    for _, answer in found:
        sys.stdout.write(_line(answer) + "\n")
    if not found:
        sys.stdout.write("No answers are waiting.\n")
    return 0


def _line(answer: dict[str, Any]) -> str:
    text = answer.get("option") or answer.get("text") or ""
    who = responses.display_name(answer) or "nobody"
    about = f" to {answer['event_id']}" if answer.get("event_id") else ""
    what = answer.get("action") or answer.get("kind")
    return _native.one_line(f"{answer.get('timestamp', '')}  {what}{about} by {who}: {text}")
