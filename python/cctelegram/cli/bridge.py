"""Run the bridge: take events from the spool, send them to Telegram, write the answers.

It runs until it is stopped (Ctrl-C, SIGTERM). Without a token or an allowed user it takes and queues all
events, and `cctelegram status` reports what is missing. Its log is `logs/bridge.jsonl` in the home.
Exit codes: 0 stopped, or all delivered with --once; 1 it cannot start, or events remain with --once.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

from cctelegram import _native
from cctelegram.cli import FAILED, given
from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, home_of
from cctelegram.config import environment, paths
from cctelegram.daemon.bridge import Bridge
from cctelegram.daemon.bridge_lock import AlreadyRunning, Unusable
from cctelegram.store.schema import NewerStore
from cctelegram.web.serve import CannotListen

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_home(parser)
    parser.add_argument(
        "--once",
        action="store_true",
        help="deliver the waiting events, then exit: for a container that ends with its job",
    )
    parser.add_argument("--token-stdin", action="store_true", help="read the bot token from standard input")
    parser.add_argument("--port", help="port of the loopback HTTP server, 0 for any free one (default: 8787)")


def run(parsed: argparse.Namespace) -> int:
    """Serve until it is stopped."""
    flags: dict[str, object] = {"http.port": parsed.port}
    if parsed.token_stdin:
        # A pipe, not an argument or a variable: other users of this machine can read those.
        flags["telegram.token"] = given.line().strip() or None
    undelivered = ""
    removed = True
    while removed:  # the home was removed while the bridge ran: start from the present files
        undelivered, removed = _serve(parsed, flags)
    if undelivered:
        sys.stderr.write(
            f"cctelegram bridge: not delivered: {undelivered}. They stay queued for the next start.\n"
        )
    return FAILED if undelivered else 0


def _serve(parsed: argparse.Namespace, flags: dict[str, object]) -> tuple[str, bool]:
    """Serve once; return what `--once` could not deliver, and whether the home was removed."""
    try:
        bridge = Bridge(home_of(parsed), environment.snapshot(), flags)
    except (AlreadyRunning, CannotListen, Unusable, NewerStore) as error:
        raise Failed(str(error)) from None
    except sqlite3.Error as error:
        raise Failed(
            f"the store in {paths.state_dir(home_of(parsed))} cannot be opened: {error}. Nothing was changed."
        ) from None
    except OSError as error:
        raise Failed(f"the home {home_of(parsed)} cannot be used: {error}. Nothing was changed.") from None

    def ready() -> None:
        sys.stderr.write(f"The bridge serves {bridge.home} ({bridge.server.address})\n")
        for problem in bridge.problems():
            sys.stderr.write(f"- {_native.one_line(problem)}\n")
        sys.stderr.flush()

    try:
        undelivered = asyncio.run(bridge.run(ready, once=parsed.once))
    except (OSError, sqlite3.OperationalError) as error:
        raise Failed(
            f"the home {home_of(parsed)} cannot be written: {error}. Nothing is lost: waiting events are "
            "delivered when the bridge is started again."
        ) from None
    if bridge.successor_token is not None:
        _restart(bridge.successor_token)
    return undelivered, bridge.home_removed


def _restart(token: str) -> None:
    """Run the same command again, with the token on its standard input, and nowhere else.

    On POSIX it replaces this process, so that a process supervisor keeps following it.
    """
    command = [sys.executable, *sys.orig_argv[1:]]
    line = f"{token}\n".encode()
    if os.name == "posix":
        reading, writing = os.pipe()
        os.write(writing, line)  # a pipe holds 4 KiB and more
        os.close(writing)
        os.dup2(reading, 0)
        sys.stderr.flush()
        os.execv(sys.executable, command)  # noqa: S606 - our own command line
    child = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - as above
    if child.stdin is not None:
        child.stdin.write(line)
        child.stdin.close()
