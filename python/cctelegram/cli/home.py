"""The flags that most commands share."""

from __future__ import annotations

from cctelegram.config import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def add_home(parser: argparse.ArgumentParser) -> None:
    """Add `--home`."""
    parser.add_argument(
        "--home", metavar="DIR", help="the bridge's home (default: $CC_TELEGRAM_HOME or ~/.cc_telegram)"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def home_of(parsed: argparse.Namespace) -> str:
    """Return the absolute path of the selected home."""
    return paths.home(parsed.home)
