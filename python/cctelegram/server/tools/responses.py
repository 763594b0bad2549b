"""Tools that list the answers and take them."""

# ruff: noqa: ARG001  all tools share one signature

from __future__ import annotations

from cctelegram.server import answers, bridge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cctelegram._native import Call
    from cctelegram.server.session import Session

    Result = tuple[str, dict[str, Any]]

# Answers in one call: more would exceed the client's limit on a result, and each is returned only once.
AT_ONCE = 50


def get_telegram_responses(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Return the newest answers without taking them."""
    home = session.home()
    names = answers.names(home, newest_first=True)
    found = [answer for _, answer in answers.read(home, names[: arguments["limit"]])]
    text = f"{len(found)} of {len(names)} answers, newest first." if names else "No answers are waiting."
    return text, {"count": len(found), "total": len(names), "responses": found}


def process_pending_responses(arguments: dict[str, Any], call: Call, session: Session) -> Result:
    """Take the answers that call for action, oldest first; each is returned only once."""
    home = session.home()
    minutes = arguments["since_minutes"]
    oldest = answers.since(minutes)
    recent = answers.read(home, [each for each in answers.names(home, newest_first=False) if each >= oldest])
    free = [name for name, answer in recent if not answers.is_left_to_another(session, answer)]
    taken = answers.take(home, free[:AT_ONCE])
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
    state = bridge.told(home)
    text = f"{len(taken)} answers taken, of {len(recent)} in the last {minutes} minutes."
    if not state["running"]:
        text += f" {state['note']}"
    return text, {
        "summary": summary,
        "actionable_responses": taken,
        "recommendations": recommendations,
        "bridge": state,
    }


def _recommend(answer: dict[str, Any]) -> str:
    about = answer.get("task_id") or answer.get("event_id") or "an unknown event"
    who = answers.who(answer) or "someone"
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
