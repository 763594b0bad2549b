"""Show or change which events are sent to the phone.

    cctelegram mode           show the mode
    cctelegram mode nomad     away: send everything, with sound for questions and alerts
    cctelegram mode local     at the desk: send questions, completions, failures; a silent digest of the rest
    cctelegram mode muted     send nothing until the mode is changed; events are held
    cctelegram mode muted --for 1h    the same for an hour; then the previous mode applies again

The bridge must be running; it confirms the change. Exit codes: 0 success, 1 the bridge is down or refuses.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, home_of
from cctelegram.client import BridgeError, bridge, routes

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "mode",
        nargs="?",
        choices=["nomad", "local", "muted"],
        help="the new mode (default: show the present one)",
    )
    parser.add_argument(
        "--for",
        dest="lasting",
        metavar="TIME",
        help="the duration of muted: 30m, 1h, 2h, 1d (default: until it is changed)",
    )
    add_home(parser)


def run(parsed: argparse.Namespace) -> int:
    """Show or change it."""
    home = home_of(parsed)
    if parsed.lasting is not None and parsed.mode is None:
        raise Failed("--for needs a mode: cctelegram mode muted --for 1h")
    try:
        if parsed.mode is not None:
            sys.stdout.write(f"{routes.set_mode(home, parsed.mode, parsed.lasting)['said']}\n")
            return 0
    except BridgeError as error:
        raise Failed(str(error)) from None
    status = bridge.status(home)
    if not status["running"]:
        raise Failed(status["note"])
    sys.stdout.write(f"{status['mode']}\n")
    return 0
