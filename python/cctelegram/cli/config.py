"""Show, check and change the settings of a home. The token is never shown.

A running bridge reloads the settings when their files change. `set`, `unset` and `edit` validate all settings
before they replace a file, and keep its comments and order.
Exit codes: 0 success, 1 a setting is invalid or the file cannot be written, 2 usage error.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cctelegram import _native
from cctelegram.cli import FAILED
from cctelegram.cli.home import add_home, add_json, home_of
from cctelegram.cli.printed import json_line
from cctelegram.config.load import load, survey
from cctelegram.config.show import rows, values

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    what = parser.add_subparsers(required=True, metavar="show|check|set|unset|edit")
    show = what.add_parser("show", help="print each setting and its value")
    show.add_argument("--origin", action="store_true", help="print the origin of each value")
    check = what.add_parser("check", help="print all errors; exit code 1 if there are any")
    for parser_ in (show, check):
        add_home(parser_)
        add_json(parser_)
    show.set_defaults(action=_show)
    check.set_defaults(action=_check)
    put = what.add_parser("set", help="set one setting in config.toml, the token in .env")
    put.add_argument("key", metavar="KEY", help="the setting's dotted name, such as pacing.chat_burst")
    put.add_argument(
        "value",
        metavar="VALUE",
        nargs="?",
        help="a TOML value, or a bare word; the token is prompted for, or read from standard input",
    )
    drop = what.add_parser("unset", help="remove one setting from config.toml, the token from .env")
    drop.add_argument("key", metavar="KEY", help="the setting's dotted name")
    for parser_ in (put, drop):
        parser_.add_argument(
            "--profile", metavar="NAME", help="in the table [profile.NAME] (default: outside of profiles)"
        )
        add_home(parser_)
    edit = what.add_parser(
        "edit",
        help="edit a copy of config.toml in $VISUAL or $EDITOR (default: vi); accept it if it is valid",
    )
    add_home(edit)
    for parser_, name in ((put, "put"), (drop, "drop"), (edit, "edit")):
        parser_.set_defaults(action=_writer(name))


def run(parsed: argparse.Namespace) -> int:
    """Run the subcommand."""
    return int(parsed.action(parsed))


def _writer(name: str) -> object:
    def write(parsed: argparse.Namespace) -> int:
        from cctelegram.cli import configure  # noqa: PLC0415  its TOML library is only needed to write

        return int(getattr(configure, name)(parsed))

    return write


def _show(parsed: argparse.Namespace) -> int:
    loaded = load(home_of(parsed))
    if parsed.json:
        content = {key: {"value": value, "origin": origin} for key, value, origin in values(loaded)}
        json_line(content)
    else:
        shown = [row if parsed.origin else row[:2] for row in rows(loaded)]
        widths = [max(len(row[column]) for row in shown) for column in range(len(shown[0]))]
        for row in shown:
            cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
            sys.stdout.write(_native.visible("  ".join(cells).rstrip()) + "\n")
    _warn(loaded.warnings)
    return 0


def _check(parsed: argparse.Namespace) -> int:
    loaded, problems = survey(home_of(parsed))
    if parsed.json:
        content = {
            "valid": not problems,
            "problems": [
                {"file": each.file, "line": each.line, "key": each.key, "problem": each.problem}
                for each in problems
            ],
            "warnings": loaded.warnings,
        }
        json_line(content)
    else:
        for each in problems:
            sys.stdout.write(f"{_native.visible(str(each))}\n")
        _warn(loaded.warnings)
        if not problems:
            sys.stdout.write(f"The settings in {loaded.settings.home} are valid.\n")
    return FAILED if problems else 0


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        sys.stderr.write(f"warning: {_native.visible(warning)}\n")
