"""The command line: the command's name is looked at before anything is imported."""

from __future__ import annotations

import os
import sys

# Name, and the one line of the list. Each is a file of this room; its docstring is its help.
COMMANDS = {
    "bridge": "run the bridge between this home and Telegram",
    "mcp": "serve agents over the Model Context Protocol on standard input and output",
    "sandbox": "run a Bot API server for this machine, with a chat page",
    "send": "put an event in the spool",
    "ask": "ask the person a question and wait for the answer",
    "responses": "read or take the answers that wait",
    "outbox": "look into the outbox, send again or drop what is in it",
    "search": "search what was sent and answered",
    "status": "show what the bridge says of itself",
    "mode": "show or change what reaches the phone",
    "audit": "show who decided what, and check that the log of it is whole",
    "cleanup": "show what would be cleaned of a home, clean it, show how full it is",
    "events": "list the event types",
    "config": "show, check and change the settings",
    "version": "print the version",
}
FAILED = 1
USAGE = 2
# What a shell shows for a program that SIGPIPE ended: whoever read the output went away.
READER_GONE = 141


def main() -> int:
    """Run the command that `sys.argv` names; give its exit code."""
    try:
        code = _main()
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads on, as in `cctelegram events | head`. The interpreter's own last flush has to go
        # somewhere, or it would complain on standard error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    return code


def _main() -> int:
    arguments = sys.argv[1:]
    name = arguments[0] if arguments else "--help"
    if name == "mcp" and len(arguments) == 1:
        # Paid by the user at each start of a session: no argument parser on the way.
        from cctelegram.server.run import main as serve  # noqa: PLC0415

        return serve([])
    if name == "send":
        # As often started, and as cheap: scripts and hooks send in loops.
        from cctelegram.cli.send import quick  # noqa: PLC0415

        code = quick(arguments[1:])
        if code is not None:
            return code
    if name in {"-V", "--version"} or arguments == ["version"]:
        return run_version()
    if name in COMMANDS:
        from cctelegram.cli.command import run  # noqa: PLC0415

        return run(name, arguments[1:])
    if name in {"-h", "--help", "help"}:
        sys.stdout.write(usage())
        return 0
    sys.stderr.write(f"cctelegram: there is no command {name!r}\n\n{usage()}")
    return USAGE


def run_version() -> int:
    """Print the version."""
    from cctelegram import version  # noqa: PLC0415

    sys.stdout.write(f"cctelegram {version()}\n")
    return 0


def usage() -> str:
    """Give the list of commands."""
    lines = [f"  {name:<11}{summary}\n" for name, summary in COMMANDS.items()]
    return (
        "usage: cctelegram COMMAND [OPTION ...]\n\n"
        "A bridge between coding agents and a person's phone, over Telegram.\n\ncommands:\n"
        + "".join(lines)
        + "\n`cctelegram COMMAND --help` explains one. "
        "Exit codes: 0 done, 1 failed, 2 wrong usage; `ask` has its own.\n"
    )
