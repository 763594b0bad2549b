"""Show the running bridge in the terminal, live: what waits, what was sent, how fast, and why not.

Health, alerts and what to do; queue by lane; time from event to phone; rates; memory against its budget; open
questions; MCP sessions; the newest events; the log. Keys: q quits, p pauses, l changes the level of the log,
? helps. The bell rings when an alert fires, so it also reports that Telegram cannot be reached.

It is a process of its own, which only reads, and goes on while the bridge is down. It needs the extra `tui`:

    pip install 'cctelegram[tui]'

`cctelegram status --watch` needs no extra.
Exit codes: 0 ended by q, 1 the extra is missing or there is no
terminal.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, home_of
from cctelegram.cli.interval import interval
from cctelegram.cli.terminal import is_terminal
from cctelegram.config import environment
from cctelegram.config.errors import SettingsError
from cctelegram.config.load import load

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--interval", type=interval, metavar="TIME", default=2.0, help="between two readings (default: 2s)"
    )
    add_home(parser)


def run(parsed: argparse.Namespace) -> int:
    """Show it until it is ended."""
    try:
        from cctelegram.tui.app import Top  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "textual":
            raise
        raise Failed(
            "this needs the extra `tui`: pip install 'cctelegram[tui]'. "
            "`cctelegram status --watch` shows the status without it."
        ) from None
    if not (is_terminal(sys.stdout) and sys.stdin.isatty()):
        raise Failed("this needs a terminal; `cctelegram status --watch` prints lines.")
    home = home_of(parsed)
    Top(home, parsed.interval, _budget(home)).run()
    return 0


def _budget(home: str) -> float | None:
    """Return the bridge's memory budget in bytes, as the settings' files say; None if they are not valid."""
    try:
        return load(home, environment.snapshot()).settings.budgets.memory_mb * 1_000_000
    except SettingsError:
        return None
