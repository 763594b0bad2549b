"""Ask the person a question on the phone, wait for the answer, and print it.

    cctelegram ask "Deploy to production?" --option Yes --option No --timeout 10m

Exit codes: 0 the first option, 1 another option or a text answer, 2 no answer in time (the default option is
printed if it applies), 3 the question could not be asked, for example while Telegram is muted.
Ctrl-C (130) and SIGTERM (143) cancel the question; its message on the phone shows it.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from cctelegram import _native
from cctelegram.cli.failed import Failed
from cctelegram.cli.home import add_home, add_json, home_of
from cctelegram.cli.printed import json_line
from cctelegram.client import BridgeError, Unreachable, answers, bridge, routes
from cctelegram.config import environment, paths
from cctelegram.config.errors import SettingsError
from cctelegram.events import build, traceparent
from cctelegram.spool import responses
from cctelegram.spool.file_lock import FileLock
from cctelegram.spool.post import post
from cctelegram.times import duration

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

FIRST, OTHER, EXPIRED, NOT_ASKED = 0, 1, 2, 3
USAGE_ERROR = NOT_ASKED
# The longest wait, in seconds, for a bridge that is storing the question when it is cancelled.
WITHDRAWING: Final = 1.0
MUTED: Final = (
    "Telegram is muted: the question was not sent. Unmute it with `cctelegram mode nomad` and ask again, or "
    "ask in the terminal."
)
STAYS: Final = "The question stays open on the phone until it expires"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("question", help="the question; shown literally, without markup")
    parser.add_argument(
        "--option",
        action="append",
        metavar="LABEL",
        help="the label of a button; up to ten times (default: Approve, Deny)",
    )
    parser.add_argument(
        "--allow-text", action="store_true", help="accept a text answer, as a reply to the card"
    )
    parser.add_argument(
        "--timeout", default="30m", metavar="TIME", help="how long to wait: 90s, 10m, 2h (default: 30m)"
    )
    parser.add_argument(
        "--default", metavar="LABEL", help="the option that applies without an answer in time"
    )
    parser.add_argument("--title", default="A question", help="the title of the card (default: A question)")
    parser.add_argument(
        "--source", default="external", metavar="NAME", help="the producer's name (default: external)"
    )
    add_home(parser)
    add_json(parser)


def run(parsed: argparse.Namespace) -> int:
    """Ask and wait."""
    try:
        return _ask(parsed)
    except (OSError, SettingsError, build.InvalidEvent) as error:
        raise Failed(str(error), NOT_ASKED) from None


def _ask(parsed: argparse.Namespace) -> int:
    home = home_of(parsed)
    if not parsed.question.strip():
        raise Failed("the question is empty", NOT_ASKED)
    options = parsed.option or ["Approve", "Deny"]
    if parsed.default is not None and parsed.default not in options:
        raise Failed(f"--default must be one of the options: {', '.join(options)}", NOT_ASKED)
    seconds = _timeout(parsed.timeout)
    if bridge.status(home).get("mode") == "muted":
        if parsed.json:
            sys.stdout.write('{"kind":"decision","action":"muted","delivered":false}\n')
        raise Failed(MUTED, NOT_ASKED)
    event_id, session = build.new_id(), os.urandom(8).hex()
    sessions = paths.sessions_dir(home)
    os.makedirs(sessions, mode=0o700, exist_ok=True)  # noqa: PTH103 - the path is text in the cheap rooms
    lock = FileLock(f"{sessions}/{session}.json")
    lock.try_lock()
    try:
        data: dict[str, Any] = {"options": options, "timeout_seconds": seconds, "awaited_by": session}
        if parsed.allow_text:
            data["allow_text"] = True
        if parsed.default is not None:
            data["default_on_timeout"] = parsed.default
        event = build.build(
            "approval_request",
            parsed.title,
            description=parsed.question,
            source=parsed.source,
            event_id=event_id,
            traceparent=traceparent.valid(environment.get(traceparent.VARIABLE)),
            data=data,
        )
        with _ended_by_signals():
            path = post(paths.events_dir(home), event)
            try:
                if not bridge.is_up(home):
                    sys.stderr.write(f"{bridge.DOWN}\n")
                answer = answers.wait(home, event_id, seconds)
            except KeyboardInterrupt:
                sys.stderr.write(f"cctelegram ask: {_withdrawn(home, event_id, path)}\n")
                raise
    finally:
        lock.unlock()
        os.unlink(f"{sessions}/{session}.json")  # noqa: PTH108 - as above
    return _report(parsed, options, answer)


class Terminated(KeyboardInterrupt):
    """A signal other than that of Ctrl-C ended the command; `code` is its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Make SIGTERM and SIGHUP end the block as Ctrl-C does, unless they are ignored, as by nohup."""

    def end(number: int, _: object) -> None:
        raise Terminated(128 + number)

    numbers = [
        number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None
    ]
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        if before[number] != signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, before[number])


def _withdrawn(home: str, event_id: str, path: str) -> str:
    """Cancel the question, on the phone or in the spool; return the result as a sentence."""
    deadline, removed, code = time.monotonic() + WITHDRAWING, False, 0
    while bridge.is_up(home) and time.monotonic() < deadline:
        try:
            state = routes.cancel(home, event_id)
        except Unreachable as error:
            return f"{STAYS}. {error}"
        except BridgeError as error:
            code = error.code
        else:
            # Take the answer: it was for this command only.
            found = responses.wait(paths.responses_dir(home), event_id, WITHDRAWING)
            answer = found[1] if found else {}
            if state == "cancelled":
                return "The question is cancelled; its message on the phone shows it."
            text = answer.get("option") or answer.get("text") or "without an answer"
            return f"The question was {state} before it could be cancelled: {text}."
        # The store does not have it: its file was not taken yet, or is being taken now.
        removed = _removed(path) or removed
        time.sleep(0.05)  # another process: nothing to block on
    if removed or _removed(path):
        return "The question is withdrawn; it was not sent."
    if code:
        return f"{STAYS}: the bridge cannot cancel it (it answered {code})."
    return f"{STAYS}: no bridge is running to cancel it."


def _removed(path: str) -> bool:
    try:
        os.unlink(path)  # noqa: PTH108 - as above
    except OSError:
        return False
    return True


def _report(parsed: argparse.Namespace, options: list[str], answer: dict[str, Any] | None) -> int:
    if answer is None:
        answer = {"kind": "decision", "action": "expired"}
    text = answer.get("option") or answer.get("text") or ""
    if parsed.json:
        json_line(answer)
    elif text:
        # Unchanged for a program; escaped for a terminal, so that it cannot move the cursor.
        sys.stdout.write(f"{_native.visible(text) if sys.stdout.isatty() else text}\n")
    if answer.get("action") in ("expired", "cancelled"):
        if not parsed.json:
            sys.stderr.write(f"cctelegram ask: {answer['action']}: no answer in time\n")
        return EXPIRED
    return FIRST if answer.get("option") == options[0] else OTHER


def _timeout(text: str) -> float:
    """Read `90s`, `10m`, `2h` or plain seconds.

    Raises:
        Failed: it is something else, or not above zero.
    """
    try:
        seconds = duration.seconds(text)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise Failed(f"--timeout takes a duration such as 90s, 10m or 2h, not {text!r}", NOT_ASKED)
    return seconds
