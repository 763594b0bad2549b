"""Answers for agents and scripts: posted by the bridge, read and taken by any process. Cheap to import.

Every other reader leaves an answer that a live session waits for (`awaited_by`) to that session: the session
holds the lock of `state/sessions/<id>.json` for as long as it lives.
"""

from __future__ import annotations

import os
import time

from cctelegram import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

WITHDRAWN = ".withdrawn"
CHUNK = 64  # answers read at once in the search for those that may be taken


def name(event_id: str | None, at_us: int, token: int) -> str:
    """Return the name of an answer's file before it is written, so that a second write is detected.

    `at_us` in microseconds since the epoch, `token` 32 random bits.
    """
    return _native.answer_name(event_id, at_us, token)


def post(responses_dir: str, name: str, data: bytes) -> None:
    """Write an answer under its name, durable on return.

    Raises FileExistsError when the file exists already, or was taken: a bridge that was killed before it
    could note the file must not write the answer a second time.
    """
    if os.path.exists(os.path.join(responses_dir, "taken", name)):  # noqa: PTH110, PTH118  pathlib is not cheap
        raise FileExistsError(name)
    _native.deliver_answer(responses_dir, name, data)


def withdraw(responses_dir: str, name: str) -> bool:
    """Withdraw an answer that is not taken yet; return whether it was not.

    A rename, like every take: it succeeds for only one process. A withdrawn answer has a hidden name until
    `sweep`, so that a call that is repeated after a crash returns the same.
    """
    aside = os.path.join(responses_dir, f".{name}{WITHDRAWN}")  # noqa: PTH118  pathlib is not cheap
    try:
        os.replace(os.path.join(responses_dir, name), aside)  # noqa: PTH105, PTH118  as above
    except FileNotFoundError:
        return os.path.exists(aside)  # noqa: PTH110  as above
    return True


def sweep(responses_dir: str) -> None:
    """Remove withdrawn answers, after their replacements were written and noted."""
    try:
        names = os.listdir(responses_dir)  # noqa: PTH208  as above
    except FileNotFoundError:
        return
    for name in names:
        if name.startswith(".") and name.endswith(WITHDRAWN):
            os.unlink(os.path.join(responses_dir, name))  # noqa: PTH108, PTH118  as above


def names(responses_dir: str, *, newest_first: bool = False) -> list[str]:
    """Return the names of the answers that are not taken, in order of time."""
    return [answer.name for answer in _native.list_answers(responses_dir, None, newest_first)]


def read(responses_dir: str, names: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return those of the answers that are not taken, as (name, answer), without taking them."""
    return _parsed(_native.read_answers(responses_dir, names))


def newest(responses_dir: str, limit: int) -> list[tuple[str, dict[str, Any]]]:
    """Return the newest answers that are not taken, newest first, as (name, answer), without taking them."""
    return read(responses_dir, [answer.name for answer in _native.list_answers(responses_dir, limit)])


def take_named(responses_dir: str, names: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Take the answers of these names; return those that no other process took first, as (name, answer)."""
    return _parsed(_native.take_answers(responses_dir, names))


def take(
    responses_dir: str,
    *,
    limit: int | None = None,
    session: str | None = None,
    sessions_dir: str | None = None,
) -> list[tuple[str, dict[str, Any]]]:
    """Take answers, oldest first; return them as (name, answer). No other process gets the same answers.

    Args:
        responses_dir: The directory of the answer files.
        limit: Maximum number of answers.
        session: The session that asks; it may take the answers that it awaits.
        sessions_dir: `state/sessions`; without it no answer is left to a session.
    """
    taken: list[tuple[str, dict[str, Any]]] = []
    waiting = names(responses_dir)
    for start in range(0, len(waiting), CHUNK):
        wanted = len(waiting) if limit is None else limit - len(taken)
        if wanted <= 0:
            break
        found = read(responses_dir, waiting[start : start + CHUNK])
        free = [name for name, answer in found if not is_awaited(answer, session, sessions_dir)]
        taken += take_named(responses_dir, free[:wanted])
    return taken


def wait(
    responses_dir: str, event_id: str, timeout: float, *, waiter: _native.AnswerWaiter | None = None
) -> tuple[str, dict[str, Any]] | None:
    """Wait for the answer to an event and take it; return None when none came within `timeout` seconds.

    Return also the decision on the event that another process took first. Blocks the thread with the
    interpreter lock released; `waiter.close()` from another thread ends it.
    """
    waiter = waiter or _native.AnswerWaiter(responses_dir)
    deadline = time.monotonic() + timeout
    while found := waiter.wait(event_id, max(0.0, deadline - time.monotonic())):
        own = take_named(responses_dir, [found[0]])
        answer = own[0][1] if own else taken_decision(responses_dir, event_id)
        if answer is not None:
            return found[0], answer
    return None


def taken_decision(responses_dir: str, event_id: str) -> dict[str, Any] | None:
    """Return the decision on the event from `taken/`, or None if there is none (any more)."""
    directory = os.path.join(responses_dir, "taken")  # noqa: PTH118  pathlib is not cheap
    try:
        names = sorted(os.listdir(directory), reverse=True)  # noqa: PTH208  as above
    except FileNotFoundError:
        return None
    slug = _native.answer_name(event_id, 0, 0)[len("19700101T000000.000000Z-") : -len("-00000000.json")]
    for name in names:
        if f"-{slug}-" not in name:
            continue
        try:
            with open(os.path.join(directory, name), "rb") as opened:  # noqa: PTH118, PTH123  as above
                [(_, answer)] = _parsed([(name, opened.read())])
        except OSError:
            continue  # removed by cleanup meanwhile
        # A comment after a tap is a message about the same event, and newer.
        if answer.get("event_id") == event_id and answer.get("kind") == "decision":
            return answer
    return None


def is_awaited(answer: Mapping[str, Any], session: str | None, sessions_dir: str | None) -> bool:
    """Return whether a live session other than `session` waits for the answer."""
    awaiting = answer.get("awaited_by")
    if not isinstance(awaiting, str) or awaiting == session or sessions_dir is None:
        return False
    if os.path.basename(awaiting) != awaiting or not awaiting:  # noqa: PTH119  pathlib is not cheap
        return False  # not the name of a session's file
    return _native.is_locked(os.path.join(sessions_dir, f"{awaiting}.json"))  # noqa: PTH118  as above


def display_name(answer: Mapping[str, Any]) -> str:
    """Return the name of the person who answered; empty if there is none."""
    username = answer.get("username")
    name = answer.get("first_name") or (f"@{username}" if username else None) or answer.get("user_id")
    return str(name or "")


def _parsed(answers: list[tuple[str, bytes]]) -> list[tuple[str, dict[str, Any]]]:
    """Parse answers; show one that is not a JSON object, which the bridge never writes, as its text."""
    parsed = []
    for name, data in answers:
        try:
            value = _native.loads(data)
        except ValueError:
            value = None
        parsed.append((name, value if isinstance(value, dict) else {"text": data.decode(errors="replace")}))
    return parsed
