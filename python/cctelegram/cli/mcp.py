"""Serve agents over the Model Context Protocol on standard input and output.

    claude mcp add cctelegram -- cctelegram mcp

Nothing else is written to standard output. Works when the bridge is down: events wait in the spool.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take none: the home comes from $CC_TELEGRAM_HOME, so that every client can set it."""


def run(_: argparse.Namespace) -> int:
    """Serve until the input ends."""
    from cctelegram.server.run import main  # noqa: PLC0415 - a help text needs no server

    return main([])
