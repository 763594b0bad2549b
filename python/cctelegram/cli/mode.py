"""Show or change what reaches the phone.

    cctelegram mode           shows it
    cctelegram mode nomad     away: everything, with sound for what needs you
    cctelegram mode local     at the desk: what needs you, completions, failures; a silent digest of the rest
    cctelegram mode muted     nothing, until it is changed; all is kept
    cctelegram mode muted --for 1h    the same for an hour; then the mode before comes back

The bridge must run; it confirms the change.
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
    parser.add_argument("mode", nargs="?", choices=["nomad", "local", "muted"], help="the new mode")
    parser.add_argument("--for", dest="lasting", metavar="TIME", help="how long muted lasts: 30m, 1h, 2h, 1d")
    add_home(parser)


def run(parsed: argparse.Namespace) -> int:
    """Show or change it."""
    home = home_of(parsed)
    if parsed.lasting is not None and parsed.mode is None:
        raise Failed("--for goes with a mode: cctelegram mode muted --for 1h")
    try:
        if parsed.mode is not None:
            sys.stdout.write(f"{routes.set_mode(home, parsed.mode, parsed.lasting)['said']}\n")
            return 0
    except BridgeError as error:
        raise Failed(str(error)) from None
    told = bridge.status(home)
    if not told["running"]:
        raise Failed(told["note"])
    sys.stdout.write(f"{told['mode']}\n")
    return 0
