"""Answer files in `responses/`: reading and taking them, their age, and the session they are for.

Start-cheap.
"""

# ruff: noqa: PTH118, PTH123, PTH208  # pathlib is too slow to import at a start

from __future__ import annotations

import os
import time

from cctelegram import _native
from cctelegram.config import paths
from cctelegram.times.instant import compact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram.server.session import Session

KINDS = ("decision", "message", "command")


def names(home: str, *, newest_first: bool) -> list[str]:
    """Return the names of the answers not taken yet, in order of time."""
    found = _native.list_answers(paths.responses_dir(home), None, newest_first)
    return [each.name for each in found]


def read(home: str, wanted: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return name and content of those that still exist and are valid answers."""
    pairs = _native.read_answers(paths.responses_dir(home), wanted)
    return [(name, answer) for name, data in pairs if (answer := parse(data)) is not None]


def take(home: str, wanted: list[str]) -> list[dict[str, Any]]:
    """Take these answers by moving them to `taken/`; return those that no other reader took first."""
    pairs = _native.take_answers(paths.responses_dir(home), wanted)
    return [answer for _, data in pairs if (answer := parse(data)) is not None]


def taken(home: str, event_id: str) -> dict[str, Any] | None:
    """Return the decision on the event from `taken/`, or None if there is none (any more)."""
    directory = os.path.join(paths.responses_dir(home), "taken")
    try:
        names = sorted(os.listdir(directory), reverse=True)
    except FileNotFoundError:
        return None
    slug = _native.answer_name(event_id, 0, 0)[len("19700101T000000.000000Z-") : -len("-00000000.json")]
    for name in names:
        if f"-{slug}-" not in name:
            continue
        try:
            with open(os.path.join(directory, name), "rb") as opened:
                answer = parse(opened.read())
        except OSError:
            continue  # removed by cleanup meanwhile
        # A comment after a tap is a message about the same event, and newer.
        if answer is not None and answer.get("event_id") == event_id and answer["kind"] == "decision":
            return answer
    return None


def parse(data: bytes) -> dict[str, Any] | None:
    """Return the answer, or None if `data` is not one."""
    try:
        answer = _native.loads(data)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and answer.get("kind") in KINDS else None


def since(minutes: float) -> str:
    """Return the name prefix of an answer written that many minutes ago."""
    return compact(time.time_ns() // 1000 - int(minutes * 60_000_000))


def is_left_to_another(session: Session, answer: dict[str, Any]) -> bool:
    """Return whether a live session, or another call of this one, waits for the answer."""
    return answer.get("event_id") in session.waiting or session.is_live(answer.get("awaited_by"))


def who(answer: dict[str, Any]) -> str:
    """Return the display name of the person who answered; empty if there is none."""
    username = answer.get("username")
    name = answer.get("first_name") or (f"@{username}" if username else None) or answer.get("user_id")
    return str(name or "")
