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


def main(argv: list[str]) -> int:  # noqa: ARG001  a command's arguments; this one has none
    """Serve until the input ends; return the exit code. The home is that of `CC_TELEGRAM_HOME`."""
    session = Session()
    left = _native.serve_stdio(Dispatch(session).answer)
    session.close()
    if left:
        # Threads inside tools would be stopped while the interpreter ends around them, and one that
        # waits for an answer would hold it up: end without asking them.
        sys.stderr.flush()
        os._exit(0)
    return 0
