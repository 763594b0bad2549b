"""Run the bridge: takes events from the spool, sends them to Telegram, brings the answers back.

It runs until it is stopped (Ctrl-C, SIGTERM). Without a token or an allowed user it takes and keeps
everything, and says in `cctelegram status` what is missing. Its log is `logs/bridge.jsonl` in the home.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from typing import TYPE_CHECKING

from cctelegram.bridge.lock import AlreadyRunning
from cctelegram.bridge.run import Bridge
from cctelegram.cli import FAILED
from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, home_of
from cctelegram.config import environment, place
from cctelegram.outbox.schema import NewerStore

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_home(parser)
    parser.add_argument(
        "--once",
        action="store_true",
        help="deliver what waits, then end: for a container that dies with its job",
    )
    parser.add_argument("--token-stdin", action="store_true", help="read the bot token from standard input")
    parser.add_argument("--port", help="port of the loopback HTTP server, 0 for any free one (default: 8787)")


def run(parsed: argparse.Namespace) -> int:
    """Serve until it is stopped."""
    flags: dict[str, object] = {"http.port": parsed.port}
    if parsed.token_stdin:
        # A pipe, not an argument or a variable: those can be read by others on this machine.
        flags["telegram.token"] = sys.stdin.readline().strip() or None
    try:
        bridge = Bridge(home_of(parsed), environment.snapshot(), flags)
    except (AlreadyRunning, NewerStore) as error:
        raise Failed(str(error)) from None
    except sqlite3.Error as error:
        raise Failed(
            f"the store in {place.state_dir(home_of(parsed))} cannot be opened: {error}. Nothing was changed."
        ) from None
    except OSError as error:
        raise Failed(f"the home {home_of(parsed)} cannot be used: {error}. Nothing was changed.") from None

    def ready() -> None:
        sys.stderr.write(f"The bridge serves {bridge.home} (http://127.0.0.1:{bridge.server.port}/health)\n")
        for problem in bridge.problems():
            sys.stderr.write(f"- {problem}\n")
        sys.stderr.flush()

    try:
        left = asyncio.run(bridge.run(ready, once=parsed.once))
    except (OSError, sqlite3.OperationalError) as error:
        raise Failed(
            f"the home {home_of(parsed)} cannot be written: {error}. Nothing is lost: what waits is "
            "delivered when the bridge is started again."
        ) from None
    if left:
        sys.stderr.write(f"cctelegram bridge: not delivered: {left}. It is kept for the next start.\n")
    return FAILED if left else 0
