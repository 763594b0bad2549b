"""Show the settings in force for a home, and where each value comes from. The token is never shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import orjson

from cctelegram.cli.home import add_home, add_json, home_of
from cctelegram.config.load import load
from cctelegram.config.show import rows, values

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    what = parser.add_subparsers(required=True, metavar="show")
    show = what.add_parser("show", help="print key, value and origin")
    add_home(show)
    add_json(show)


def run(parsed: argparse.Namespace) -> int:
    """Print them."""
    loaded = load(home_of(parsed))
    if parsed.json:
        told = {key: {"value": value, "origin": origin} for key, value, origin in values(loaded)}
        sys.stdout.write(orjson.dumps(told, default=str).decode() + "\n")
    else:
        shown = [(key, str(value), origin) for key, value, origin in rows(loaded)]
        widths = [max(len(row[column]) for row in shown) for column in (0, 1)]
        for key, value, origin in shown:
            sys.stdout.write(f"{key:<{widths[0]}}  {value:<{widths[1]}}  {origin}\n")
    for warning in loaded.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    return 0
