"""Run the bridge: takes events from the spool, sends them to Telegram, brings the answers back.

It runs until it is stopped (Ctrl-C, SIGTERM). Without a token or an allowed user it takes and keeps
everything, and says in `cctelegram status` what is missing. Its log is `logs/bridge.jsonl` in the home.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from cctelegram.bridge.lock import AlreadyRunning
from cctelegram.bridge.run import Bridge
from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, home_of
from cctelegram.config import environment
from cctelegram.outbox.schema import NewerStore

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_home(parser)
    parser.add_argument("--port", help="port of the loopback HTTP server, 0 for any free one (default: 8787)")


def run(parsed: argparse.Namespace) -> int:
    """Serve until it is stopped."""
    try:
        bridge = Bridge(home_of(parsed), environment.snapshot(), {"http.port": parsed.port})
    except (AlreadyRunning, NewerStore) as error:
        raise Failed(str(error)) from None

    def ready() -> None:
        sys.stderr.write(f"The bridge serves {bridge.home} (http://127.0.0.1:{bridge.server.port}/health)\n")
        for problem in bridge.problems():
            sys.stderr.write(f"- {problem}\n")
        sys.stderr.flush()

    asyncio.run(bridge.run(ready))
    return 0
