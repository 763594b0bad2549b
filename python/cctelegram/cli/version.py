"""Print the version."""

from __future__ import annotations

from cctelegram.cli import run_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take none."""


def run(_: argparse.Namespace) -> int:
    """Print it."""
    return run_version()
