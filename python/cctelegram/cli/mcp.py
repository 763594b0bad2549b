"""Serve agents over the Model Context Protocol on standard input and output.

    claude mcp add cctelegram -- cctelegram mcp

It serves until its input ends. Only the protocol is written to standard output. It works while the bridge is
down: events wait in the spool. $CC_TELEGRAM_HOME sets the home (default: ~/.cc_telegram).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add no arguments: the home comes from $CC_TELEGRAM_HOME, which every client can set."""


def run(_: argparse.Namespace) -> int:
    """Serve until the input ends."""
    from cctelegram.server.run import main  # noqa: PLC0415 - a help text needs no server

    return main([])
