"""Tools that list the answers and take them."""

# ruff: noqa: ARG001  all tools share one signature

from __future__ import annotations

import time

from cctelegram.client import bridge
from cctelegram.config import paths
from cctelegram.spool import responses
from cctelegram.times.instant import compact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram._native import Call
    from cctelegram.server.session import Session

    Result = tuple[str, dict[str, Any]]

# Answers in one call: more would exceed the client's limit on a result, and each is returned only once.
AT_ONCE = 50
KINDS = ("decision", "message", "command")


def get_telegram_responses(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Return the newest answers without taking them."""
    directory = paths.responses_dir(session.home())
    names = responses.names(directory, newest_first=True)
    found = [answer for _, answer in _read(directory, names[: arguments["limit"]])]
    text = f"{len(found)} of {len(names)} answers, newest first." if names else "No answers are waiting."
    return text, {"count": len(found), "total": len(names), "responses": found}


def process_pending_responses(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Take the answers that call for action, oldest first; each is returned only once."""
    home = session.home()
    minutes = arguments["since_minutes"]
    directory, sessions = paths.responses_dir(home), paths.sessions_dir(home)
    # The name of an answer begins with its time.
    oldest = compact(time.time_ns() // 1000 - int(minutes * 60_000_000))
    recent = _read(directory, [name for name in responses.names(directory) if name >= oldest])
    free = [
        name
        for name, answer in recent
        if answer.get("event_id") not in session.waiting
        and not responses.is_awaited(answer, session.id, sessions)
    ]
    taken = [answer for _, answer in responses.take_named(directory, free[:AT_ONCE])]
    # Only decisions count: the action of a command is set by its producer, and may equal one of these.
    actions = [answer.get("action") for answer in taken if answer["kind"] == "decision"]
    summary = {
        "total_recent_responses": len(recent),
        "actionable_responses": len(taken),
        "pending_approvals": actions.count("approved"),
        "pending_denials": actions.count("denied"),
        "time_window_minutes": minutes,
    }
    recommendations = [_recommend(answer) for answer in taken]
    if len(free) > AT_ONCE:
        recommendations.append(
            f"{len(free) - AT_ONCE} more answers are waiting: call process_pending_responses again."
        )
    if len(recent) > len(free):
        recommendations.append(f"{len(recent) - len(free)} answers were not taken: an `ask` waits for them.")
    state = bridge.state_for_sender(home)
    text = f"{len(taken)} answers taken, of {len(recent)} in the last {minutes} minutes."
    if not state["running"]:
        text += f" {state['note']}"
    return text, {
        "summary": summary,
        "actionable_responses": taken,
        "recommendations": recommendations,
        "bridge": state,
    }


def _read(directory: str, names: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return name and content of those that still exist and are answers of the protocol."""
    return [
        (name, answer) for name, answer in responses.read(directory, names) if answer.get("kind") in KINDS
    ]


def _recommend(answer: dict[str, Any]) -> str:
    about = answer.get("task_id") or answer.get("event_id") or "an unknown event"
    who = responses.display_name(answer) or "someone"
    text = answer.get("text")
    comment = f", with the comment: {text}" if text else ""
    chosen = answer.get("option") or text
    sentences = {
        "approved": f"Continue with {about}: {who} approved it{comment}.",
        "denied": f"Do not continue with {about}: {who} denied it{comment}.",
        "answered": f"For {about}, {who} answered {chosen}.",
        "expired": f"{about} was not answered in time; do not take that as approval.",
        "cancelled": f"The question {about} was cancelled.",
    }
    other = f"{who} chose {chosen} on {about}." if answer["kind"] == "command" else f"{who} wrote: {text}"
    return sentences.get(str(answer.get("action")), other) if answer["kind"] == "decision" else other
