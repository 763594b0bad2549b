"""Put an event in the spool. It is durable when the command returns; the bridge sends it when it runs.

    cctelegram send build_failed "Build #42 failed" --set exit_code=1 --set severity=high
    echo '{"type":"build_failed","title":"Build #42 failed"}' | cctelegram send -

The value of a data field is parsed as JSON if it is valid JSON, else taken as text. Exit codes: 0 accepted,
with --wait delivered; 1 failed, with --wait not delivered yet (the event stays queued); 2 usage error.
"""

from __future__ import annotations

import sys

from cctelegram import _native
from cctelegram.cli import FAILED, USAGE
from cctelegram.cli.failed import Failed
from cctelegram.cli.printed import json_line
from cctelegram.config import environment, paths
from cctelegram.config.errors import SettingsError
from cctelegram.events import build, traceparent
from cctelegram.events.jsontext import dumps, loads
from cctelegram.spool.post import post
from cctelegram.times import duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

# Flag, name, metavar and help. Both parsers of the command line are made from this table.
FLAGS = (
    ("--description", "description", "TEXT", "Markdown, up to 16,000 characters"),
    ("--source", "source", "NAME", "the producer's name (default: external)"),
    ("--task-id", "task_id", "ID", "the task that the event belongs to"),
    ("--event-id", "event_id", "ID", "the event's id (default: generated)"),
    ("--wait", "wait", "SECONDS", "wait at most SECONDS until the event is delivered"),
    ("--home", "home", "DIR", "the bridge's home (default: $CC_TELEGRAM_HOME or ~/.cc_telegram)"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "type", help="a type that `cctelegram events` lists, or - to read the event from standard input"
    )
    parser.add_argument("title", nargs="?", help="what happened, in up to 200 characters")
    for flag, _, metavar, text in FLAGS:
        parser.add_argument(flag, metavar=metavar, help=text)
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a data field; can be repeated"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def run(parsed: argparse.Namespace) -> int:
    """Send it."""
    options = {name: getattr(parsed, name) for _, name, _, _ in FLAGS}
    titles = [] if parsed.title is None else [parsed.title]
    return _send([parsed.type, *titles], {**options, "set": parsed.set, "json": parsed.json})


def quick(words: Sequence[str]) -> int | None:
    """Send without an argument parser, which costs as much as the rest of the command.

    Returns None for anything but a plain command line: the parser handles help and errors.
    """
    names = {flag: name for flag, name, _, _ in FLAGS}
    options: dict[str, Any] = {"set": [], "json": False}
    plain: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--json":
            options["json"] = True
        elif word == "--set" or word in names:
            value = next(rest, None)
            if value is None or value.startswith("-"):
                return None
            if word == "--set":
                options["set"].append(value)
            else:
                options[names[word]] = value
        elif word.startswith("-") and word != "-":
            return None
        else:
            plain.append(word)
    if not 1 <= len(plain) <= 2:
        return None
    try:
        return _send(plain, options)
    except Failed as error:
        sys.stderr.write(f"cctelegram send: {_native.visible(str(error))}\n")
        return error.code
    except SettingsError as error:
        sys.stderr.write(f"cctelegram send: {_native.visible(str(error))}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"cctelegram send: {error.filename or 'the spool'}: {error.strerror}\n")
        return 1


def _send(plain: list[str], options: dict[str, Any]) -> int:
    try:
        event = _from_input(options) if plain[0] == "-" else _from_flags(plain, options)
    except build.InvalidEvent as error:
        raise Failed(str(error)) from None
    seconds = _seconds(options.get("wait"))
    path = post(paths.events_dir(options.get("home")), event)
    result: dict[str, Any] = {"event_id": loads(event).get("event_id"), "path": path, "accepted": True}
    if seconds is not None:
        from cctelegram.cli.delivered import wait  # noqa: PLC0415 - only for --wait

        result.update(wait(paths.home(options.get("home")), path, result["event_id"], seconds))
    if options["json"]:
        json_line(result, dumps)
    else:
        sys.stdout.write(f"{path}\n" if seconds is None else f"{result['event_id']}: {result['state']}\n")
    return 0 if seconds is None or result["state"] == "sent" else FAILED


def _from_flags(plain: list[str], options: dict[str, Any]) -> bytes:
    if len(plain) < 2:
        raise Failed("a title is needed: cctelegram send TYPE TITLE", USAGE)
    return build.build(
        plain[0],
        plain[1],
        description=options.get("description") or "",
        source=options.get("source") or "external",
        task_id=options.get("task_id"),
        event_id=options.get("event_id"),
        traceparent=traceparent.valid(environment.get(traceparent.VARIABLE)),
        data=dict(_pair(pair) for pair in options["set"]),
    )


def _from_input(options: dict[str, Any]) -> bytes:
    from cctelegram.cli.given import everything as read_input  # noqa: PLC0415 - only for -

    if options["set"] or any(options.get(name) for _, name, _, _ in FLAGS if name not in ("home", "wait")):
        raise Failed("with - the event is read from standard input: put the fields there", USAGE)
    event = build.checked(read_input().encode())
    given = traceparent.valid(environment.get(traceparent.VARIABLE))
    if given is None or traceparent.KEY in (parsed := loads(event)):
        return event
    return dumps({**parsed, traceparent.KEY: given})


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = duration.seconds(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86_400:
        raise Failed(f"--wait takes a number of seconds, such as 10, not {text!r}", USAGE)
    return seconds


def _pair(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise Failed(f"--set takes KEY=VALUE, not {text!r}", USAGE)
    try:
        return key, loads(value)
    except ValueError:
        return key, value
