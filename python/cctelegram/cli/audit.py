"""Show who decided what, and verify the audit log.

    cctelegram audit show      the newest decisions: when, who, what, on which question
    cctelegram audit verify    check that the log is complete and matches the ledger

The log is in state/audit/ in the home, one JSON line for each closed decision, with the hash of the previous
line and of the event that was decided on. Exit codes of verify: 0 complete, 1 not, or there is no store.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cctelegram import _native
from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, add_json, home_of
from cctelegram.cli.printed import json_line
from cctelegram.config import load, paths
from cctelegram.decisions import verify
from cctelegram.store.connection import connect_reader

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "action", choices=["show", "verify"], help="show the newest decisions, or verify the log"
    )
    parser.add_argument("--limit", type=int, default=10, metavar="N", help="show at most N (default: 10)")
    add_home(parser)
    add_json(parser)


def run(parsed: argparse.Namespace) -> int:
    """Show or check it."""
    home = home_of(parsed)
    path = Path(paths.state_dir(home)) / "store.db"
    if not path.exists():
        raise Failed(f"there is no store at {path}: no bridge has run in this home")
    keep_days = load.load(home).settings.audit.keep_days
    try:
        with closing(connect_reader(path)) as connection:
            found = verify.verify(
                connection, Path(paths.audit_dir(home)), keep_days=keep_days, now=time.time_ns() // 1000
            )
    except sqlite3.Error as error:
        raise Failed(f"{path} cannot be read: {error}") from None
    return _show(found, parsed) if parsed.action == "show" else _verify(found, parsed)


def _show(found: verify.Found, parsed: argparse.Namespace) -> int:
    newest = [entry.content for entry in found.entries[-max(0, parsed.limit) :]][::-1]
    if parsed.json:
        json_line(newest)
        return 0
    for content in newest:
        sys.stdout.write(_line(content) + "\n")
    if not newest:
        sys.stdout.write("No decisions yet.\n")
    return 0


def _line(content: dict[str, Any]) -> str:
    who = content.get("first_name") or content.get("user_id") or "nobody"
    answer = " - ".join(repr(content[key]) for key in ("option", "text") if content.get(key)) or "-"
    asked = " ".join(str(content["prompt"]).split())[:80]
    return _native.one_line(
        f"{content['at']}  {content['action']:<9} {answer}  by {who!r}  {content['event_id']}: {asked!r}"
    )


def _verify(found: verify.Found, parsed: argparse.Namespace) -> int:
    if parsed.json:
        report = {
            "whole": not found.faults,
            "entries": len(found.entries),
            "first": found.entries[0].number if found.entries else None,
            "last": found.entries[-1].number if found.entries else None,
            "head": found.entries[-1].digest if found.entries else None,
            "faults": found.faults,
        }
        json_line(report)
        return 1 if found.faults else 0
    for fault in found.faults:
        sys.stdout.write(f"BROKEN  {_native.one_line(fault)}\n")
    if not found.entries:
        sys.stdout.write("No entries yet.\n")
    else:
        first, last = found.entries[0], found.entries[-1]
        sys.stdout.write(f"Entries {first.number} to {last.number}, last hash {last.digest}\n")
        if first.number > 1:
            sys.stdout.write(f"Entries before {first.number} were removed by retention, or by hand.\n")
        if not found.faults:
            sys.stdout.write("The audit log is complete and matches the ledger.\n")
    return 1 if found.faults else 0
