"""`cctelegram mcp`: one MCP server on standard input and output, for one session of an agent.

It starts with no settings at all and with an unusable home too: a tool that needs what is missing says so
when it is called. Start-cheap: the first answer is due in twice the time of a bare interpreter.
"""

from __future__ import annotations

import os
import sys

from cctelegram import _native
from cctelegram.server.dispatch import Dispatch
from cctelegram.server.session import Session

USAGE = "usage: cctelegram mcp [--home DIRECTORY]"


def main(argv: list[str]) -> int:
    """Serve until the input ends; `argv` is what follows the command's name. Returns the exit code."""
    try:
        home = _home(argv)
    except ValueError as error:
        sys.stderr.write(f"cctelegram mcp: {error}\n{USAGE}\n")
        return 2
    session = Session(home)
    left = _native.serve_stdio(Dispatch(session).answer)
    session.close()
    if left:
        # Threads inside tools would be stopped while the interpreter ends around them, and one that
        # waits for an answer would hold it up: end without asking them.
        sys.stderr.flush()
        os._exit(0)
    return 0


def _home(arguments: list[str]) -> str | None:
    home = None
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name != "--home":
            raise ValueError(f"there is no argument {argument}")
        home = value if equals else next(rest, "")
        if not home:
            raise ValueError("--home needs a directory")
    return home
