"""Run a Bot API server for this machine, with a page that shows the chat and its buttons.

    cctelegram sandbox --port 8080 --token 1234567890:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA --user 1001

A bridge uses it with TELEGRAM_BOT_TOKEN, TELEGRAM_ALLOWED_USERS and CC_TELEGRAM_API_BASE; the command prints
their values. It serves until it is stopped (Ctrl-C, SIGTERM). Exit code 2 for an invalid argument.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import orjson

from cctelegram.cli.failed import Failed
from cctelegram.sandbox.flags import add_flags, faults_of, rates_of
from cctelegram.sandbox.run import serve

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sandbox's flags."""
    add_flags(parser)


def run(parsed: argparse.Namespace) -> int:
    """Serve until it is stopped."""

    def ready(addresses: dict[str, Any]) -> None:
        text = orjson.dumps(addresses).decode() if parsed.json else _text(addresses)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    try:
        serve(
            "127.0.0.1",
            parsed.port,
            parsed.token,
            parsed.user,
            ready=ready,
            rates=rates_of(parsed),
            faults=faults_of(parsed),
        )
    except ValueError as error:
        raise Failed(str(error), 2) from None
    return 0


def _text(addresses: dict[str, Any]) -> str:
    return (
        f"Chat page:  {addresses['page']}\n"
        f"Control:    {addresses['control']}\n\n"
        "For a bridge, in the environment or in .env of its home:\n\n"
        f"TELEGRAM_BOT_TOKEN={addresses['token']}\n"
        f"TELEGRAM_ALLOWED_USERS={addresses['user_id']}\n"
        f"CC_TELEGRAM_API_BASE={addresses['api_base']}\n\n"
        "Stop it with Ctrl-C."
    )
