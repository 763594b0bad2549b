"""One command: its file, its arguments, its exit code."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from cctelegram.cli import FAILED
from cctelegram.cli.failed import Failed
from cctelegram.config.errors import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def parser_of(name: str) -> argparse.ArgumentParser:
    """Make the parser of one command; the docstring of its file is its help."""
    module = import_module(f"cctelegram.cli.{name}")
    parser = argparse.ArgumentParser(
        prog=f"cctelegram {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.arguments(parser)
    parser.set_defaults(run=module.run)
    return parser


def run(name: str, arguments: Sequence[str]) -> int:
    """Run a command; errors that have a sentence are printed as one."""
    parsed = parser_of(name).parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except Failed as error:
        sys.stderr.write(f"cctelegram {name}: {error}\n")
        return error.code
    except SettingsError as error:
        sys.stderr.write(f"cctelegram {name}: {error}\n")
        return FAILED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"cctelegram {name}: {where}{error.strerror or error}\n")
        return FAILED
    except KeyboardInterrupt:
        return 130
