"""The command line: only the module of the named command is imported."""

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
    "responses": "read or take the answers that are not taken yet",
    "outbox": "list deliveries, show one, retry or drop it",
    "search": "search sent events and their answers",
    "status": "show the bridge's health, mode and queue",
    "dashboard": "open the dashboard in the browser",
    "top": "show the running bridge in the terminal, live",
    "logs": "print the bridge's log, follow it, follow one event in it",
    "mode": "show or change which events are sent to the phone",
    "metrics": "show the bridge's metrics, make rules for Prometheus and a dashboard for Grafana",
    "audit": "show who decided what, and verify the audit log",
    "profile": "show where the running bridge uses CPU time or memory",
    "store": "check, back up and restore the store",
    "cleanup": "show what cleanup would remove, run it, show sizes and growth",
    "events": "list the event types",
    "config": "show, check and change the settings",
    "version": "print the version",
}
FAILED = 1
USAGE = 2
# The exit code that a shell shows for a program that SIGPIPE ended: the reader of the output is gone.
READER_GONE = 141
# And for one that was ended by Ctrl-C.
INTERRUPTED = 130


def main() -> int:
    """Run the command that `sys.argv` names; return its exit code."""
    _prepare_output()
    try:
        try:
            code = _main(_text(sys.argv[1:]))
        except SystemExit as ended:  # argparse, after help and wrong usage
            code = ended.code if isinstance(ended.code, int) else 0
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has enough, as in `cctelegram events | head`.
        code = READER_GONE
        _silence()
    except OSError as error:
        sys.stderr.write(f"cctelegram: the output cannot be written: {error.strerror or error}\n")
        code = FAILED
        _silence()
    except KeyboardInterrupt:
        code = INTERRUPTED
    return code


def _prepare_output() -> None:
    """Prevent errors from output that is closed, and from characters that its encoding lacks."""
    codecs.register_error("cctelegram", _escaped)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the parent process
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - to the end
        else:
            stream.reconfigure(errors="cctelegram")


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    """Escape a character as in JSON, so that JSON stays valid; keep a byte of a path that is not text."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":
        return bytes([ord(character) - 0xDC00]), error.start + 1
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.start + 1


def _silence() -> None:
    """Discard what is still buffered: the interpreter's last flush would print an error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _text(arguments: list[str]) -> list[str]:
    """Decode arguments as UTF-8 in any locale, invalid bytes as U+FFFD. A path is not changed."""
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
        # Every session start pays for this: without the argument parser.
        from cctelegram.server.run import main as serve  # noqa: PLC0415

        return serve([])
    if name == "send":
        # As cheap, for scripts and hooks that send in loops.
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
    """Return the list of commands."""
    lines = [f"  {name:<11}{summary}\n" for name, summary in COMMANDS.items()]
    return (
        "usage: cctelegram COMMAND [OPTION ...]\n\n"
        "A bridge between coding agents and a person's phone, over Telegram.\n\ncommands:\n"
        + "".join(lines)
        + "\n`cctelegram COMMAND --help` describes a command. "
        "Exit codes: 0 success, 1 failure, 2 usage error; `ask` has its own.\n"
    )
