"""Print the version."""

from __future__ import annotations

from cctelegram.cli import run_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add no arguments."""


def run(_: argparse.Namespace) -> int:
    """Print the version."""
    return run_version()
