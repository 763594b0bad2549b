"""Show where the running bridge uses CPU time or memory, as a flame graph and as text.

    cctelegram profile cpu --seconds 30     which functions run
    cctelegram profile memory               which functions allocate, Rust included; needs memray

The bridge profiles itself and keeps working meanwhile. The page is written to `captures/` in the home, from
where cleanup removes it, and opens in a browser without a network. CPU time is measured by py-spy where it is
installed and may attach, else inside the bridge; the page says which. Memory is measured by memray:
pip install 'cctelegram[memray]'. Ctrl-C ends the profile with what was measured; again, it gives up.
Exit codes: 0 success, 1 the profile could not be taken, 2 usage error.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, add_json, home_of
from cctelegram.cli.printed import json_line
from cctelegram.client import BridgeError
from cctelegram.client.profile import Profile
from cctelegram.render import visible

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_SECONDS: Final = 60
LOOK_SECONDS: Final = 0.25


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("kind", choices=["cpu", "memory"], help="what to measure")
    parser.add_argument(
        "--seconds", type=_seconds, default=10, metavar="N", help="for how long, 1 to 60 (default: 10)"
    )
    parser.add_argument("--output", metavar="DIR", help="copy the page to this directory as well")
    add_home(parser)
    add_json(parser)


def run(parsed: argparse.Namespace) -> int:
    """Take it, and print what was found."""
    output = None if parsed.output is None else Path(parsed.output)
    if output is not None and not output.is_dir():
        raise Failed(f"{output} is no directory; nothing was measured")
    try:
        profile = Profile(home_of(parsed), parsed.kind, parsed.seconds)
        _wait(profile, parsed.kind, parsed.seconds)
        found = profile.result()
    except BridgeError as error:
        raise Failed(str(error)) from None
    if output is not None:
        found["file"] = _copied(Path(found["file"]), output)
    if parsed.json:
        json_line(found)
    else:
        sys.stdout.write("".join(f"{visible(line)}\n" for line in _lines(found)))
    return 0


def _wait(profile: Profile, kind: str, seconds: int) -> None:
    """Show the progress on a terminal; end the profile on Ctrl-C."""
    began = time.monotonic()
    said: Callable[[str], object] = sys.stderr.write if sys.stderr.isatty() else len
    try:
        while not profile.wait(LOOK_SECONDS):
            passed = time.monotonic() - began
            what = f"{passed:.0f} s of {seconds} s" if passed < seconds else "writing the page"
            said(f"\r\x1b[K{kind} profile: {what}")
    except KeyboardInterrupt:
        said("\r\x1b[KEnding it with what was measured")
        profile.end()
        while not profile.wait(LOOK_SECONDS):
            pass
    finally:
        said("\r\x1b[K")


def _copied(page: Path, folder: Path) -> str:
    """Copy a page with its mode; return the path of the copy."""
    target = folder / page.name
    try:
        with (
            page.open("rb") as source,
            os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as copy,
        ):
            shutil.copyfileobj(source, copy)
    except OSError as error:
        raise Failed(f"{target}: {error.strerror or error}. The page is {page}.") from None
    return str(target)


def _lines(found: dict[str, Any]) -> list[str]:
    note = f" ({found['note']})" if "note" in found else ""
    early = f", ended early: {found['ended_early']}" if "ended_early" in found else ""
    used = f", {found['cpu_seconds']:g} s of CPU time" if "cpu_seconds" in found else ""
    if "resident_bytes" in found:
        before, now = (found[name] / 1e6 for name in ("resident_bytes_before", "resident_bytes"))
        used = f", memory of the bridge {now:.1f} MB, {before:.1f} MB before: memray stays loaded"
    head = f"{found['seconds']:g} s{used}, measured by {found['by']}{note}{early}"
    return [head, "", *str(found["text"]).split("\n"), "", f"Flame graph: {found['file']}"]


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST_SECONDS):
        raise argparse.ArgumentTypeError(f"read {text!r}; allowed: a whole number from 1 to {MOST_SECONDS}")
    return int(text)
