"""Print the bridge's log, oldest line first; also while the bridge is down.

    cctelegram logs --follow                    what happens now; Ctrl-C ends it
    cctelegram logs --event build-7             all lines about one event, or about one trace by its id
    cctelegram logs --level warning --since 2d  what went wrong in the last two days

Each line has the local time, level, key (docs/logging.md describes each) and fields. A bot token is masked,
control and direction characters are escaped. `--event` and `--since` have no limit unless one is given.
Exit codes: 0 lines were printed, 1 there are none, 2 usage error, 130 ended by Ctrl-C.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cctelegram import _native
from cctelegram.cli import table
from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, add_json, home_of
from cctelegram.cli.printed import json_line
from cctelegram.cli.terminal import has_colours
from cctelegram.client import log_files, log_lines, routes
from cctelegram.config import paths
from cctelegram.times.instant import SECOND, local

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from cctelegram.client.log_lines import Choice, Entry

# Seconds between two looks at the file; a look without news costs a few system calls.
EVERY: Final = 0.2
NEWEST: Final = 100
# Escape codes by level (ECMA-48 SGR); info has none.
COLOURS: Final = {"debug": "2", "warning": "33", "error": "31", "critical": "1;31"}
# Columns of the longest key that is common.
KEY: Final = 22


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--follow", action="store_true", help="print further lines as they are written")
    parser.add_argument("--event", metavar="ID", help="only lines about the event or the trace of this id")
    parser.add_argument(
        "--level", choices=log_lines.LEVELS[:4], default="debug", help="only this level and worse"
    )
    parser.add_argument("--since", metavar="TIME", help="only lines since this long ago: 30m, 12h, 2d")
    parser.add_argument(
        "--limit", type=table.count, metavar="N", help=f"at most the N newest lines (default: {NEWEST})"
    )
    add_home(parser)
    add_json(parser)


def run(parsed: argparse.Namespace) -> int:
    """Print the lines that are there, then those that are added."""
    try:
        since = 0 if parsed.since is None else routes.ago(parsed.since)
    except ValueError as error:
        raise Failed(f"--since: {error}", 2) from None
    choice = log_lines.Choice(parsed.level, parsed.event, since)
    limit = parsed.limit
    if limit is None and parsed.event is None and parsed.since is None:
        limit = NEWEST
    directory = Path(paths.logs_dir(home_of(parsed)))
    with log_files.Tail(directory) as tail:
        found = newest(directory, tail, choice, limit)
        _print(found, as_json=parsed.json)
        while parsed.follow:
            time.sleep(EVERY)
            _print(_taken(tail.read(), choice), as_json=parsed.json)
    if not found:
        raise Failed(_why_nothing(directory))
    return 0


def newest(directory: Path, tail: log_files.Tail, choice: Choice, limit: int | None) -> list[Entry]:
    """Return the newest wanted lines, oldest first; at most `limit`. `tail` is read to its end."""
    found = deque(_taken(tail.read(), choice), limit)
    full = [file for file in log_files.rotated(directory) if not tail.has_read(file)]
    for file in reversed(full):
        if limit is not None and len(found) >= limit:
            break
        if _is_older(file, choice.since):
            break
        left = None if limit is None else limit - len(found)
        found.extendleft(reversed(deque(_taken(log_files.lines(file), choice), left)))
    return list(found)


def _taken(lines: Iterable[bytes], choice: Choice) -> Iterator[Entry]:
    return (one for one in map(choice.takes, lines) if one is not None)


def _is_older(file: Path, since: int) -> bool:
    """Return whether all lines of a full file are older; its last was written at its time of change."""
    try:
        return file.stat().st_mtime_ns // 1000 < since
    except OSError:
        return False


def _why_nothing(directory: Path) -> str:
    if not log_files.rotated(directory) and not (directory / log_files.NAME).exists():
        return f"there is no log in {directory}: no bridge has run in this home"
    return "no line of the log is like that"


def _print(entries: Iterable[Entry], *, as_json: bool) -> None:
    coloured = not as_json and has_colours(sys.stdout)
    for one in entries:
        if as_json:
            json_line(log_lines.as_json(one))
        else:
            sys.stdout.write(_line(one, coloured=coloured))
    sys.stdout.flush()


def _line(one: Entry, *, coloured: bool) -> str:
    when = "-" * 23 if one.at is None else f"{local(one.at)}.{one.at % SECOND // 1000:03d}"
    level, key = _native.one_line(one.level), _native.one_line(one.key)
    code = COLOURS.get(one.level) if coloured else None
    shown = f"{level:<8}" if code is None else f"\x1b[{code}m{level:<8}\x1b[0m"
    text = f"{when}  {shown} {key:<{KEY}}  {log_lines.text_of(one.fields)}".rstrip() + "\n"
    below = one.traceback.splitlines()
    return text + "".join(f"    {_native.visible(line)}\n" for line in below)
