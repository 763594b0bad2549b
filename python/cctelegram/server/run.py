"""`cctelegram mcp`: one MCP server on standard input and output, for one session of an agent.

It starts without settings and with an unusable home too: a tool that needs what is missing reports it when
it is called. Start-cheap: the first answer is due in twice the start time of a bare interpreter.
"""

from __future__ import annotations

import os
import sys

from cctelegram import _native
from cctelegram.server.dispatch import Dispatch
from cctelegram.server.session import Session


def main(argv: list[str]) -> int:  # noqa: ARG001  a command's arguments; this one has none
    """Serve until the input ends; return the exit code. `CC_TELEGRAM_HOME` sets the home."""
    session = Session()
    left = _native.serve_stdio(Dispatch(session).answer)
    session.close()
    if left:
        # Finalizing the interpreter would stop threads inside tools midway, and one that waits for an
        # answer would block it: exit without joining them.
        sys.stderr.flush()
        os._exit(0)
    return 0
