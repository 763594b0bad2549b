"""The command line: the command's name is looked at before anything is imported."""

from __future__ import annotations

import codecs
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
    "store": "check the store, copy it, put a copy back",
    "cleanup": "show what would be cleaned of a home, clean it, show how full it is",
    "events": "list the event types",
    "config": "show, check and change the settings",
    "version": "print the version",
}
FAILED = 1
USAGE = 2
# What a shell shows for a program that SIGPIPE ended: whoever read the output went away.
READER_GONE = 141
# And for one that Ctrl-C ended.
INTERRUPTED = 130


def main() -> int:
    """Run the command that `sys.argv` names; give its exit code."""
    _make_output_bear_anything()
    try:
        try:
            code = _main(_text(sys.argv[1:]))
        except SystemExit as ended:  # argparse, after help and wrong usage
            code = ended.code if isinstance(ended.code, int) else 0
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads on, as in `cctelegram events | head`.
        code = READER_GONE
        _silence()
    except OSError as error:
        sys.stderr.write(f"cctelegram: the output cannot be written: {error.strerror or error}\n")
        code = FAILED
        _silence()
    except KeyboardInterrupt:
        code = INTERRUPTED
    return code


def _make_output_bear_anything() -> None:
    """Let no output fail for a character that its encoding lacks, nor because it is closed."""
    codecs.register_error("cctelegram", _escaped)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by who started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - to the end
        else:
            stream.reconfigure(errors="cctelegram")


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    """Write a character as JSON does, so that JSON stays JSON; a byte of a path that is no text as it was."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":
        return bytes([ord(character) - 0xDC00]), error.start + 1
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.start + 1


def _silence() -> None:
    """Send what is still buffered nowhere: the interpreter's last flush would complain on standard error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _text(arguments: list[str]) -> list[str]:
    """Read arguments as UTF-8, whatever the locale says; U+FFFD for what is not. A path stays as it is."""
    read = []
    for number, word in enumerate(arguments):
        is_path = word.startswith("--home=") or (number > 0 and arguments[number - 1] == "--home")
        if is_path or word.isascii():
            read.append(word)
        else:
            data = word.encode(errors="surrogateescape" if os.name == "posix" else "surrogatepass")
            read.append(data.decode(errors="replace"))
    return read


def _main(arguments: list[str]) -> int:
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
