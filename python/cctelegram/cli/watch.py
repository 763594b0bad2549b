"""`cctelegram status --watch`: the status again and again, in place on a terminal, else a line each time."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, Final, NoReturn

from cctelegram import _native
from cctelegram.cli.printed import json_line
from cctelegram.cli.terminal import is_terminal
from cctelegram.times.instant import local

if TYPE_CHECKING:
    from collections.abc import Callable

# Escape codes of xterm: the cursor to the first place, the rest of a line and of the screen erased.
# Then the other screen, which leaves what was there before, without a cursor and without broken lines.
HOME: Final = "\x1b[H"
ERASE_LINE: Final = "\x1b[K"
ERASE_BELOW: Final = "\x1b[J"
ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[?7l"
LEAVE: Final = "\x1b[?7h\x1b[?25h\x1b[?1049l"


def watch(
    ask: Callable[[], dict[str, Any]],
    lines: Callable[[dict[str, Any]], list[str]],
    interval: float,
    *,
    as_json: bool,
) -> NoReturn:
    """Show the status until Ctrl-C.

    Args:
        ask: returns the status; one with `running` false and a `note` while no bridge answers.
        lines: returns its lines for a terminal, without control characters.
        interval: seconds between two times.
        as_json: whether to print the whole status as a line, even on a terminal.
    """
    if as_json or not is_terminal(sys.stdout):
        while True:
            status = ask()
            if as_json:
                json_line(status)
            else:
                sys.stdout.write(f"{line(status)}\n")
            sys.stdout.flush()
            time.sleep(interval)
    signal.signal(signal.SIGTERM, _end)  # by default, it would leave the terminal as it is
    sys.stdout.write(ENTER)
    try:
        while True:
            _draw([f"{local(time.time_ns() // 1000)}, every {interval:g} s, Ctrl-C ends", "", *lines(ask())])
            time.sleep(interval)
    finally:
        sys.stdout.write(LEAVE)
        sys.stdout.flush()


def _end(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)


def line(status: dict[str, Any]) -> str:
    """Return a status on one line: time, health, what waits and was sent, and why it is not ok."""
    when = local(time.time_ns() // 1000)
    if not status["running"]:
        return f"{when}  down  {_native.one_line(status['note'])}"
    alerts = status.get("alerts") or []
    telegram = "connected" if status["telegram_connected"] else "not connected"
    parts = [
        f"{when}  {status['health']}  queued {sum(status['queue'].values())}"
        if status["queue"]
        else f"{when}  {status['health']}",
        f"sent {status['delivery']['sent']}",
        f"telegram {telegram}",
        f"{status['memory']['rss_bytes'] / 1e6:.1f} MB",
        *(f"ALERT {each['title']} ({each['action']})" for each in alerts),
        *status["reasons"],
    ]
    return "  ".join(_native.one_line(str(part)) if number else part for number, part in enumerate(parts))


def _draw(rows: list[str]) -> None:
    """Write rows over what is there, each cut to the width, no more than the height."""
    size = os.get_terminal_size(sys.stdout.fileno())
    width, height = size.columns or 80, size.lines or 24
    if len(rows) > height:
        rows = [
            *rows[: height - 1],
            f"... {len(rows) - height + 1} more lines: `cctelegram status` prints all",
        ]
    shown = "\n".join(f"{row[:width]}{ERASE_LINE}" for row in rows)
    sys.stdout.write(f"{HOME}{shown}{ERASE_BELOW}")
    sys.stdout.flush()
