"""The flags of `cctelegram sandbox`, for the command line and for `python -m cctelegram.sandbox`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cctelegram.sandbox.limits import Rates
from cctelegram.sandbox.run import DEFAULT_USER

if TYPE_CHECKING:
    import argparse


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags to `parser`."""
    usual = Rates()
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one (default)")
    parser.add_argument("--token", help="bot token to accept; one is made by default")
    parser.add_argument(
        "--user", type=int, default=DEFAULT_USER, help="id of the person (default %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print the addresses as one line of JSON")
    parser.add_argument(
        "--chat-per-second",
        type=float,
        default=usual.chat_per_second,
        help="messages a second in one chat, 0 for no limit (default %(default)s)",
    )
    parser.add_argument(
        "--chat-burst",
        type=int,
        default=usual.chat_burst,
        help="messages that a rested chat takes at once (default %(default)s)",
    )
    parser.add_argument(
        "--group-per-minute",
        type=int,
        default=usual.group_per_minute,
        help="messages and edits a minute in one group, 0 for no limit (default %(default)s)",
    )
    parser.add_argument(
        "--total-per-second",
        type=int,
        default=usual.total_per_second,
        help="messages a second over all chats, 0 for no limit (default %(default)s)",
    )


def rates_of(flags: argparse.Namespace) -> Rates:
    """Return the limits that were asked for."""
    return Rates(flags.chat_per_second, flags.chat_burst, flags.group_per_minute, flags.total_per_second)
