"""Run one command: import its file, parse its arguments, return its exit code."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from cctelegram import _native
from cctelegram.cli import FAILED, INTERRUPTED, USAGE
from cctelegram.cli.failed import Failed
from cctelegram.config import environment
from cctelegram.config.errors import SettingsError

# The width when that of the terminal is unknown.
COLUMNS = 80

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn


class Help(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal, measured here: argparse would import shutil, and with it archive modules.

    That is half a megabyte of the bridge: argparse makes a formatter for each argument that is added.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    columns = environment.get("COLUMNS") or ""
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or COLUMNS  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):  # no output, a closed one, no terminal
        return COLUMNS


class Parser(argparse.ArgumentParser):
    """A parser whose usage errors exit with the command's own code: `ask` uses 2 for another result."""

    def __init__(self, usage_error: int = USAGE, **settings: Any) -> None:
        super().__init__(**settings)
        self._usage_error = usage_error

    def error(self, message: str) -> NoReturn:
        """Print the usage and the error, and exit."""
        self.print_usage(sys.stderr)
        self.exit(self._usage_error, f"{self.prog}: {message}\n")


def parser_of(name: str) -> argparse.ArgumentParser:
    """Make the parser of one command; the docstring of its file is its help."""
    module = import_module(f"cctelegram.cli.{name}")
    parser = Parser(
        getattr(module, "USAGE_ERROR", USAGE),
        prog=f"cctelegram {name}",
        description=module.__doc__,
        formatter_class=Help,
        allow_abbrev=False,
    )
    module.arguments(parser)
    parser.set_defaults(run=module.run)
    return parser


def run(name: str, arguments: Sequence[str]) -> int:
    """Run a command; print an expected error as a sentence."""
    parsed = parser_of(name).parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except Failed as error:
        _print_error(name, error)
        return error.code
    except SettingsError as error:
        _print_error(name, error)
        return FAILED
    except BrokenPipeError:
        raise  # for `main`: the reader of the output is gone, so there is nothing to print
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _print_error(name, f"{where}{error.strerror or error}")
        return FAILED
    except KeyboardInterrupt as interrupt:
        return int(getattr(interrupt, "code", INTERRUPTED))


def _print_error(name: str, problem: object) -> None:
    """Print why a command failed, escaped: names from outside must not move the cursor."""
    sys.stderr.write(f"cctelegram {name}: {_native.visible(str(problem))}\n")
