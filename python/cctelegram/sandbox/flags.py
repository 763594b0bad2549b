"""The flags of `cctelegram sandbox`, for the command line and for `python -m cctelegram.sandbox`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cctelegram.sandbox.fault_script import Script, compact, from_file
from cctelegram.sandbox.faults import Faults
from cctelegram.sandbox.limits import Rates
from cctelegram.sandbox.run import DEFAULT_USER

if TYPE_CHECKING:
    import argparse


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags to `parser`."""
    usual = Rates()
    parser.add_argument(
        "--port", type=int, default=0, help="port on 127.0.0.1, 0 for any free one (default: 0)"
    )
    parser.add_argument("--token", help="the bot token to accept (default: generated)")
    parser.add_argument(
        "--user", type=int, default=DEFAULT_USER, help="the person's user id (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print the addresses as one line of JSON")
    parser.add_argument(
        "--chat-per-second",
        type=float,
        default=usual.chat_per_second,
        help="messages per second in one chat, 0 for no limit (default: %(default)s)",
    )
    parser.add_argument(
        "--chat-burst",
        type=int,
        default=usual.chat_burst,
        help="messages that an idle chat accepts at once (default: %(default)s)",
    )
    parser.add_argument(
        "--group-per-minute",
        type=int,
        default=usual.group_per_minute,
        help="messages and edits per minute in one group, 0 for no limit (default: %(default)s)",
    )
    parser.add_argument(
        "--total-per-second",
        type=int,
        default=usual.total_per_second,
        help="messages per second over all chats, 0 for no limit (default: %(default)s)",
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="TEXT",
        help="make calls fail: KIND[=VALUE][,FIELD=VALUE...], such as flood=30,chat=1001; can be repeated",
    )
    parser.add_argument(
        "--faults", type=Path, metavar="FILE", help="read faults from JSON lines, or from .toml"
    )
    parser.add_argument("--seed", type=int, help="seed of the random draws (default: the file's, else 0)")


def faults_of(flags: argparse.Namespace) -> Faults:
    """Return the faults of the file, then those of the flags; raise BadScript or OSError."""
    script = Script([], None) if flags.faults is None else from_file(flags.faults)
    seed = script.seed if flags.seed is None else flags.seed
    found = Faults(seed or 0)
    for one in (*script.faults, *map(compact, flags.fault)):
        found.add(one)
    return found


def rates_of(flags: argparse.Namespace) -> Rates:
    """Return the limits that the flags set."""
    return Rates(flags.chat_per_second, flags.chat_burst, flags.group_per_minute, flags.total_per_second)
