"""Open the dashboard of the running bridge in the browser.

The link works once, within a minute. The browser then has access for a week after each visit, also after a
restart of the bridge. --print prints the link, for a browser on another machine, over a tunnel such as
`ssh -L 8787:127.0.0.1:8787 HOST`; the port must be the same on both sides.

Exit codes: 0 done, 1 the bridge is down or does not answer.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, home_of
from cctelegram.client import BridgeError, bridge
from cctelegram.client.connection import written
from cctelegram.client.loopback import HOST

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_home(parser)
    parser.add_argument("--print", action="store_true", dest="only_print", help="print the link only")


def run(parsed: argparse.Namespace) -> int:
    """Request a link from the bridge, and open it."""
    link = _link(home_of(parsed))
    if parsed.only_print:
        sys.stdout.write(f"{link}\n")
        return 0
    import webbrowser  # noqa: PLC0415 - only here

    if webbrowser.open(link):
        sys.stdout.write("The dashboard opens in the browser.\n")
    else:
        sys.stdout.write(f"No browser can be opened here. This link works once, within a minute:\n{link}\n")
    return 0


def _link(home: str) -> str:
    """Return a one-time link. Raises Failed when no bridge answers."""
    try:
        path = bridge.request(home, "/login", method="POST")["path"]
        file = bridge.read_state_file(home)
    except BridgeError as error:
        raise Failed(str(error)) from None
    return f"http://{written((str(file.get('host', HOST)), int(file['port'])))}{path}"
